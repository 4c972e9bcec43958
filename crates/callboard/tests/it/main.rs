//! The one integration binary: the real program, on real stores, as a user calls it.

mod arrows;
mod backfills;
mod backups;
mod caching;
mod calendars;
mod call;
mod cards;
mod exports;
mod history;
mod landing;
mod ledger;
mod numbers;
mod outages;
mod pages;
mod personal;
mod pipelines;
mod questions;
mod reference;
mod regions;
mod reporting;
mod runners;
mod running;
mod serving;
mod sharing;
mod surviving;
mod upstreams;
