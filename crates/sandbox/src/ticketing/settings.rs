//! What an organiser's own people would write down of a region: its settings, the places there are, and
//! the codes that were handed out, in the formats of the systems that were there before.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Ticketing;
use super::kind::{Category, Day, Kind};
use super::seller::Seller;

impl Ticketing {
    /// Environment variables of all regions: `EVENT_CONFIGS__{region}__{param}` and their values. Files of
    /// variables know no hyphens, so names have none.
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for region in self.regions() {
            let Some(seller) = self.seller(region) else { continue };
            let own = [
                ("token", seller.token.clone()),
                ("event_id", seller.main_event().id.clone()),
                ("schema_name", region.replace('-', "_")),
                ("base_url", self.base_url()),
                ("scans_url", format!("{}/scans", self.base_url())),
                ("webhook_secret", seller.webhook_secret.clone()),
                ("locality", seller.region.country.to_owned()),
                ("max_capacity", "9000".to_owned()),
                ("start_wave", "08:00".to_owned()),
                ("price_tier", "L2".to_owned()),
                ("price_trigger", "8000".to_owned()),
            ];
            let variable = |name| format!("EVENT_CONFIGS__{}__{name}", region.replace('-', "_"));
            settings.extend(own.map(|(name, value)| (variable(name), value)));
        }
        settings
    }

    /// `ticket_capacities` of a region: places by group, for all days and by day.
    pub fn capacities(&self, region: &str) -> Option<Value> {
        let seller = self.seller(region)?;
        Some(json!({"ticket_capacities": capacities(&seller)}))
    }

    /// The table of codes that were handed out: Code, Category.
    pub fn distributed_codes(&self, region: &str) -> Option<String> {
        let seller = self.seller(region)?;
        let line = |tracked: &super::rows::Tracked| format!("{},{}\n", tracked.code, tracked.category);
        Some(std::iter::once("Code,Category\n".to_owned()).chain(seller.tracked.iter().map(line)).collect())
    }
}

fn capacities(seller: &Seller) -> Value {
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    let mut by_day: BTreeMap<&str, BTreeMap<String, i64>> = BTreeMap::new();
    for of in seller.main_event().types.iter().filter(|of| of.kind.category != Category::Extra) {
        let (Some(day), Some(name)) = (of.kind.day.label(), name(of.kind, &of.name)) else { continue };
        *by_day.entry(day).or_default().entry(name.clone()).or_default() += of.capacity;
        if of.kind.category.races() {
            *all.entry(name).or_default() += of.capacity;
        }
    }
    json!({"all": all, "by_day": by_day})
}

/// Adaptive athletes share the places of the others; passes have their own.
fn name(kind: Kind, said: &str) -> Option<String> {
    if kind.charity || kind.member {
        return None;
    }
    match (kind.group(), kind.day) {
        ("HYROX MEN" | "HYROX ADAPTIVE MEN", _) => Some("HYROX MEN with Adaptive".to_owned()),
        ("HYROX WOMEN" | "HYROX ADAPTIVE WOMEN", _) => Some("HYROX WOMEN with Adaptive".to_owned()),
        ("SPECTATOR", Day::Several) => Some(said.to_owned()),
        (group, _) => Some(group.to_owned()),
    }
}
