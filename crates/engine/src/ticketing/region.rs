//! What is configured of a region. It is read from the words of the systems before (all their spellings)
//! and from `regions:` in `callboard.yaml`; whatever is missing or wrong in any region is told at once.

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use connect::Params;
use connect::sources::vivenu;
use model::{Kind, SourceName, nearest};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::statics::Countries;

/// Where the records of a region come from.
pub const CONNECTOR: &str = "vivenu";

/// The API where nothing else is said.
const BASE_URL: &str = "https://vivenu.com/api";

/// One region: an event, who sells it, and how its numbers are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name: lower case, words joined by `-`.
    pub name: String,
    /// The event's key at the source.
    pub event_id: String,
    /// The API, without a slash at the end.
    pub base_url: Url,
    /// Where its check-ins are listed, if not at the usual address.
    pub scans_url: Option<String>,
    /// What its files are called by (`static/SCHEMA.json`); the name where nothing else is said.
    pub schema: String,
    /// How many athletes there is room for.
    pub max_capacity: Option<i64>,
    /// When the first wave starts, in the organiser's words.
    pub start_wave: Option<String>,
    /// The price level that is on.
    pub price_tier: Option<PriceTier>,
    /// The sale at which the price goes up.
    pub price_trigger: Option<i64>,
    /// The country that counts as local, ISO 3166-1 alpha-2.
    pub locality: String,
    /// Where sales are told.
    pub registration_channel: String,
    /// Where reports are told.
    pub reporting_channel: String,
    /// Numbers are told by day too.
    pub summary_breakdown_day: bool,
    /// Sunday's singles are told without the adaptive ones.
    pub exclude_adaptive_sunday: bool,
    /// Spectators alone are told.
    pub only_spectator_report: bool,
    /// For columns of a ticket the answer they are read from, where it is not the usual one.
    pub fields: BTreeMap<String, String>,
}

impl Region {
    /// Whether it is known where its check-ins are listed: where that was said, or at the usual address for who
    /// is asked at the usual address for all else.
    pub fn lists_scans(&self) -> bool {
        self.scans_url.is_some() || self.base_url.as_str().trim_end_matches('/') == BASE_URL
    }

    /// The source its records are kept under.
    pub fn source(&self) -> SourceName {
        SourceName::new(&format!("{CONNECTOR}/{}", self.name))
    }

    /// What the connector is told for one of its lists, but for its secrets.
    pub fn plain(&self, part: &str) -> BTreeMap<String, Value> {
        let said = [
            ("region", self.name.as_str()),
            ("event", &self.event_id),
            ("base_url", self.base_url.as_str()),
            ("part", part),
        ];
        let mut plain: BTreeMap<String, Value> =
            said.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        if !self.fields.is_empty() {
            let pair = |(column, answer): (&String, &String)| Value::from(format!("{column}={answer}"));
            plain.insert("fields".to_owned(), self.fields.iter().map(pair).collect());
        }
        plain
    }

    /// What the documents of one of its lists are kept under, run after run.
    pub fn scope(&self, part: &str) -> String {
        scope_of_list(&self.source(), &self.plain(part))
    }

    /// A region's name as it is kept, however it was written: `South_Korea` is `south-korea`.
    pub fn name_of(written: &str) -> String {
        let words = written.split(|c: char| c == '_' || c == '-' || c.is_whitespace());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_lowercase()
    }
}

/// The scope of one list: whose it is, and what it covers. What is asked of it changes from run to run.
pub fn scope_of_list(source: &SourceName, plain: &BTreeMap<String, Value>) -> String {
    let covers: &[&str] = match plain.contains_key("region") {
        true => &["event", "part", "region"],
        false => &["base_url", "event", "part"],
    };
    let mut params = Params { plain: plain.clone(), ..Params::default() };
    params.plain.retain(|name, _| covers.contains(&name.as_str()));
    crate::replay::scope_of(source.as_str(), &params)
}

/// The list that holds rows of a kind.
pub(super) fn part_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Transaction => "transactions",
        Kind::Scan => "scans",
        Kind::Coupon => "coupons",
        Kind::CouponSeries => "coupon_series",
        Kind::Ticket => "tickets",
        _ => "events",
    }
}

/// A level of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceTier {
    /// Early bird.
    Eb,
    /// The first level.
    L1,
    /// The second.
    L2,
    /// The third.
    L3,
    /// The last.
    L4,
}

impl PriceTier {
    const ALL: [(&'static str, PriceTier); 5] = [
        ("EB", PriceTier::Eb),
        ("L1", PriceTier::L1),
        ("L2", PriceTier::L2),
        ("L3", PriceTier::L3),
        ("L4", PriceTier::L4),
    ];
}

impl fmt::Display for PriceTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PriceTier::ALL.iter().find(|(_, tier)| tier == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for PriceTier {
    type Err = String;

    fn from_str(text: &str) -> Result<PriceTier, String> {
        let found = PriceTier::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim()));
        found.map(|(_, tier)| *tier).ok_or_else(|| format!("{text:?} is not EB, L1, L2, L3 or L4"))
    }
}

/// What proves who asks, apart from all else so that nothing shows it.
#[derive(Debug, Clone)]
pub struct RegionSecrets {
    /// The seller's API key.
    pub token: SecretString,
    /// What its webhooks are signed with.
    pub webhook_secret: Option<SecretString>,
}

/// A region with its secrets.
#[derive(Debug, Clone)]
pub struct RegionConfig {
    /// What may be shown.
    pub region: Region,
    /// What may not.
    pub secrets: RegionSecrets,
}

/// Everything that is wrong with the regions of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionFaults(pub Vec<String>);

impl fmt::Display for RegionFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for RegionFaults {}

/// A parameter and every way of writing it.
struct Name {
    name: &'static str,
    others: &'static [&'static str],
    help: &'static str,
}

const fn named(name: &'static str, others: &'static [&'static str], help: &'static str) -> Name {
    Name { name, others, help }
}

const NAMES: &[Name] = &[
    named("token", &["api_token", "vivenu_api_token"], "the seller's API key"),
    named("event_id", &["event"], "the event's id"),
    named("base_url", &["url", "event_api_base_url"], "the API"),
    named("schema", &["schema_name"], "what its files are called by"),
    named("scans_url", &[], "where its check-ins are listed"),
    named("max_capacity", &[], "how many athletes there is room for"),
    named("start_wave", &[], "when the first wave starts"),
    named("price_tier", &[], "EB, L1, L2, L3 or L4"),
    named("price_trigger", &[], "the sale at which the price goes up"),
    named("locality", &[], "the country that counts as local"),
    named("registration_channel", &[], "where sales are told"),
    named("reporting_channel", &[], "where reports are told"),
    named("summary_breakdown_day", &[], "numbers by day too"),
    named("exclude_adaptive_sunday", &[], "Sunday's singles without the adaptive ones"),
    named("only_spectator_report", &["only_specator_report"], "spectators alone"),
    named("webhook_secret", &["webhook_signing_secret"], "what its webhooks are signed with"),
];

/// What a parameter that maps a column to an answer begins with.
const FIELD: &str = "field_";

/// What is the same for all regions where a region says nothing itself.
#[derive(Debug, Clone, Default)]
pub struct RegionDefaults {
    /// The API.
    pub base_url: Option<String>,
    /// The seller's API key.
    pub token: Option<String>,
}

/// The values of every region, by its name as written and the parameter as written.
pub type Written = BTreeMap<String, BTreeMap<String, String>>;

/// The regions that are configured, by name, or everything that is wrong with them.
pub fn read(written: &Written, defaults: &RegionDefaults) -> Result<Vec<RegionConfig>, RegionFaults> {
    let mut faults = Vec::new();
    let mut merged = Written::new();
    for (name, values) in written {
        merged.entry(Region::name_of(name)).or_default().extend(values.clone());
    }
    let mut regions = Vec::new();
    for (name, values) in merged {
        let mut reader =
            Reader { region: &name, values: BTreeMap::new(), fields: BTreeMap::new(), faults: &mut faults };
        reader.sort(values);
        regions.extend(reader.region(defaults));
    }
    if faults.is_empty() { Ok(regions) } else { Err(RegionFaults(faults)) }
}

struct Reader<'a> {
    region: &'a str,
    values: BTreeMap<&'static str, String>,
    fields: BTreeMap<String, String>,
    faults: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn fault(&mut self, message: impl fmt::Display) {
        self.faults.push(format!("region {}: {message}", self.region));
    }

    /// Brings every spelling to its name. The name itself wins over its other spellings.
    fn sort(&mut self, values: BTreeMap<String, String>) {
        for (written, value) in values {
            let lower = written.trim().to_lowercase();
            if let Some(column) = lower.strip_prefix(FIELD) {
                self.field(column, value);
                continue;
            }
            let found = NAMES.iter().find(|known| known.name == lower || known.others.contains(&&*lower));
            match found {
                Some(known) if known.name == lower => drop(self.values.insert(known.name, value)),
                Some(known) => drop(self.values.entry(known.name).or_insert(value)),
                None => self.unknown(&lower),
            }
        }
        self.values.retain(|_, value| !value.trim().is_empty());
    }

    /// A column and the answer it is read from; one that is set to nothing is read from the usual one.
    fn field(&mut self, column: &str, answer: String) {
        match vivenu::mapped(column) {
            _ if answer.trim().is_empty() => {}
            Some(known) if known == column => drop(self.fields.insert(known.to_owned(), answer)),
            Some(known) => drop(self.fields.entry(known.to_owned()).or_insert(answer)),
            None => self.fault(format!("`{FIELD}{column}`: {}", vivenu::unmapped(column))),
        }
    }

    fn unknown(&mut self, name: &str) {
        let names =
            NAMES.iter().flat_map(|known| [known.name].into_iter().chain(known.others.iter().copied()));
        match nearest(name, names) {
            Some(near) => self.fault(format!("there is no parameter `{name}`; did you mean `{near}`?")),
            None => self.fault(format!("there is no parameter `{name}`")),
        }
    }

    fn region(mut self, defaults: &RegionDefaults) -> Option<RegionConfig> {
        let before = self.faults.len();
        let token = self.needed("token", defaults.token.as_ref());
        let event_id = self.needed("event_id", None);
        let base_url = self.address(defaults.base_url.as_deref());
        let region = Region {
            name: self.region.to_owned(),
            event_id,
            base_url,
            scans_url: self.text("scans_url"),
            schema: self.text("schema").unwrap_or_else(|| self.region.to_owned()),
            max_capacity: self.parsed("max_capacity", "a whole number"),
            start_wave: self.text("start_wave"),
            price_tier: self.parsed("price_tier", "EB, L1, L2, L3 or L4"),
            price_trigger: self.parsed("price_trigger", "a whole number"),
            locality: self.locality(),
            registration_channel: self
                .text("registration_channel")
                .unwrap_or_else(|| "events-sales-tracker".to_owned()),
            reporting_channel: self.text("reporting_channel").unwrap_or_else(|| "#test-hyrox-bot".to_owned()),
            summary_breakdown_day: self.flag("summary_breakdown_day"),
            exclude_adaptive_sunday: self.flag("exclude_adaptive_sunday"),
            only_spectator_report: self.flag("only_spectator_report"),
            fields: std::mem::take(&mut self.fields),
        };
        let webhook_secret = self.text("webhook_secret").map(SecretString::from);
        let secrets = RegionSecrets { token: SecretString::from(token), webhook_secret };
        (self.faults.len() == before).then_some(RegionConfig { region, secrets })
    }

    /// The code of the country whose people are local, given as one or as a name.
    fn locality(&mut self) -> String {
        let said = self.text("locality").unwrap_or_else(|| "HK".to_owned());
        let code = Countries::shipped().code(&said);
        if code.len() != 2 || !code.chars().all(|c| c.is_ascii_uppercase()) {
            self.fault(format!(
                "locality `{said}` is no country of the list: give its code, such as TH, or its name"
            ));
        }
        code
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.trim().to_owned())
    }

    fn needed(&mut self, name: &'static str, otherwise: Option<&String>) -> String {
        let given = self.text(name).or_else(|| otherwise.cloned());
        given.unwrap_or_else(|| {
            let help = NAMES.iter().find(|known| known.name == name).map_or("", |known| known.help);
            let variable = self.region.replace('-', "_");
            self.fault(format!(
                "`{name}` is missing ({help}): set EVENT_CONFIGS__{variable}__{name}, or `{name}` under \
                 `regions: {{{}: …}}` in callboard.yaml",
                self.region
            ));
            String::new()
        })
    }

    fn address(&mut self, otherwise: Option<&str>) -> Url {
        let written = self.text("base_url");
        let text = written.as_deref().or(otherwise).unwrap_or(BASE_URL).trim_end_matches('/');
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => url,
            _ => {
                let text = text.to_owned();
                self.fault(format!("`base_url` {text:?} is not an address like {BASE_URL}"));
                Url::parse(BASE_URL).expect("a constant address")
            }
        }
    }

    fn parsed<T: FromStr>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.fault(format!("`{name}` {text:?} is not {expected}"));
        }
        parsed
    }

    fn flag(&mut self, name: &'static str) -> bool {
        let Some(text) = self.text(name) else { return false };
        match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                self.fault(format!("`{name}` {text:?} is not true or false"));
                false
            }
        }
    }
}
