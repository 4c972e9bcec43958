//! What things are called, with the oddities of the real report: slashes, accents, plus signs, signs that
//! addresses have to escape.

pub const CATEGORIES: [&str; 12] = [
    "Baseball",
    "Marvel/DC",
    "Pokémon",
    "Hockey",
    "Garbage Pail Kids",
    "TV/Movies",
    "Weiß Schwarz",
    "Other TCG",
    "Soccer",
    "Multi-Sport",
    "Magic the Gathering",
    "One Piece",
];

pub const BRANDS: [&str; 8] = [
    "Donruss",
    "Topps",
    "Upper Deck",
    "Classic",
    "Panini Prizm CONMEBOL Copa America",
    "Topps Finest Road to UEFA Euro 2024",
    "Wild Card LAMiNE YAMAL Comix",
    "Ultra/Fleer",
];

/// The first is the brand's base set.
pub const SETS: [&str; 6] =
    ["", "Diamond Kings", "Light Blue", "Gold + Silver", "Tiffany & Co", "100% Manga"];

pub const PEOPLE: [&str; 16] = [
    "Gary Carter",
    "Mario Lemieux",
    "Barry Bonds",
    "Kylian Mbappé",
    "Wayne Gretzky",
    "Pikachu & Zekrom-GX",
    "Ronaldo / Messi",
    "Monkey.D.Luffy",
    "Iron Man + War Machine",
    "Ken Griffey Jr.",
    "Łukasz Fabiański",
    "Who's Who?",
    "Night Moves #2",
    "Patrick Roy",
    "Son Gokū",
    "50% Off",
];

pub const VARIATIONS: [&str; 3] = ["", "Red Back", "1st Edition + Holo"];

/// Grade and what rows add to it, best first.
pub const GRADES: [(&str, &str); 20] = [
    ("10P", "10 PRISTINE"),
    ("10", "10 GEM MINT"),
    ("9", "9 MINT"),
    ("8.5", "8.5 NM MT+"),
    ("8", "8 NM MT"),
    ("7.5", "7.5 NM+"),
    ("7", "7 NM"),
    ("6.5", "6.5 EX MT+"),
    ("6", "6 EX MT"),
    ("5.5", "5.5 EX+"),
    ("5", "5 EX"),
    ("4.5", "4.5 VG EX+"),
    ("4", "4 VG EX"),
    ("3.5", "3.5 VG+"),
    ("3", "3 VG"),
    ("2.5", "2.5 GOOD+"),
    ("2", "2 GOOD"),
    ("1.5", "1.5 FAIR"),
    ("1", "1 POOR"),
    ("VA", "VA AUTHENTIC"),
];
