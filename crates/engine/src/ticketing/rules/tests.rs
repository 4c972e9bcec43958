//! Every real name of the systems before, and the mess around them.

use super::*;
use crate::ticketing::rows::kit::days;

/// `category group day gender`, and `member`, `charity` where they are.
fn check(name: &str, expected: &str) {
    let read = Rules::shipped().read(name, &days());
    let gender = match read.gender {
        Some(Gender::Male) => "male",
        Some(Gender::Female) => "female",
        Some(Gender::Mixed) => "mixed",
        None => "-",
    };
    let day = read.day.map_or("-", Day::name);
    let mut said = format!("{} [{}] {day} {gender}", read.category.name(), read.group.unwrap_or_default());
    if read.member {
        said += " member";
    }
    if read.charity {
        said += " charity";
    }
    assert_eq!(said, expected, "{name:?}");
}

#[test]
fn names_seen_live() {
    check("HYROX WOMEN | Sunday", "single [HYROX WOMEN] SUNDAY female");
    check("HYROX PRO DOUBLES MEN | Friday", "double [HYROX PRO DOUBLES MEN] FRIDAY male");
    check("HYROX DOUBLES MIXED | Saturday", "double [HYROX DOUBLES MIXED] SATURDAY mixed");
    check("HYROX MENS RELAY | Friday", "relay [HYROX MENS RELAY] FRIDAY male");
    check("HYROX ADAPTIVE WOMEN | Friday ", "single [HYROX ADAPTIVE WOMEN] FRIDAY female");
    check("CHARITY | HYROX DOUBLES WOMEN ", "double [HYROX DOUBLES WOMEN] - female charity");
    check("HYROX MIXED CORPORATE RELAY | Saturday", "relay [HYROX MIXED CORPORATE RELAY] SATURDAY mixed");
    check("HYROX MEN PRO", "single [HYROX PRO MEN] - male");
    check("Ticket", "single [] - -");
    check("Onlineticket Wochenende  Early Bird", "single [] MULTI_DAY -");
}

#[test]
fn fault_12_no_day_known_is_no_day() {
    check("HYROX MEN | Wednesday", "single [HYROX MEN] WEDNESDAY male");
    check("HYROX MEN | Monday", "single [HYROX MEN] MONDAY male");
    check("Spectators 23rd of October 2025", "spectator [] THURSDAY -");
    check("Spectators 26th of October 2025", "spectator [] SUNDAY -");
    check("SPECTATOR | All days", "spectator [] MULTI_DAY -");
    check("Spectators 5 days Pass", "spectator [] MULTI_DAY -");
    check("SPECTATOR | 2 DAYS", "spectator [] MULTI_DAY -");
    check("SPECTATOR | 1 day", "spectator [] - -");
    check("HYROX MEN", "single [HYROX MEN] - male");
    check("SPECTATOR Oct 24", "spectator [] FRIDAY -");
    check("SPECTATOR 2025-10-25", "spectator [] SATURDAY -");
    check("SPECTATOR 22.10.2025", "spectator [] WEDNESDAY -");
    check("SPECTATOR 10/22/2025", "spectator [] WEDNESDAY -");
    check("SPECTATOR Saturday & Sunday", "spectator [] MULTI_DAY -");
}

#[test]
fn fault_13_real_names_have_a_group() {
    check("HYROX MEN RELAY | Sunday", "relay [HYROX MENS RELAY] SUNDAY male");
    check("HYROX WOMEN RELAY | Sunday", "relay [HYROX WOMENS RELAY] SUNDAY female");
    check("CHARITY | HYROX MEN RELAY ", "relay [HYROX MENS RELAY] - male charity");
    check("CHARITY | HYROX MEN | Saturday", "single [HYROX MEN] SATURDAY male charity");
    check("  hyrox   men|saturday", "single [HYROX MEN] SATURDAY male");
    check("HYROX MEN'S RELAY", "relay [HYROX MENS RELAY] - male");
    check("HYROX DOUBLES MEN | ATHLETE 2 | Saturday", "double [HYROX DOUBLES MEN] SATURDAY male member");
    check("HYROX DOUBLES MEN ATHLETE2 | Saturday", "double [HYROX DOUBLES MEN] SATURDAY male member");
    check("HYROX DOUBLES MEN - ATHLETEN 2", "double [HYROX DOUBLES MEN] - male member");
    check("HYROX WOMENS RELAY (TEAM MEMBERS)", "relay [HYROX WOMENS RELAY] - female member");
    check("TEAM MEMBER | Friday", "relay [] FRIDAY - member");
    check("ATHLETE 2", "double [] - - member");
    check("HYROX DOUBLES MEN | ATHLETE 1", "double [HYROX DOUBLES MEN] - male");
}

#[test]
fn fault_14_whole_words_tell_the_gender() {
    check("HYROX Germany | Friday", "single [] FRIDAY -");
    check("HYROX Manchester WOMEN", "single [HYROX WOMEN] - female");
    check("HYROX MIXED RELAY Oman", "relay [HYROX MIXED RELAY] - mixed");
}

#[test]
fn korean_and_thai_and_others() {
    check("HYROX MEN 남성 | 토요일", "single [HYROX MEN] SATURDAY male");
    check("HYROX 여자 | 일요일", "single [HYROX WOMEN] SUNDAY female");
    check("하이록스 더블 혼성 | 금요일", "double [HYROX DOUBLES MIXED] FRIDAY mixed");
    check("HYROX 남자 릴레이 팀원", "relay [HYROX MENS RELAY] - male member");
    check("SPECTATOR 관람객 | 토요일", "spectator [] SATURDAY -");
    check("관람 2일권", "spectator [] MULTI_DAY -");
    check("관람 10월 23일", "spectator [] THURSDAY -");
    check("HYROX ชาย | วันเสาร์", "single [HYROX MEN] SATURDAY male");
    check("HYROX WOMEN หญิง | Sunday วันอาทิตย์", "single [HYROX WOMEN] SUNDAY female");
    check("HYROX คู่ผสม | วันศุกร์", "double [HYROX DOUBLES MIXED] FRIDAY mixed");
    check("HYROX DOUBLES MEN ชาย | ATHLETE 2 | วันเสาร์", "double [HYROX DOUBLES MEN] SATURDAY male member");
    check("ผู้ชม | ทุกวัน", "spectator [] MULTI_DAY -");
    check("HYROX 男子 接力 | 星期六", "relay [HYROX MENS RELAY] SATURDAY male");
    check("HYROX DOPPEL DAMEN | Samstag", "double [HYROX DOUBLES WOMEN] SATURDAY female");
}

#[test]
fn extras_are_no_athletes() {
    check("Sportograf Photo Package", "extra [] - -");
    check("Friends & Family Pass", "extra [] - -");
    check("Transfer Fee", "extra [] - -");
    check("Complimentary Entry", "extra [] - -");
    check("Volunteering | Saturday", "extra [] SATURDAY -");
    let places = |name: &str| Rules::shipped().read(name, &days()).takes_place();
    assert!(places("HYROX MEN | Saturday") && places("HYROX MIXED RELAY"));
    for name in ["HYROX DOUBLES MEN ATHLETE 2", "TEAM MEMBER", "Photo Package", "Volunteering", "SPECTATOR"] {
        assert!(!places(name), "{name}");
    }
}

/// The names of the recorded events: each athlete's has a group, and none a day it does not say.
#[test]
fn recorded_names_all_have_a_group() {
    let folder = "data/vivenu/High-Impact-Athletes_vivenu-dashboard";
    for (file, count) in [("frankfurt_test_results.json", 30), ("paris_test_results.json", 50)] {
        let Some(bytes) = testkit::recorded_bytes(&format!("{folder}/{file}")) else { return };
        let whole: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let types = whole["ticket_types"].as_array().unwrap();
        assert!(types.len() >= count, "{file}: {}", types.len());
        for name in types.iter().filter_map(|one| one["name"].as_str()) {
            let read = Rules::shipped().read(name, &days());
            assert!(read.group.is_some() || read.category == Category::Spectator, "{name}");
            let says = name.contains("day") || name.contains("October");
            assert_eq!(read.day.is_some(), says, "{name}");
        }
    }
}

#[test]
fn a_region_says_what_its_own_names_mean() {
    let own = "marks:\n  spectator: [tribune]\nnames:\n  \"Block B\": {category: spectator, day: saturday}\n  \
               \"HYROX MEN | Night\": {group: HYROX NIGHT MEN, day: 2025-10-24}\n";
    let rules = Rules::with("own.yaml", own).unwrap();
    let read = |name: &str| rules.read(name, &days());
    assert_eq!(read("Tribune | Sunday").category, Category::Spectator);
    assert_eq!(read("SPECTATOR").category, Category::Single);
    assert_eq!(
        (read("block  b").category, read("BLOCK-B").day),
        (Category::Spectator, Day::from_name("saturday"))
    );
    let night = read("hyrox men | night");
    assert_eq!((night.group.as_deref(), night.day), (Some("HYROX NIGHT MEN"), Day::from_name("friday")));
    assert_eq!(night.gender, Some(Gender::Male));

    let faults = Rules::with("own.yaml", "mark:\n  men: [m]\n").unwrap_err();
    assert!(faults[0].to_string().contains("marks"), "{}", faults[0]);
}

#[test]
fn answers_of_forms_are_understood() {
    let of = |text: &str| Rules::shipped().gender_of(text);
    assert_eq!(of("Male 남성"), Some(Gender::Male));
    assert_eq!(of("Female 女性"), Some(Gender::Female));
    assert_eq!(
        (of("women"), of("WOMAN"), of("men")),
        (Some(Gender::Female), Some(Gender::Female), Some(Gender::Male))
    );
    assert_eq!((of(""), of("prefer not to say"), of("mixed")), (None, None, None));
}
