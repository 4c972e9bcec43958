//! Regions in every spelling, and all that can be wrong with them.

use super::*;

fn written(pairs: &[(&str, &str, &str)]) -> Written {
    let mut written = Written::new();
    for (region, name, value) in pairs {
        written.entry((*region).to_owned()).or_default().insert((*name).to_owned(), (*value).to_owned());
    }
    written
}

#[test]
fn every_spelling_of_the_systems_before_is_read() {
    let regions = read(
        &written(&[
            ("South_Korea", "token", "t"),
            ("south-korea", "EVENT_ID", "e1"),
            ("south_korea", "schema_name", "korea"),
            ("south_korea", "only_specator_report", "True"),
            ("south_korea", "REGISTRATION_CHANNEL", "#sales"),
            ("south_korea", "price_tier", "l2"),
            ("south_korea", "field_nationality", "citizenship"),
            ("south_korea", "field_birthday", "born"),
            ("south_korea", "field_gym", ""),
        ]),
        &RegionDefaults::default(),
    );
    let regions = regions.unwrap();
    let region = &regions[0].region;
    assert_eq!(regions.len(), 1);
    assert_eq!((&*region.name, &*region.event_id, &*region.schema), ("south-korea", "e1", "korea"));
    assert_eq!(region.source().as_str(), "vivenu/south-korea");
    assert!(region.only_spectator_report && !region.summary_breakdown_day);
    assert_eq!((&*region.registration_channel, region.price_tier), ("#sales", Some(PriceTier::L2)));
    assert_eq!((region.base_url.as_str(), &*region.locality), ("https://vivenu.com/api", "HK"));
    let fields: Vec<_> = region.fields.iter().map(|(column, answer)| (&**column, &**answer)).collect();
    assert_eq!(fields, [("birth_date", "born"), ("nationality", "citizenship")]);
}

#[test]
fn local_is_a_country_by_code_or_name() {
    let read = |said: &str| {
        let pairs = [("bangkok", "token", "t"), ("bangkok", "event_id", "e"), ("bangkok", "locality", said)];
        read(&written(&pairs), &RegionDefaults::default())
    };
    for said in ["TH", "th", "Thailand", "thailand"] {
        assert_eq!(read(said).unwrap()[0].region.locality, "TH", "{said}");
    }
    let refused = format!("{:?}", read("Siam").unwrap_err());
    assert!(refused.contains("locality `Siam`"), "{refused}");
}

#[test]
fn everything_that_is_missing_or_wrong_is_told_at_once() {
    let faults = read(
        &written(&[
            ("japan", "max_capacity", "many"),
            ("japan", "price_tier", "L9"),
            ("taiwan", "tokn", "t"),
            ("taiwan", "base_url", "vivenu"),
            ("taiwan", "field_nationalty", "q"),
            ("taiwan", "field_bogus", "q"),
        ]),
        &RegionDefaults::default(),
    );
    let faults = faults.unwrap_err().to_string();
    for part in [
        "region japan: `token` is missing",
        "EVENT_CONFIGS__japan__event_id",
        "`max_capacity` \"many\" is not a whole number",
        "`price_tier` \"L9\" is not EB, L1, L2, L3 or L4",
        "region taiwan: there is no parameter `tokn`; did you mean `token`?",
        "region taiwan: `base_url` \"vivenu\" is not an address",
        "region taiwan: `field_nationalty`: no answer is read into a column `nationalty`; did you mean `nationality`?",
        "column `bogus`; there are gender, birth_date, nationality",
    ] {
        assert!(faults.contains(part), "{part}\n{faults}");
    }
}

#[test]
fn fault_2_each_region_has_its_own_address_and_schema() {
    let defaults =
        RegionDefaults { base_url: Some("https://vivenu.dev/api/".into()), token: Some("all".into()) };
    let regions = read(
        &written(&[
            ("a", "event_id", "1"),
            ("b", "event_id", "2"),
            ("b", "base_url", "https://eu.vivenu.com/api"),
        ]),
        &defaults,
    )
    .unwrap();
    let shown: Vec<_> =
        regions.iter().map(|one| (one.region.base_url.as_str(), &*one.region.schema)).collect();
    assert_eq!(shown, [("https://vivenu.dev/api", "a"), ("https://eu.vivenu.com/api", "b")]);
}

#[test]
fn a_key_is_shown_to_the_usual_list_of_check_ins_only_with_the_usual_address() {
    let lists = |name: &str, value: &str| {
        let pairs = [("a", "token", "t"), ("a", "event_id", "1"), ("a", name, value)];
        read(&written(&pairs), &RegionDefaults::default()).unwrap()[0].region.lists_scans()
    };
    assert!(lists("base_url", "") && lists("base_url", "https://vivenu.com/api/"));
    assert!(!lists("base_url", "https://vivenu.dev/api") && !lists("base_url", "http://127.0.0.1:1/api"));
    assert!(lists("scans_url", "https://doors.example/scans"));
}

#[test]
fn secrets_are_not_shown() {
    let regions = read(
        &written(&[("a", "event_id", "1"), ("a", "token", "hush"), ("a", "webhook_secret", "still")]),
        &RegionDefaults::default(),
    );
    let shown = format!("{:?}", regions.unwrap());
    assert!(!shown.contains("hush") && !shown.contains("still"), "{shown}");
}
