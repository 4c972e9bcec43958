//! Ticketing by region: one seller's token and one event each. A region's records are kept under the
//! source `vivenu/REGION`, so that one store, one run and one change log hold all regions and every row
//! knows whose it is.

mod gather;
mod region;
mod update;
mod webhook;

pub use gather::regions;
pub(crate) use gather::{COUPONS, TICKETS, coupons, tickets};
pub use region::{
    CONNECTOR, PriceTier, Region, RegionConfig, RegionDefaults, RegionFaults, RegionSecrets, Written, read,
    scope_of_list,
};
pub use update::{Changed, FieldChange, change_field};
pub use webhook::{HookError, Hooked, take_webhook};
