//! What is known beforehand: room by group and day, and which country lies where. Files keep the shape that
//! the systems before had: `schemas/{schema}.json`, `countries.csv`, `country_regions.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::days::Day;

/// How many people there is room for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capacities {
    all: Vec<Room>,
    by_day: Vec<Room>,
}

/// The room of one group, on one day or in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The group, as the file names it.
    pub group: String,
    /// The day; `None` for all of them.
    pub day: Option<Day>,
    /// People there is room for.
    pub room: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityFile {
    ticket_capacities: Written,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    all: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    by_day: serde_json::Map<String, serde_json::Value>,
}

impl Capacities {
    /// Reads a capacity file; the error says what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Capacities, String> {
        let file: CapacityFile =
            serde_json::from_str(text).map_err(|error| format!("{name}: cannot be read: {error}"))?;
        let mut read = Capacities::default();
        for (group, room) in &file.ticket_capacities.all {
            read.all.push(Room { group: group.clone(), day: None, room: whole(name, group, room)? });
        }
        for (written, groups) in &file.ticket_capacities.by_day {
            let day = Day::from_name(written)
                .ok_or_else(|| format!("{name}: by_day: {written:?} is no weekday and not MULTI_DAY"))?;
            let groups =
                groups.as_object().ok_or_else(|| format!("{name}: by_day.{written}: give rooms by group"))?;
            for (group, room) in groups {
                let room = whole(name, group, room)?;
                read.by_day.push(Room { group: group.clone(), day: Some(day), room });
            }
        }
        Ok(read)
    }

    /// Those of single days, or those of all days together, in the order of the file.
    pub fn of(&self, by_day: bool) -> Vec<Room> {
        if by_day { self.by_day.clone() } else { self.all.clone() }
    }

    /// How many rooms there are.
    pub fn count(&self) -> usize {
        self.all.len() + self.by_day.len()
    }
}

fn whole(name: &str, group: &str, room: &serde_json::Value) -> Result<i64, String> {
    room.as_i64()
        .filter(|room| *room >= 0)
        .ok_or_else(|| format!("{name}: {group}: {room} is no whole number of people"))
}

/// Countries, and the regions of the world they lie in.
#[derive(Debug, Clone, Default)]
pub struct Countries {
    names: BTreeMap<String, String>,
    /// Lower-case names as people write them, to codes.
    codes: BTreeMap<String, String>,
    places: BTreeMap<String, (String, String)>,
}

/// What stands for a country that is in no list.
const OTHER: &str = "Other";

const SHIPPED_COUNTRIES: &str = include_str!("countries.csv");
const SHIPPED_REGIONS: &str = include_str!("country_regions.json");

#[derive(Deserialize)]
struct RegionFile {
    regions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Countries {
    /// Those that ship.
    pub fn shipped() -> Countries {
        Countries::parse(SHIPPED_COUNTRIES, SHIPPED_REGIONS).unwrap_or_default()
    }

    /// From a table `Code,Country` and a tree of region, sub-region and codes.
    pub fn parse(countries: &str, regions: &str) -> Result<Countries, String> {
        let mut read = Countries::default();
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(countries.as_bytes());
        for row in rows.records() {
            let row = row.map_err(|error| format!("countries: {error}"))?;
            let (Some(code), Some(name)) = (row.get(0), row.get(1)) else { continue };
            let (code, name) = (code.trim().to_uppercase(), name.trim().to_owned());
            read.codes.insert(name.to_lowercase(), code.clone());
            read.names.insert(code, name);
        }
        let file: RegionFile =
            serde_json::from_str(regions).map_err(|error| format!("country regions: {error}"))?;
        for (region, parts) in file.regions {
            for (part, codes) in parts {
                for code in codes {
                    read.places.insert(code, (region.clone(), part.clone()));
                }
            }
        }
        Ok(read)
    }

    /// The code of a country as answered: a code, or a name of the list.
    pub fn code(&self, answered: &str) -> String {
        let answered = answered.trim();
        if answered.len() == 2 && answered.is_ascii() {
            return answered.to_uppercase();
        }
        self.codes.get(&answered.to_lowercase()).cloned().unwrap_or_else(|| answered.to_owned())
    }

    /// What the country of this code is called; the code itself where no list has it.
    pub fn name<'a>(&'a self, code: &'a str) -> &'a str {
        self.names.get(code).map_or(code, String::as_str)
    }

    /// Region and sub-region of a code; Other and Other for one that is in no list.
    pub fn place(&self, code: &str) -> (&str, &str) {
        self.places.get(code).map_or((OTHER, OTHER), |(region, part)| (region, part))
    }

    /// How many countries have a name.
    pub fn count(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const FOLDER: &str = "data/vivenu/kinglarce_sales-event-salamander";

    #[test]
    fn recorded_files_are_read() {
        for file in ["public.json", "sample_capacity_1ba0134.json"] {
            let Some(bytes) = testkit::recorded_bytes(&format!("{FOLDER}/{file}")) else { return };
            let read = Capacities::parse(file, &String::from_utf8(bytes).unwrap()).unwrap();
            assert_eq!(read.of(false)[4].group, "HYROX MEN with Adaptive");
            assert!(read.count() > 30, "{file} {}", read.count());
        }
        let read = |file: &str| testkit::recorded_bytes(&format!("{FOLDER}/{file}"));
        let (Some(countries), Some(regions)) = (read("countries.csv"), read("country_regions.json")) else {
            return;
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let read = Countries::parse(&text(countries), &text(regions)).unwrap();
        assert_eq!(read.place("HK"), ("Asia", "East Asia"));
        assert!(read.count() > 90, "{}", read.count());
    }

    #[test]
    fn countries_are_known_by_code_and_name() {
        let countries = Countries::shipped();
        assert_eq!(countries.code("hk"), "HK");
        assert_eq!(countries.code(" germany "), "DE");
        assert_eq!(countries.code("Atlantis"), "Atlantis");
        assert_eq!(countries.name("DE"), "Germany");
        assert_eq!(countries.place("DE"), ("Europe", "Western Europe"));
        assert_eq!(countries.place("XX"), ("Other", "Other"));
        // Every country that has a name lies somewhere.
        let nowhere: Vec<&String> =
            countries.names.keys().filter(|code| countries.place(code).0 == OTHER).collect();
        assert!(nowhere.is_empty(), "{nowhere:?}");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let check = |text: &str, expected: &str| {
            let said = Capacities::parse("x.json", text).expect_err(text);
            assert!(said.contains(expected), "{said}");
        };
        check("{", "x.json: cannot be read");
        check(r#"{"ticket_capacities": {"by_day": {"CATURDAY": {}}}}"#, "no weekday");
        check(r#"{"ticket_capacities": {"all": {"HYROX MEN": "many"}}}"#, "no whole number");
    }
}
