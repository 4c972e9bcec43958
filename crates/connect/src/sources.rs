//! The connectors that ship: one folder each, one line each.
//!
//! A user's own manifests stand beside them: [`Sources`] holds both, the user's first.

#[cfg(test)]
pub(crate) mod expected;
#[cfg(test)]
mod recorded;
mod tag;
pub mod vivenu;

use std::path::PathBuf;
use std::sync::Arc;

use model::{Document, Finding, Severity, nearest};

use crate::Connector;
use crate::manifest::{self, Code, Glance, Manifest};

/// A connector that ships with the program.
#[derive(Clone, Copy)]
pub struct Shipped {
    /// The name of its source.
    pub name: &'static str,
    /// Its manifest.
    pub yaml: &'static str,
    /// What it asks and how it reads, where that is code.
    pub code: Option<&'static dyn Code>,
}

macro_rules! shipped {
    ($($name:literal: $path:literal $(, with $code:expr)?;)+) => {
        &[$(Shipped { name: $name, yaml: include_str!($path), code: shipped!(@ $($code)?) },)+]
    };
    (@) => { None };
    (@ $code:expr) => { Some(&$code) };
}

/// The connectors that ship, in the order they are listed. One line each.
const SHIPPED: &[Shipped] = shipped! {
    "eventbrite": "sources/eventbrite/connector.yaml";
    "tribe": "sources/tribe/connector.yaml";
    "ticketmaster": "sources/ticketmaster/connector.yaml";
    "yelp": "sources/yelp/connector.yaml";
    "seatgeek": "sources/seatgeek/connector.yaml";
    "bandsintown": "sources/bandsintown/connector.yaml";
    "meetup": "sources/meetup/connector.yaml";
    "meetup-ical": "sources/meetup-ical/connector.yaml";
    "tickettailor": "sources/tickettailor/connector.yaml";
    "squarespace": "sources/squarespace/connector.yaml";
    "luma": "sources/luma/connector.yaml";
    "resident-advisor": "sources/resident-advisor/connector.yaml";
    "site": "sources/site/connector.yaml";
    "tag": "sources/tag/connector.yaml", with tag::Tag;
    "demo-api": "sources/demo-api/connector.yaml";
    "vivenu": "sources/vivenu/connector.yaml", with vivenu::Vivenu;
    "det-land-bank": "sources/meetings/det-land-bank.yaml";
    "il-board-of-examiners": "sources/meetings/il-board-of-examiners.yaml";
    "ccta": "sources/meetings/ccta.yaml";
    "atl-cobb-county": "sources/meetings/atl-cobb-county.yaml";
    "cc-county-bos": "sources/meetings/cc-county-bos.yaml";
    "chi-board-of-ethics": "sources/meetings/chi-board-of-ethics.yaml";
    "chi-development-fund": "sources/meetings/chi-development-fund.yaml";
    "chi-labor-retirement-fund": "sources/meetings/chi-labor-retirement-fund.yaml";
    "chi-metro-pier-exposition": "sources/meetings/chi-metro-pier-exposition.yaml";
    "chi-ssa-26": "sources/meetings/chi-ssa-26.yaml";
    "chi-ssa-73": "sources/meetings/chi-ssa-73.yaml";
    "chi-teacherpension": "sources/meetings/chi-teacherpension.yaml";
    "chula-vista": "sources/meetings/chula-vista.yaml";
    "cook-hospitals": "sources/meetings/cook-hospitals.yaml";
    "cuya-planning": "sources/meetings/cuya-planning.yaml";
    "cuya-regional-sewer": "sources/meetings/cuya-regional-sewer.yaml";
    "cuyahoga-county": "sources/meetings/cuyahoga-county.yaml";
    "det-regional-transit": "sources/meetings/det-regional-transit.yaml";
    "detroit-city": "sources/meetings/detroit-city.yaml";
    "fre-kings-supervisors": "sources/meetings/fre-kings-supervisors.yaml";
    "fre-lindsay-council": "sources/meetings/fre-lindsay-council.yaml";
    "il-liquor-control": "sources/meetings/il-liquor-control.yaml";
    "oma-mud": "sources/meetings/oma-mud.yaml";
    "phila-departments": "sources/meetings/phila-departments.yaml";
    "san-diego-planning-groups": "sources/meetings/san-diego-planning-groups.yaml";
    "south-coast-air-quality": "sources/meetings/south-coast-air-quality.yaml";
    "summ-reworks": "sources/meetings/summ-reworks.yaml";
    "tulsa-schools": "sources/meetings/tulsa-schools.yaml";
    "wichita-calendar": "sources/meetings/wichita-calendar.yaml";
    "wicks-sccab": "sources/meetings/wicks-sccab.yaml";
    "chi-plan-commission": "sources/meetings/chi-plan-commission.yaml";
    "summ-board-health": "sources/meetings/summ-board-health.yaml";
};

/// The connectors that ship.
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}

/// Every connector at hand: a user's own, then the shipped ones whose names they do not take.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    connectors: Vec<Arc<Manifest>>,
}

impl Sources {
    /// The shipped connectors and those of the files given (name and text of each). Files that cannot
    /// be loaded are left out; the findings say why.
    pub fn load(files: &[(PathBuf, String)]) -> (Sources, Vec<Finding>) {
        Sources::load_where(files, |_| true)
    }

    /// The same with only those of the shipped connectors that `wanted` names: a run that knows what it
    /// needs does not compile the others.
    pub fn load_only(files: &[(PathBuf, String)], wanted: &[&str]) -> (Sources, Vec<Finding>) {
        Sources::load_where(files, |name| wanted.contains(&name))
    }

    fn load_where(files: &[(PathBuf, String)], wanted: impl Fn(&str) -> bool) -> (Sources, Vec<Finding>) {
        let mut sources = Sources::default();
        let mut findings = Vec::new();
        let own = files.iter().map(|(path, yaml)| (path.display().to_string(), yaml.as_str(), None));
        let ours = SHIPPED
            .iter()
            .filter(|shipped| wanted(shipped.name))
            .map(|shipped| (format!("{}.yaml", shipped.name), shipped.yaml, shipped.code));
        for (file, yaml, code) in own.chain(ours) {
            match manifest::load_with(&file, yaml, code) {
                Ok(manifest) => sources.add(manifest),
                Err(faults) => findings.extend(faults.into_iter().filter(|f| f.severity == Severity::Error)),
            }
        }
        (sources, findings)
    }

    fn add(&mut self, manifest: Manifest) {
        if !self.connectors.iter().any(|known| known.name() == manifest.name()) {
            self.connectors.push(Arc::new(manifest));
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<Manifest>] {
        &self.connectors
    }

    /// The connector called `name`, or what to say instead: the nearest name, or where to look.
    pub fn find(&self, name: &str) -> Result<Arc<Manifest>, String> {
        if let Some(found) = self.connectors.iter().find(|connector| connector.name() == name) {
            return Ok(Arc::clone(found));
        }
        let hint = match nearest(name, self.connectors.iter().map(|connector| connector.name())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`callboard connector list` shows all".to_owned(),
        };
        Err(format!("there is no connector `{name}`; {hint}"))
    }

    /// The connector a bare document belongs to, and the request whose answer it is.
    pub fn recognise(&self, document: &Document) -> Option<(Arc<Manifest>, String)> {
        let glance = Glance::at(document);
        self.connectors.iter().find_map(|connector| {
            let request = connector.recognise(&glance)?.to_owned();
            Some((Arc::clone(connector), request))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Outcome, run_tests};

    #[test]
    fn every_shipped_connector_is_without_fault_and_bears_its_name() {
        for shipped in shipped() {
            if shipped.code.is_none() {
                assert_eq!(manifest::lint(shipped.name, shipped.yaml), [], "{}", shipped.name);
            }
            let manifest = manifest::load_with(shipped.name, shipped.yaml, shipped.code).unwrap();
            assert_eq!(manifest.name(), shipped.name);
        }
    }

    #[test]
    fn every_shipped_connector_passes_its_own_tests() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/sources");
        let mut failures = Vec::new();
        for shipped in shipped() {
            // What we wrote ourselves stands beside the manifest.
            let own = |path: &str| std::fs::read(folder.join(shipped.name).join(path)).ok();
            let open = |path: &str| own(path).or_else(|| testkit::recorded_bytes(path));
            let manifest = manifest::load_with(shipped.name, shipped.yaml, shipped.code).unwrap();
            assert!(!manifest.spec().tests.is_empty(), "{} has no tests", shipped.name);
            for trial in run_tests(&manifest, &open) {
                if let Outcome::Failed(differences) = trial.outcome {
                    failures.push(format!(
                        "{} {}:\n  {}",
                        shipped.name,
                        trial.document,
                        differences.join("\n  ")
                    ));
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    #[test]
    fn a_users_connector_comes_before_a_shipped_one() {
        let yaml = "name: tribe\nrequests: {a: {url: 'https://x.org', read: [{fields: {title: t}}]}}\n";
        let broken = "name: broken\nrequests: {a: {url: 'https://x.org', read: [{fields: {titel: t}}]}}\n";
        let files =
            [(PathBuf::from("mine.yaml"), yaml.to_owned()), (PathBuf::from("b.yaml"), broken.to_owned())];
        let (sources, findings) = Sources::load(&files);
        assert_eq!(sources.find("tribe").unwrap().file(), "mine.yaml");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(sources.find("eventbrit").unwrap_err().contains("did you mean `eventbrite`?"));
    }
}
