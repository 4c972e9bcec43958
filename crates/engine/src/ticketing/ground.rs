//! What a region's numbers are told against, from files beside the program: rooms, codes handed out,
//! countries, rules for names. A file that is not there is no fault; one that is wrong is told.

use std::path::{Path, PathBuf};

use super::coupons::Tracked;
use super::region::Region;
use super::rules::Rules;
use super::statics::{Capacities, Countries};

/// The folder of these files where nothing else is said, as the systems before called it.
pub const FOLDER: &str = "data_static";

/// Everything beside the tickets.
#[derive(Debug, Clone)]
pub struct Ground {
    /// How names are read.
    pub rules: Rules,
    /// How many people there is room for.
    pub capacities: Capacities,
    /// Codes that were handed out.
    pub tracked: Tracked,
    /// Countries and regions of the world.
    pub countries: Countries,
    /// A sign for the region.
    pub icon: String,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

impl Default for Ground {
    fn default() -> Ground {
        Ground {
            rules: Rules::shipped().clone(),
            capacities: Capacities::default(),
            tracked: Tracked::default(),
            countries: Countries::shipped(),
            icon: String::new(),
            files: Vec::new(),
        }
    }
}

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The ground of a region, or everything that is wrong with its files.
pub fn read(folder: &Path, region: &Region) -> Result<Ground, Vec<String>> {
    let mut reading = Reading { folder, files: Vec::new(), faults: Vec::new() };
    let schema = &region.schema;
    let mut ground = Ground::default();
    if let Some((name, text)) =
        reading.text(&[format!("rules/{}.yaml", region.name), format!("rules/{schema}.yaml")])
    {
        match Rules::with(&name, &text) {
            Ok(rules) => ground.rules = rules,
            Err(findings) => reading.faults.extend(findings.iter().map(ToString::to_string)),
        }
    }
    if let Some((name, text)) = reading.text(&[format!("schemas/{schema}.json")]) {
        reading.take(Capacities::parse(&name, &text), &mut ground.capacities);
    }
    if let Some((name, text)) = reading.text(&[format!("coupons/{schema}-distributed.csv")]) {
        reading.take(Tracked::parse(&name, &text), &mut ground.tracked);
    }
    let countries = reading.text(&["countries.csv".to_owned()]);
    let regions = reading.text(&["country_regions.json".to_owned()]);
    if let (Some((_, countries)), Some((_, regions))) = (&countries, &regions) {
        reading.take(Countries::parse(countries, regions), &mut ground.countries);
    }
    if let Some((_, text)) = reading.text(&["icons.json".to_owned()]) {
        ground.icon = icon(&text, &region.name);
    }
    match reading.faults.is_empty() {
        true => Ok(Ground { files: reading.files, ..ground }),
        false => Err(reading.faults),
    }
}

fn icon(text: &str, region: &str) -> String {
    let icons: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let found = icons.get(region).or_else(|| icons.get("default")).and_then(serde_json::Value::as_str);
    found.unwrap_or_default().to_owned()
}

struct Reading<'a> {
    folder: &'a Path,
    files: Vec<PathBuf>,
    faults: Vec<String>,
}

impl Reading<'_> {
    /// Name and text of the first of these files that is there.
    fn text(&mut self, names: &[String]) -> Option<(String, String)> {
        let path = names.iter().map(|name| self.folder.join(name)).find(|path| path.is_file())?;
        let name = path.display().to_string();
        let size = std::fs::metadata(&path).map_or(0, |about| about.len());
        if size > FILE_BYTES_MAX {
            self.faults.push(format!("{name}: it has {size} bytes; {FILE_BYTES_MAX} are the most"));
            return None;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                self.files.push(path);
                Some((name, text))
            }
            Err(error) => {
                self.faults.push(format!("cannot read {name}: {error}"));
                None
            }
        }
    }

    fn take<T>(&mut self, read: Result<T, String>, into: &mut T) {
        match read {
            Ok(read) => *into = read,
            Err(fault) => self.faults.push(fault),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::reports::tests::region;

    #[test]
    fn files_of_the_systems_before_are_read_and_faults_are_told_together() {
        let folder = testkit::TempFolder::new();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert!(read(folder.path(), &region()).unwrap().files.is_empty());
        write("schemas/hk.json", r#"{"ticket_capacities": {"all": {"HYROX MEN": 5}}}"#);
        write("coupons/hk-distributed.csv", "Code,Category\nA,Gym\n");
        write("icons.json", r#"{"hong-kong": "HK!", "default": "*"}"#);
        let ground = read(folder.path(), &region()).unwrap();
        assert_eq!((ground.capacities.count(), ground.tracked.count(), ground.files.len()), (1, 1, 3));
        assert_eq!(ground.icon, "HK!");
        write("schemas/hk.json", "{");
        write("rules/hong-kong.yaml", "mark: 1\n");
        let faults = read(folder.path(), &region()).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }
}
