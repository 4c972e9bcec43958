//! A partner's table of codes, given back with one more column: which of them were redeemed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use engine::ticketing::partners::{UsedCodes, redeemed};
use engine::ticketing::reports::ReportSpec;
use engine::ticketing::{Region, telling};
use store::Store;

use super::{Report, ground_of};
use crate::config::Config;
use crate::output::{print, say, usage};
use crate::regions;
use crate::world::open_existing;

/// Tells a partner's table; the codes are those of the regions' coupons, or of a table of their seller.
pub async fn tell(
    report: &Report,
    table: &Path,
    spec: &ReportSpec,
    (config, regions): (&Config, &[Region]),
) -> Result<ExitCode> {
    if spec.name != "coupons" {
        return Err(usage("--partner is told by the report `coupons`"));
    }
    let used = match &report.series {
        Some(series) => UsedCodes::parse(&name(series), &text(series)?).map_err(usage)?,
        None => of_regions(spec, config, regions).await?,
    };
    let told = redeemed(&name(table), &text(table)?, &used).map_err(usage)?;
    match &report.to {
        Some(path) => std::fs::write(path, &told.table).with_context(|| format!("cannot write {path}"))?,
        None => print(&told.table)?,
    }
    say(&format!("{}: {} of {} codes were redeemed", name(table), told.used, told.codes));
    Ok(ExitCode::SUCCESS)
}

async fn of_regions(spec: &ReportSpec, config: &Config, named: &[Region]) -> Result<UsedCodes> {
    let store: Store = open_existing(config).await?;
    let folder = regions::files(config);
    let mut used = UsedCodes::default();
    for region in named {
        let ground = ground_of(&folder, region)?;
        used.add(&telling::board(&store, region, &ground, spec.looks).await?.coupons);
    }
    store.close().await;
    Ok(used)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| usage(format!("cannot read {}: {error}", path.display())))
}
