//! `analytics_processing`: the totals of each region, beside what was known a while ago.

use futures::future::BoxFuture;
use model::Kind;
use schemars::schema_for;
use serde_json::json;

use super::{Params, each, ground};
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};
use crate::ticketing::load::Looks;
use crate::ticketing::summaries::{add_ons, by_status, totals};
use crate::ticketing::{shops, telling};

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "analytics_processing",
    summary: "Counts what is sold in the configured regions: totals, secret shops, add-ons, statuses. Reports say more.",
    example: "- name: numbers\n  function: analytics_processing\n  with: {regions: hong-kong}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// What of a board is looked at.
const LOOKS: Looks = Looks {
    kinds: &[Kind::Offer, Kind::Ticket, Kind::Shop, Kind::ShopOffer, Kind::CouponSeries, Kind::Coupon],
    tickets: &["offer", "shop", "add_ons"],
};

pub(crate) struct Analytics;

impl Function for Analytics {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let regions = params.regions.regions(call)?;
            each(regions, move |config| async move {
                let ground = ground(call, &config.region)?;
                let board = telling::board(&call.world.store, &config.region, &ground, LOOKS).await?;
                let through_shops: u64 =
                    shops::usage(&board, &ground.rules).iter().map(|count| count.tickets).sum();
                let add_ons: u64 = add_ons(&board).iter().map(|(_, count)| count).sum();
                Ok(json!({
                    "event": board.event.name,
                    "totals": totals(board.sold()),
                    "through_shops": through_shops,
                    "add_ons": add_ons,
                    "statuses": by_status(&board),
                    "coupons": board.coupons.len(),
                    "coupons_used": board.coupons.iter().filter(|coupon| coupon.used > 0).count(),
                }))
            })
            .await
        })
    }
}
