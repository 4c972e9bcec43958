//! Names as organisers type them: other words, orders, languages, spaces and cases for the same thing.
//! Which of them a type gets follows from its number, so that few types show all of them.

use chrono::{Datelike, NaiveDate, Weekday};

use super::kind::{Category, Class, Day, Kind, Side};

/// The habits of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    German,
    Korean,
    Thai,
    Chinese,
}

/// The name of a ticket type; `date` is that of its day, where it has one.
pub(crate) fn name(kind: Kind, style: Style, number: usize, date: NaiveDate) -> String {
    match kind.category {
        Category::Spectator => spectator(kind, style, number, date),
        Category::Extra => extra(kind, number, date.weekday()),
        _ => racing(kind, style, number),
    }
}

fn racing(kind: Kind, style: Style, number: usize) -> String {
    let mut parts = vec![base(kind, style, number)];
    if let Day::On(weekday) = kind.day {
        parts.push(day(weekday, style, number));
    }
    if kind.member {
        let word = member(kind.category, style, number);
        match number % 3 {
            0 => parts.insert(1, word.to_owned()),
            1 => parts.push(word.to_owned()),
            _ => parts[0] = format!("{} ({word})", parts[0]),
        }
    }
    if kind.charity {
        parts.insert(0, "CHARITY".to_owned());
    }
    let trailing = if number.is_multiple_of(4) { " " } else { "" };
    parts.join(" | ") + trailing
}

fn base(kind: Kind, style: Style, number: usize) -> String {
    let (side, plural) = match kind.side {
        Some(Side::Men) => ("MEN", "MENS"),
        Some(Side::Women) => ("WOMEN", "WOMENS"),
        _ => ("MIXED", "MIXED"),
    };
    let odd = number % 2 == 1;
    match (kind.category, kind.class) {
        (Category::Double, Class::Pro) if odd => format!("HYROX DOUBLES {side} PRO"),
        (Category::Double, Class::Pro) => format!("HYROX PRO DOUBLES {side}"),
        (Category::Double, _) => format!("HYROX DOUBLES {side}"),
        (Category::Relay, Class::Corporate) => format!("HYROX {plural} CORPORATE RELAY"),
        (Category::Relay, _) if odd => format!("HYROX {side} RELAY"),
        (Category::Relay, _) => format!("HYROX {plural} RELAY"),
        (_, Class::Pro) if odd => format!("HYROX {side} PRO"),
        (_, Class::Pro) => format!("HYROX PRO {side}"),
        (_, Class::Adaptive) => format!("HYROX ADAPTIVE {side}"),
        _ if number % 9 == 4 => format!("HYROX  {side}"),
        _ => format!("HYROX {side}{}", local_side(kind.side, style)),
    }
}

fn local_side(side: Option<Side>, style: Style) -> &'static str {
    match (style, side) {
        (Style::Korean, Some(Side::Men)) => " 남성",
        (Style::Korean, Some(Side::Women)) => " 여성",
        (Style::Thai, Some(Side::Men)) => " ชาย",
        (Style::Thai, Some(Side::Women)) => " หญิง",
        _ => "",
    }
}

fn member(category: Category, style: Style, number: usize) -> &'static str {
    match category {
        Category::Double if style == Style::German => "ATHLETEN 2",
        Category::Double if number.is_multiple_of(2) => "ATHLETE 2",
        Category::Double => "ATHLETE2",
        _ if number.is_multiple_of(2) => "TEAM MEMBERS",
        _ => "TEAM MEMBER",
    }
}

fn day(weekday: Weekday, style: Style, number: usize) -> String {
    let english = english(weekday);
    let local = local(weekday, style);
    match (local, number % 3) {
        ("", 1) => english.to_uppercase(),
        ("", _) => english.to_owned(),
        (local, 0) => format!("{english} {local}"),
        (local, 1) => local.to_owned(),
        _ => english.to_owned(),
    }
}

fn english(weekday: Weekday) -> &'static str {
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        [weekday.num_days_from_monday() as usize]
}

fn local(weekday: Weekday, style: Style) -> &'static str {
    let week = match style {
        Style::Korean => ["월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"],
        Style::Thai => ["วันจันทร์", "วันอังคาร", "วันพุธ", "วันพฤหัสบดี", "วันศุกร์", "วันเสาร์", "วันอาทิตย์"],
        Style::Plain | Style::German | Style::Chinese => [""; 7],
    };
    week[weekday.num_days_from_monday() as usize]
}

fn spectator(kind: Kind, style: Style, number: usize, date: NaiveDate) -> String {
    match kind.day {
        Day::Several => {
            ["SPECTATOR | All days", "Spectators 5 days Pass", "SPECTATOR | 2 DAYS", "SPECTATOR | 3 DAYS"]
                [number % 4]
                .to_owned()
        }
        _ if style == Style::Korean => format!("SPECTATOR 관람객 | {}", day(date.weekday(), style, number)),
        _ if number.is_multiple_of(2) => {
            format!("Spectators {} of {}", ordinal(date.day()), date.format("%B %Y"))
        }
        _ => format!("SPECTATOR | {}", day(date.weekday(), style, number)),
    }
}

fn ordinal(day: u32) -> String {
    let ending = match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn extra(kind: Kind, number: usize, weekday: Weekday) -> String {
    if kind.day != Day::Unsaid {
        return format!("Volunteering | {}", english(weekday));
    }
    [
        "Photo Package",
        "Sportograf Photo Package",
        "Friends & Family Pass",
        "Complimentary Entry",
        "Transfer Fee",
    ][number % 5]
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saturday() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 10, 24).expect("a date")
    }

    #[test]
    fn names_seen_live_are_among_those_made() {
        let on = Day::On(Weekday::Sat);
        let plain = |kind, number| name(kind, Style::Plain, number, saturday());
        let relay = Kind::racing(Category::Relay, Class::Open, Side::Men, Day::Unsaid);
        assert_eq!(plain(relay.for_charity(), 8), "CHARITY | HYROX MENS RELAY ");
        assert_eq!(plain(relay.members(), 3), "HYROX MEN RELAY | TEAM MEMBER");
        let adaptive = Kind::racing(Category::Single, Class::Adaptive, Side::Women, on);
        assert_eq!(plain(adaptive, 0), "HYROX ADAPTIVE WOMEN | Saturday ");
        assert_eq!(plain(Kind::other(Category::Spectator, on), 2), "Spectators 24th of October 2026");
        assert_eq!(plain(Kind::other(Category::Spectator, Day::Several), 1), "Spectators 5 days Pass");
    }

    #[test]
    fn regions_have_their_own_words() {
        let men = Kind::racing(Category::Single, Class::Open, Side::Men, Day::On(Weekday::Sat));
        assert_eq!(name(men, Style::Korean, 1, saturday()), "HYROX MEN 남성 | 토요일");
        assert_eq!(name(men, Style::Thai, 3, saturday()), "HYROX MEN ชาย | Saturday วันเสาร์");
        let doubles = Kind::racing(Category::Double, Class::Open, Side::Mixed, Day::On(Weekday::Sat));
        assert_eq!(
            name(doubles.members(), Style::German, 1, saturday()),
            "HYROX DOUBLES MIXED | SATURDAY | ATHLETEN 2"
        );
    }

    #[test]
    fn days_of_the_month_are_counted_as_people_do() {
        assert_eq!(
            [1, 2, 3, 4, 11, 22, 23, 31].map(ordinal),
            ["1st", "2nd", "3rd", "4th", "11th", "22nd", "23rd", "31st"]
        );
    }
}
