//! The zone names of Windows and Exchange. The table states facts: the registry name, the places
//! its display name lists after the offset, and the IANA zone that keeps the same time.

use chrono_tz::Tz;

/// The zone Windows calls `name`: `W. Europe Standard Time`, also with `Daylight` for `Standard`,
/// with the number Exchange appends to a copy, or short (`Eastern Time`, `Romance`).
pub(super) fn by_name(name: &str) -> Option<Tz> {
    let find = |wanted: &str| ROWS.iter().find(|row| row.0.eq_ignore_ascii_case(wanted)).and_then(zone_of);
    let original = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    let lower = original.to_ascii_lowercase().replace(" daylight time", " standard time");
    find(name)
        .or_else(|| find(&lower))
        .or_else(|| find(&format!("{} standard time", lower.strip_suffix(" time").unwrap_or(&lower))))
        .or_else(|| find(lower.strip_suffix(" standard time")?))
}

/// The zone Windows shows as `(UTC-03:00) Brasilia`. The offset in front is not compared: it was
/// written `GMT` in older releases, and a few zones have moved since. Where the list of places is
/// translated, the first place that one row alone lists decides.
pub(super) fn by_display_name(name: &str) -> Option<Tz> {
    let places = match name.strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or("", |(_, places)| places),
        None => name,
    };
    let wanted = folded(places);
    if wanted.is_empty() {
        return None;
    }
    let whole = ROWS.iter().find(|row| folded(row.1) == wanted).and_then(zone_of);
    if whole.is_some() || !name.starts_with('(') {
        return whole;
    }
    places.split([',', '/', ';']).find_map(by_place)
}

fn by_place(place: &str) -> Option<Tz> {
    let wanted = folded(place);
    let lists = |row: &&Row| !wanted.is_empty() && row.1.split(", ").any(|p| folded(p) == wanted);
    let mut rows = ROWS.iter().filter(lists);
    let row = rows.next()?;
    if rows.next().is_some() { None } else { zone_of(row) }
}

fn zone_of(row: &Row) -> Option<Tz> {
    row.2.parse().ok()
}

/// Lower case without accents, punctuation and spaces, so that spellings of a release compare equal.
fn folded(text: &str) -> String {
    let plain = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    text.to_lowercase().chars().map(plain).filter(|c| c.is_alphanumeric()).collect()
}

/// Registry name, places of the display name, IANA zone.
type Row = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("Dateline Standard Time", "International Date Line West", "Etc/GMT+12"),
    ("UTC-11", "Coordinated Universal Time-11", "Etc/GMT+11"),
    ("Samoa Standard Time", "Samoa", "Pacific/Apia"),
    ("Aleutian Standard Time", "Aleutian Islands", "America/Adak"),
    ("Hawaiian Standard Time", "Hawaii", "Pacific/Honolulu"),
    ("Marquesas Standard Time", "Marquesas Islands", "Pacific/Marquesas"),
    ("Alaskan Standard Time", "Alaska", "America/Anchorage"),
    ("UTC-09", "Coordinated Universal Time-09", "Etc/GMT+9"),
    ("Pacific Standard Time (Mexico)", "Baja California", "America/Tijuana"),
    ("UTC-08", "Coordinated Universal Time-08", "Etc/GMT+8"),
    ("Pacific Standard Time", "Pacific Time (US & Canada)", "America/Los_Angeles"),
    ("US Mountain Standard Time", "Arizona", "America/Phoenix"),
    ("Mountain Standard Time (Mexico)", "Chihuahua, La Paz, Mazatlan", "America/Mazatlan"),
    ("Mexico Standard Time 2", "La Paz, Mazatlan", "America/Mazatlan"),
    ("Mountain Standard Time", "Mountain Time (US & Canada)", "America/Denver"),
    ("Yukon Standard Time", "Yukon", "America/Whitehorse"),
    ("Central America Standard Time", "Central America", "America/Guatemala"),
    ("Central Standard Time", "Central Time (US & Canada)", "America/Chicago"),
    ("Easter Island Standard Time", "Easter Island", "Pacific/Easter"),
    ("Central Standard Time (Mexico)", "Guadalajara, Mexico City, Monterrey", "America/Mexico_City"),
    ("Mexico Standard Time", "Guadalajara, Mexico City, Monterrey - New", "America/Mexico_City"),
    ("Canada Central Standard Time", "Saskatchewan", "America/Regina"),
    ("SA Pacific Standard Time", "Bogota, Lima, Quito, Rio Branco", "America/Bogota"),
    ("Eastern Standard Time (Mexico)", "Chetumal", "America/Cancun"),
    ("Eastern Standard Time", "Eastern Time (US & Canada)", "America/New_York"),
    ("Haiti Standard Time", "Haiti", "America/Port-au-Prince"),
    ("Cuba Standard Time", "Havana", "America/Havana"),
    ("US Eastern Standard Time", "Indiana (East)", "America/Indiana/Indianapolis"),
    ("Turks And Caicos Standard Time", "Turks and Caicos", "America/Grand_Turk"),
    ("Paraguay Standard Time", "Asuncion", "America/Asuncion"),
    ("Atlantic Standard Time", "Atlantic Time (Canada)", "America/Halifax"),
    ("Venezuela Standard Time", "Caracas", "America/Caracas"),
    ("Central Brazilian Standard Time", "Cuiaba", "America/Cuiaba"),
    ("SA Western Standard Time", "Georgetown, La Paz, Manaus, San Juan", "America/La_Paz"),
    ("Pacific SA Standard Time", "Santiago", "America/Santiago"),
    ("Newfoundland Standard Time", "Newfoundland", "America/St_Johns"),
    ("Tocantins Standard Time", "Araguaina", "America/Araguaina"),
    ("E. South America Standard Time", "Brasilia", "America/Sao_Paulo"),
    ("SA Eastern Standard Time", "Cayenne, Fortaleza", "America/Cayenne"),
    ("Argentina Standard Time", "City of Buenos Aires", "America/Argentina/Buenos_Aires"),
    ("Buenos Aires Standard Time", "Buenos Aires", "America/Argentina/Buenos_Aires"),
    ("Greenland Standard Time", "Greenland", "America/Nuuk"),
    ("Montevideo Standard Time", "Montevideo", "America/Montevideo"),
    ("Magallanes Standard Time", "Punta Arenas", "America/Punta_Arenas"),
    ("Saint Pierre Standard Time", "Saint Pierre and Miquelon", "America/Miquelon"),
    ("Bahia Standard Time", "Salvador", "America/Bahia"),
    ("UTC-02", "Coordinated Universal Time-02", "Etc/GMT+2"),
    ("Mid-Atlantic Standard Time", "Mid-Atlantic", "Etc/GMT+2"),
    ("Azores Standard Time", "Azores", "Atlantic/Azores"),
    ("Cape Verde Standard Time", "Cabo Verde Is.", "Atlantic/Cape_Verde"),
    ("UTC", "Coordinated Universal Time", "UTC"),
    ("GMT Standard Time", "Dublin, Edinburgh, Lisbon, London", "Europe/London"),
    ("GMT Standard Time", "Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London"),
    ("Greenwich Standard Time", "Monrovia, Reykjavik", "Atlantic/Reykjavik"),
    ("Sao Tome Standard Time", "Sao Tome", "Africa/Sao_Tome"),
    ("Morocco Standard Time", "Casablanca", "Africa/Casablanca"),
    ("W. Europe Standard Time", "Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"),
    ("Central Europe Standard Time", "Belgrade, Bratislava, Budapest, Ljubljana, Prague", "Europe/Budapest"),
    ("Romance Standard Time", "Brussels, Copenhagen, Madrid, Paris", "Europe/Paris"),
    ("Central European Standard Time", "Sarajevo, Skopje, Warsaw, Zagreb", "Europe/Warsaw"),
    ("W. Central Africa Standard Time", "West Central Africa", "Africa/Lagos"),
    ("Namibia Standard Time", "Windhoek", "Africa/Windhoek"),
    ("Jordan Standard Time", "Amman", "Asia/Amman"),
    ("GTB Standard Time", "Athens, Bucharest", "Europe/Bucharest"),
    ("GTB Standard Time", "Athens, Bucharest, Istanbul", "Europe/Bucharest"),
    ("Middle East Standard Time", "Beirut", "Asia/Beirut"),
    ("Egypt Standard Time", "Cairo", "Africa/Cairo"),
    ("E. Europe Standard Time", "Chisinau", "Europe/Chisinau"),
    ("E. Europe Standard Time", "Eastern Europe", "Europe/Chisinau"),
    ("Syria Standard Time", "Damascus", "Asia/Damascus"),
    ("West Bank Standard Time", "Gaza, Hebron", "Asia/Hebron"),
    ("South Africa Standard Time", "Harare, Pretoria", "Africa/Johannesburg"),
    ("FLE Standard Time", "Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius", "Europe/Kiev"),
    ("Israel Standard Time", "Jerusalem", "Asia/Jerusalem"),
    ("South Sudan Standard Time", "Juba", "Africa/Juba"),
    ("Kaliningrad Standard Time", "Kaliningrad", "Europe/Kaliningrad"),
    ("Sudan Standard Time", "Khartoum", "Africa/Khartoum"),
    ("Libya Standard Time", "Tripoli", "Africa/Tripoli"),
    ("Turkey Standard Time", "Istanbul", "Europe/Istanbul"),
    ("Arabic Standard Time", "Baghdad", "Asia/Baghdad"),
    ("Arab Standard Time", "Kuwait, Riyadh", "Asia/Riyadh"),
    ("Belarus Standard Time", "Minsk", "Europe/Minsk"),
    ("Russian Standard Time", "Moscow, St. Petersburg", "Europe/Moscow"),
    ("Russian Standard Time", "Moscow, St. Petersburg, Volgograd", "Europe/Moscow"),
    ("E. Africa Standard Time", "Nairobi", "Africa/Nairobi"),
    ("Volgograd Standard Time", "Volgograd", "Europe/Volgograd"),
    ("Iran Standard Time", "Tehran", "Asia/Tehran"),
    ("Arabian Standard Time", "Abu Dhabi, Muscat", "Asia/Dubai"),
    ("Astrakhan Standard Time", "Astrakhan, Ulyanovsk", "Europe/Astrakhan"),
    ("Azerbaijan Standard Time", "Baku", "Asia/Baku"),
    ("Russia Time Zone 3", "Izhevsk, Samara", "Europe/Samara"),
    ("Mauritius Standard Time", "Port Louis", "Indian/Mauritius"),
    ("Saratov Standard Time", "Saratov", "Europe/Saratov"),
    ("Georgian Standard Time", "Tbilisi", "Asia/Tbilisi"),
    ("Caucasus Standard Time", "Yerevan", "Asia/Yerevan"),
    ("Armenian Standard Time", "Yerevan - Old", "Asia/Yerevan"),
    ("Afghanistan Standard Time", "Kabul", "Asia/Kabul"),
    ("West Asia Standard Time", "Ashgabat, Tashkent", "Asia/Tashkent"),
    ("Qyzylorda Standard Time", "Astana", "Asia/Qyzylorda"),
    ("Ekaterinburg Standard Time", "Ekaterinburg", "Asia/Yekaterinburg"),
    ("Pakistan Standard Time", "Islamabad, Karachi", "Asia/Karachi"),
    ("India Standard Time", "Chennai, Kolkata, Mumbai, New Delhi", "Asia/Kolkata"),
    ("Sri Lanka Standard Time", "Sri Jayawardenepura", "Asia/Colombo"),
    ("Nepal Standard Time", "Kathmandu", "Asia/Kathmandu"),
    ("Central Asia Standard Time", "Bishkek", "Asia/Bishkek"),
    ("Bangladesh Standard Time", "Dhaka", "Asia/Dhaka"),
    ("Omsk Standard Time", "Omsk", "Asia/Omsk"),
    ("N. Central Asia Standard Time", "Novosibirsk", "Asia/Novosibirsk"),
    ("Myanmar Standard Time", "Yangon (Rangoon)", "Asia/Yangon"),
    ("SE Asia Standard Time", "Bangkok, Hanoi, Jakarta", "Asia/Bangkok"),
    ("Altai Standard Time", "Barnaul, Gorno-Altaysk", "Asia/Barnaul"),
    ("W. Mongolia Standard Time", "Hovd", "Asia/Hovd"),
    ("North Asia Standard Time", "Krasnoyarsk", "Asia/Krasnoyarsk"),
    ("Tomsk Standard Time", "Tomsk", "Asia/Tomsk"),
    ("China Standard Time", "Beijing, Chongqing, Hong Kong, Urumqi", "Asia/Shanghai"),
    ("North Asia East Standard Time", "Irkutsk", "Asia/Irkutsk"),
    ("Singapore Standard Time", "Kuala Lumpur, Singapore", "Asia/Singapore"),
    ("Malay Peninsula Standard Time", "Malay Peninsula", "Asia/Singapore"),
    ("W. Australia Standard Time", "Perth", "Australia/Perth"),
    ("Taipei Standard Time", "Taipei", "Asia/Taipei"),
    ("Ulaanbaatar Standard Time", "Ulaanbaatar", "Asia/Ulaanbaatar"),
    ("North Korea Standard Time", "Pyongyang", "Asia/Pyongyang"),
    ("Aus Central W. Standard Time", "Eucla", "Australia/Eucla"),
    ("Transbaikal Standard Time", "Chita", "Asia/Chita"),
    ("Tokyo Standard Time", "Osaka, Sapporo, Tokyo", "Asia/Tokyo"),
    ("Korea Standard Time", "Seoul", "Asia/Seoul"),
    ("Yakutsk Standard Time", "Yakutsk", "Asia/Yakutsk"),
    ("Cen. Australia Standard Time", "Adelaide", "Australia/Adelaide"),
    ("AUS Central Standard Time", "Darwin", "Australia/Darwin"),
    ("E. Australia Standard Time", "Brisbane", "Australia/Brisbane"),
    ("AUS Eastern Standard Time", "Canberra, Melbourne, Sydney", "Australia/Sydney"),
    ("West Pacific Standard Time", "Guam, Port Moresby", "Pacific/Port_Moresby"),
    ("Tasmania Standard Time", "Hobart", "Australia/Hobart"),
    ("Vladivostok Standard Time", "Vladivostok", "Asia/Vladivostok"),
    ("Lord Howe Standard Time", "Lord Howe Island", "Australia/Lord_Howe"),
    ("Bougainville Standard Time", "Bougainville Island", "Pacific/Bougainville"),
    ("Russia Time Zone 10", "Chokurdakh", "Asia/Srednekolymsk"),
    ("Magadan Standard Time", "Magadan", "Asia/Magadan"),
    ("Norfolk Standard Time", "Norfolk Island", "Pacific/Norfolk"),
    ("Sakhalin Standard Time", "Sakhalin", "Asia/Sakhalin"),
    ("Central Pacific Standard Time", "Solomon Is., New Caledonia", "Pacific/Guadalcanal"),
    ("Russia Time Zone 11", "Anadyr, Petropavlovsk-Kamchatsky", "Asia/Kamchatka"),
    ("Kamchatka Standard Time", "Petropavlovsk-Kamchatsky - Old", "Asia/Kamchatka"),
    ("New Zealand Standard Time", "Auckland, Wellington", "Pacific/Auckland"),
    ("UTC+12", "Coordinated Universal Time+12", "Etc/GMT-12"),
    ("Fiji Standard Time", "Fiji", "Pacific/Fiji"),
    ("Chatham Islands Standard Time", "Chatham Islands", "Pacific/Chatham"),
    ("UTC+13", "Coordinated Universal Time+13", "Etc/GMT-13"),
    ("Tonga Standard Time", "Nuku'alofa", "Pacific/Tongatapu"),
    ("Line Islands Standard Time", "Kiritimati Island", "Pacific/Kiritimati"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_a_known_zone_and_is_found_by_both_its_names() {
        assert!(ROWS.len() > 140);
        for row in ROWS {
            assert!(zone_of(row).is_some(), "{} means no known zone", row.2);
            assert_eq!(by_display_name(&format!("(UTC+00:00) {}", row.1)), zone_of(row), "{}", row.1);
            assert_eq!(by_name(row.0), zone_of(row), "{}", row.0);
        }
    }
}
