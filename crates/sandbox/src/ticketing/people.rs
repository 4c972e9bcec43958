//! Those who buy and those who race: names, where they are from, and what they typed into the form.

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Map, Value, json};

use super::kind::Side;
use super::naming::Style;
use super::region::Region;
use crate::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gender {
    Male,
    Female,
}

impl Gender {
    pub fn label(self) -> &'static str {
        match self {
            Gender::Male => "Male",
            Gender::Female => "Female",
        }
    }

    pub fn other(self) -> Gender {
        match self {
            Gender::Male => Gender::Female,
            Gender::Female => Gender::Male,
        }
    }
}

/// Everything that the form has offered for a gender, in the languages of the regions.
static GENDERS: [(&str, Gender); 14] = [
    ("Male", Gender::Male),
    ("Female", Gender::Female),
    ("male", Gender::Male),
    ("Woman", Gender::Female),
    ("Men", Gender::Male),
    ("Women", Gender::Female),
    ("Male 남성", Gender::Male),
    ("Female 여성", Gender::Female),
    ("남성", Gender::Male),
    ("여성", Gender::Female),
    ("ชาย", Gender::Male),
    ("หญิง", Gender::Female),
    ("Male 男", Gender::Male),
    ("Female 女", Gender::Female),
];

/// What a text in the form means, by the list above.
pub(crate) fn gender_of(text: &str) -> Option<Gender> {
    GENDERS.iter().find(|(option, _)| *option == text).map(|(_, gender)| *gender)
}

/// What the form offers now. Earlier ones offered other words.
pub(crate) fn gender_options(style: Style) -> [&'static str; 2] {
    match style {
        Style::Korean => ["Male 남성", "Female 여성"],
        Style::Thai => ["ชาย", "หญิง"],
        Style::Chinese => ["Male 男", "Female 女"],
        Style::Plain | Style::German => ["Male", "Female"],
    }
}

pub(crate) fn gender_text(gender: Gender, style: Style, dice: &mut Dice) -> &'static str {
    let local = match style {
        Style::Korean => 6..10,
        Style::Thai => 10..12,
        Style::Chinese => 12..14,
        Style::Plain | Style::German => 2..6,
    };
    let options = if dice.chance(35) { &GENDERS[local] } else { &GENDERS[..2] };
    let fitting: Vec<&str> = options.iter().filter(|(_, of)| *of == gender).map(|(text, _)| *text).collect();
    dice.pick(&fitting)
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub first: &'static str,
    pub last: &'static str,
    pub email: String,
    pub street: String,
    pub city: &'static str,
    pub postal: String,
    /// Of the bill, which says little about where they are from.
    pub country: &'static str,
    pub customer: String,
}

const FIRST: [&str; 24] = [
    "Ada",
    "Bo",
    "Chiara",
    "Dae-jung",
    "Ekaterina",
    "Femi",
    "Grace",
    "Haruto",
    "Ines",
    "Jin",
    "Kittipong",
    "Liam",
    "Mei",
    "Nok",
    "Oliver",
    "Priya",
    "Quentin",
    "Rania",
    "Somchai",
    "Tāne",
    "Uma",
    "Viktor",
    "Wei",
    "Zoë",
];
const LAST: [&str; 20] = [
    "Abe",
    "Brown",
    "Chan",
    "Dupont",
    "Evans",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ito",
    "Jung",
    "Kim",
    "Lindqvist",
    "Müller",
    "Nguyen",
    "O'Neill",
    "Park",
    "Rossi",
    "Saetang",
    "Taylor",
    "Wongsakul",
];
const CITIES: [&str; 8] =
    ["Seoul", "Bangkok", "Berlin", "Auckland", "Kowloon", "Manchester", "Osaka", "Sydney"];
/// The last one is no country.
const ELSEWHERE: [&str; 16] =
    ["AU", "BR", "CA", "CN", "DE", "FR", "GB", "HK", "IT", "JP", "KR", "NZ", "SG", "TW", "US", "ZZ"];
const GYMS: [&str; 6] = ["F45 Central", "CrossFit 38", "ยิมกรุงเทพ", "강남 트레이닝", "n/a", "健身中心"];

pub(crate) fn person(region: &Region, customer: String, dice: &mut Dice) -> Person {
    let (first, last) = (dice.pick(&FIRST), dice.pick(&LAST));
    Person {
        first,
        last,
        email: format!("{}@mail.example", customer.get(14..).unwrap_or(&customer)),
        street: format!("{} Example Road", dice.between(1, 400)),
        city: if dice.chance(70) { region.city } else { dice.pick(&CITIES) },
        postal: format!("{:05}", dice.between(1000, 99999)),
        country: if dice.chance(85) { region.country } else { dice.pick(&ELSEWHERE[..15]) },
        customer,
    }
}

/// What an athlete filled in, with all that goes wrong: missing and odd birth dates, missing and wrong
/// genders, no nationality.
pub(crate) fn form(
    region: &Region,
    person: &Person,
    gender: Option<Gender>,
    race: NaiveDate,
    dice: &mut Dice,
) -> Map<String, Value> {
    let mut form = Map::new();
    form.insert("first_name".into(), json!(person.first));
    form.insert("last_name".into(), json!(person.last));
    form.insert("athletes_e_mail_address".into(), json!(person.email));
    form.insert("athletes_phone_number".into(), json!(format!("+00 {}", dice.between(100_000, 999_999))));
    if let Some(born) = birth_date(race, dice) {
        form.insert("birth_date".into(), json!(born));
    }
    if let Some(gender) = gender {
        form.insert("gender".into(), json!(gender_text(gender, region.style, dice)));
    }
    if let Some(from) = nationality(region, dice) {
        form.insert("nationality".into(), json!(from));
        form.insert("region_of_residence".into(), json!(if dice.chance(80) { region.country } else { from }));
    }
    form.insert("zip_code".into(), json!(person.postal));
    gym(&mut form, dice);
    if dice.chance(80) {
        let again = if dice.chance(30) { "Yes" } else { "No" };
        form.insert("returning_athlete".into(), json!(again));
    }
    form.insert("confirmation_waiver".into(), json!(true));
    form
}

/// Mostly 18 to 75 years before the race; one in ten on the day itself or the day after, so that an age
/// taken on another day is another age.
fn birth_date(race: NaiveDate, dice: &mut Dice) -> Option<String> {
    if dice.chance(3) {
        return None;
    }
    if dice.chance(2) {
        let odd = ["1990-13-45", "31/12/1988", "1985-02-30", "n/a", "", "0000-00-00"];
        return Some(dice.pick(&odd).to_owned());
    }
    let years = dice.between(15, 52) + dice.between(0, 24);
    let year = race.year() - years as i32;
    let born = if dice.chance(10) {
        // a birthday on 29 February is left to leap years
        let day = if dice.chance(50) { race } else { race + Days::new(1) };
        NaiveDate::from_ymd_opt(year, day.month(), day.day())
    } else {
        NaiveDate::from_yo_opt(year, dice.between(1, 365) as u32)
    };
    born.map(|born| born.to_string())
}

fn nationality(region: &Region, dice: &mut Dice) -> Option<&'static str> {
    match dice.below(100) {
        0..4 => None,
        4..64 => Some(region.country),
        _ => Some(dice.pick(&ELSEWHERE)),
    }
}

fn gym(form: &mut Map<String, Value>, dice: &mut Dice) {
    let (status, field) = match dice.below(4) {
        0 => ("I'm a member of another gym", Some("hyrox_training_club_other_territory_name")),
        1 | 2 => ("I'm a member of a HYROX Training Club", Some("local_territory_training_club")),
        _ => ("I'm not a member", None),
    };
    form.insert("hyrox_training_clubs".into(), json!(status));
    if let Some(field) = field {
        form.insert(field.into(), json!(dice.pick(&GYMS)));
        form.insert("region_training".into(), json!(dice.pick(&CITIES)));
    }
}

/// The gender that an athlete states: mostly that of the ticket, at times another or none.
pub(crate) fn stated_gender(side: Option<Side>, position: usize, dice: &mut Dice) -> Option<Gender> {
    let fitting = match side {
        Some(Side::Men) => Gender::Male,
        Some(Side::Women) => Gender::Female,
        _ if position.is_multiple_of(2) => Gender::Male,
        _ => Gender::Female,
    };
    match dice.below(100) {
        0..4 => None,
        4..7 => Some(fitting.other()),
        _ => Some(fitting),
    }
}
