//! The invented world: real cities and time zones, invented venues, acts and titles.

use chrono_tz::Tz;

/// A city with the places that events happen in.
#[derive(Debug)]
pub(crate) struct City {
    pub name: &'static str,
    pub country: &'static str,
    pub zone: Tz,
    pub lat: f64,
    pub lon: f64,
    pub currency: &'static str,
    /// Minor units in one major unit.
    pub minor: i64,
    /// Name and street address.
    pub venues: [(&'static str, &'static str); 3],
}

macro_rules! city {
    ($name:literal $country:literal $zone:ident $lat:literal $lon:literal $currency:literal $minor:literal
     $($venue:literal at $street:literal),+) => {
        City {
            name: $name, country: $country, zone: Tz::$zone, lat: $lat, lon: $lon,
            currency: $currency, minor: $minor, venues: [$(($venue, $street)),+],
        }
    };
}

pub(crate) const CITIES: [City; 12] = [
    city!("New York" "US" America__New_York 40.7306 -73.9866 "USD" 100
        "The Copper Kettle" at "118 Ludlow Street", "Hudson Pier Hall" at "40 West Street", "Annex 9" at "9 Bogart Street"),
    city!("Chicago" "US" America__Chicago 41.8786 -87.6403 "USD" 100
        "Lakefront Bandshell" at "600 East Grand Avenue", "The Sawtooth Room" at "2011 West North Avenue", "Prairie Playhouse" at "77 South Dearborn Street"),
    city!("Denver" "US" America__Denver 39.7527 -105.0017 "USD" 100
        "Foothill Auditorium" at "1400 Curtis Street", "Station Yard" at "1701 Wynkoop Street", "The Switchback" at "3512 Larimer Street"),
    city!("Los Angeles" "US" America__Los_Angeles 34.0778 -118.2606 "USD" 100
        "Echo Park Boathouse" at "751 Echo Park Avenue", "The Long Table" at "1820 Industrial Street", "Palm Court Theatre" at "310 South Broadway"),
    city!("Toronto" "CA" America__Toronto 43.6487 -79.3815 "CAD" 100
        "Distillery Loft" at "55 Mill Street", "Queen West Music Hall" at "782 Queen Street West", "Ravine Stage" at "1873 Bloor Street West"),
    city!("London" "GB" Europe__London 51.5136 -0.1365 "GBP" 100
        "The Lamplighter" at "14 Greek Street", "Wharf House" at "3 Shad Thames", "St Aldhelm's Crypt" at "Clerkenwell Close"),
    city!("Berlin" "DE" Europe__Berlin 52.5006 13.4189 "EUR" 100
        "Kraftwerk Nord" at "Köpenicker Straße 70", "Café Zwischenzeit" at "Oranienstraße 25", "Seebühne Weißensee" at "Große Seestraße 9"),
    city!("Lisbon" "PT" Europe__Lisbon 38.7107 -9.1366 "EUR" 100
        "Armazém do Rio" at "Rua do Açúcar 77", "Pátio da Galé Pequena" at "Rua da Prata 12", "Clube Alfama" at "Beco do Spirito Santo 3"),
    city!("São Paulo" "BR" America__Sao_Paulo -23.5558 -46.6396 "BRL" 100
        "Casa da Garoa" at "Rua Augusta 1290", "Galpão Pinheiros" at "Rua dos Pinheiros 544", "Teatro Ipê" at "Avenida Paulista 900"),
    city!("Tokyo" "JP" Asia__Tokyo 35.6614 139.6680 "JPY" 1
        "Shimokita Basement" at "2-12-8 Kitazawa", "Sumida Riverside Hall" at "1-23-20 Azumabashi", "Library Bar Kumo" at "3-4-1 Kanda"),
    city!("Sydney" "AU" Australia__Sydney -33.8908 151.2000 "AUD" 100
        "Wattle Street Depot" at "88 Wattle Street", "The Ferry Terminal" at "5 Hickson Road", "Paddock Hall" at "240 Oxford Street"),
    city!("Auckland" "NZ" Pacific__Auckland -36.8446 174.7665 "NZD" 100
        "Kauri Room" at "21 Karangahape Road", "Harbour Shed 6" at "90 Quay Street", "Mount Eden Village Centre" at "449 Mount Eden Road"),
];

/// What kind of event, with its schema.org type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Concert,
    Theatre,
    Race,
    Meeting,
    Festival,
    Talk,
    Workshop,
}

impl Category {
    pub fn schema_type(self) -> &'static str {
        match self {
            Category::Concert => "MusicEvent",
            Category::Theatre => "TheaterEvent",
            Category::Race => "SportsEvent",
            Category::Meeting => "BusinessEvent",
            Category::Festival => "Festival",
            Category::Talk | Category::Workshop => "EducationEvent",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Category::Concert => "Music",
            Category::Theatre => "Theatre",
            Category::Race => "Sport",
            Category::Meeting => "Meeting",
            Category::Festival => "Festival",
            Category::Talk => "Talk",
            Category::Workshop => "Workshop",
        }
    }
}

/// Weighted by repetition: most listings are concerts.
pub(crate) const CATEGORIES: [&Category; 12] = [
    &Category::Concert,
    &Category::Concert,
    &Category::Concert,
    &Category::Concert,
    &Category::Theatre,
    &Category::Theatre,
    &Category::Race,
    &Category::Meeting,
    &Category::Festival,
    &Category::Talk,
    &Category::Talk,
    &Category::Workshop,
];

pub(crate) const ADJECTIVES: [&str; 16] = [
    "Paper",
    "Slow",
    "Electric",
    "Hollow",
    "Northern",
    "Velvet",
    "Second",
    "Painted",
    "Quiet",
    "Silver",
    "Wandering",
    "Borrowed",
    "Golden",
    "Salt",
    "Midnight",
    "Distant",
];
pub(crate) const NOUNS: [&str; 16] = [
    "Lanterns",
    "Harbours",
    "Foxes",
    "Telegraph",
    "Orchards",
    "Static",
    "Sparrows",
    "Cartographers",
    "Tides",
    "Engines",
    "Weather",
    "Pilots",
    "Gardens",
    "Letters",
    "Comets",
    "Stairwells",
];
pub(crate) const FIRST_NAMES: [&str; 16] = [
    "Ines",
    "Theo",
    "Amara",
    "Jun",
    "Marguerite",
    "Rafael",
    "Saoirse",
    "Kofi",
    "Lena",
    "Haruki",
    "Priya",
    "Tomás",
    "Zoë",
    "Idris",
    "Mireille",
    "Anders",
];
pub(crate) const LAST_NAMES: [&str; 16] = [
    "Okafor",
    "Lindqvist",
    "Marlowe",
    "Tanaka",
    "Duarte",
    "Brennan",
    "Castellan",
    "Voss",
    "Achterberg",
    "Mbeki",
    "Sørensen",
    "Iyer",
    "Fontaine",
    "Kowalski",
    "Ramires",
    "Whitlock",
];
pub(crate) const TOURS: [&str; 8] = [
    "Autumn Sessions",
    "Album Launch",
    "Unplugged",
    "The Long Way Home Tour",
    "Live in the Round",
    "Farewell Tour",
    "Record Release Party",
    "Two Nights Only",
];
pub(crate) const PLAYS: [&str; 10] = [
    "The Cartographer's Daughter",
    "A Winter at Low Tide",
    "Seven Doors",
    "The Understudy's Revenge",
    "Glass Houses",
    "An Evening of One-Acts",
    "The Last Ferry",
    "Improv Roulette",
    "Letters to Nobody",
    "The Clockmaker",
];
pub(crate) const RACES: [&str; 8] = [
    "Harbour 10K",
    "Half Marathon",
    "Night Run",
    "Trail Ultra 50",
    "Parkside 5K",
    "City Criterium",
    "Open Water Mile",
    "Charity Fun Run",
];
pub(crate) const MEETINGS: [&str; 8] = [
    "Planning Committee",
    "Harbour Board Meeting",
    "Open Data Meetup",
    "Rust User Group",
    "Residents' Assembly",
    "Library Friends Annual Meeting",
    "Transport Forum",
    "School Board Public Session",
];
pub(crate) const FESTIVALS: [&str; 8] = [
    "Lantern Festival",
    "Street Food Weekend",
    "Short Film Festival",
    "Jazz & Blues Days",
    "Book Fair",
    "Craft Beer Festival",
    "Kite Festival",
    "Festival of Ideas",
];
pub(crate) const TOPICS: [&str; 10] = [
    "How Cities Sound",
    "The Secret Life of Maps",
    "What Octopuses Dream",
    "Repairing Almost Anything",
    "The Economics of Bread",
    "Tides, Explained",
    "A Short History of Queues",
    "Reading the Night Sky",
    "Why Bridges Hum",
    "Typefaces & Their Enemies",
];
pub(crate) const WORKSHOPS: [&str; 8] = [
    "Pottery for Beginners",
    "Sourdough from Scratch",
    "Bicycle Repair Evening",
    "Life Drawing",
    "Screen Printing Weekend",
    "Improvised Cooking",
    "Salsa: First Steps",
    "Bookbinding Basics",
];
