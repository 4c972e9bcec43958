use super::*;

fn hints() -> Hints {
    Hints { today: NaiveDate::from_ymd_opt(2019, 10, 7), ..Hints::default() }
}

fn show(when: &When) -> String {
    match (when.date, when.time, when.zone) {
        (Some(date), Some(time), Zone::Offset(offset)) => format!("{date} {}{offset}", time.format("%H:%M")),
        (Some(date), Some(time), _) => format!("{date} {}", time.format("%H:%M")),
        (Some(date), None, _) if when.clock == Clock::Unstated => date.to_string(),
        (Some(date), None, _) => format!("{date} {:?}", when.clock),
        (None, ..) => "?".to_owned(),
    }
}

fn shown(text: &str, hints: &Hints) -> String {
    match read_span(text, hints) {
        None => "none".to_owned(),
        Some(Span { start, end: None }) => show(&start),
        Some(Span { start, end: Some(end) }) => format!("{} > {}", show(&start), show(&end)),
    }
}

fn check(text: &str, expected: &str) {
    assert_eq!(shown(text, &hints()), expected, "{text:?}");
}

#[test]
fn reads_dates_with_times() {
    check("Monday, January 14, 2019 at 3:00 p.m.", "2019-01-14 15:00");
    check("October 08, 2019, 8:30 a.m.", "2019-10-08 08:30");
    check("7/3/19 5:30PM", "2019-07-03 17:30");
    check("9/9/2019 7:00:00 PM", "2019-09-09 19:00");
    check("09/27/2022 - 6:00pm", "2022-09-27 18:00");
    check("January  9 at  1:00  pm", "2020-01-09 13:00");
    check("July 24th, 2019 10:00 AM", "2019-07-24 10:00");
    check("Sept. 3, 2019 noon", "2019-09-03 12:00");
    check("Tuesday, May 7, 2024, 12 noon", "2024-05-07 12:00");
    check("4th of July 2020, 7.30 pm", "2020-07-04 19:30");
    check("March22,2019 830 am", "2019-03-22 08:30");
    check("Jan 14 '20 5p", "2020-01-14 17:00");
    check("14-Jan-19 15:00", "2019-01-14 15:00");
    check("Thursday, June 27 , 2019 , 3:00 P.M.", "2019-06-27 15:00");
}

#[test]
fn reads_dates_without_times_as_such() {
    check("September 16, 2019 City Council Meeting", "2019-09-16");
    check("August 16, 2022*", "2022-08-16");
    check("Friday, October 4, time TBD", "2019-10-04 ToBeAnnounced");
    check("June 1, 2020 all day", "2020-06-01 AllDay");
    check("04/04/2019", "2019-04-04");
    check("no meeting in the summer of 2019", "none");
    check("we may 2 think of it at Room 339", "2020-05-02");
    check("Board of Directors", "none");
    check("", "none");
}

#[test]
fn reads_machine_forms() {
    check("2019-01-14", "2019-01-14");
    check("2019-01-14T15:00:00", "2019-01-14 15:00");
    check("2019-01-14 15:00:00.000", "2019-01-14 15:00");
    check("2019-01-14T15:00:00Z", "2019-01-14 15:00+00:00");
    check("2022-09-27T18:00:00-07:00", "2022-09-27 18:00-07:00");
    check("2015-10-31T19:30:00-0400", "2015-10-31 19:30-04:00");
    check("Mon, 14 Jan 2019 15:00:00 -0500", "2019-01-14 15:00-05:00");
    check("20190114", "2019-01-14");
}

#[test]
fn reads_ranges() {
    check("Saturday October 5, 2019, 9 AM - Noon", "2019-10-05 09:00 > 2019-10-05 12:00");
    check("May 1, 2020 10:30 AM - 12:00 PM", "2020-05-01 10:30 > 2020-05-01 12:00");
    check("May 1, 2020 10 - 11:30 am", "2020-05-01 10:00 > 2020-05-01 11:30");
    check("May 1, 2020, from 6 to 8 pm", "2020-05-01 18:00 > 2020-05-01 20:00");
    check("May 1, 2020 11 - 1 pm", "2020-05-01 11:00 > 2020-05-01 13:00");
    check("May 1, 2020 5:30pm - 7:00", "2020-05-01 17:30 > 2020-05-01 19:00");
    check("May 1, 2020 9 pm - 2 am", "2020-05-01 21:00 > 2020-05-02 02:00");
    check("May 3-5, 2020", "2020-05-03 > 2020-05-05");
    check("May 30 - June 2, 2020", "2020-05-30 > 2020-06-02");
    check("Dec 30 to Jan 2, 2020", "2019-12-30 > 2020-01-02");
    check("Sat, Mar 19, 2022 7:30 PM – Sun, Mar 20, 10:30 PM CDT", "2022-03-19 19:30 > 2022-03-20 22:30");
    check("April 14, 2023 10:30 am to 11:00 am, 30 mins", "2023-04-14 10:30 > 2023-04-14 11:00");
    check("9:00 am - 2:00 pm Feb 26, 2019", "2019-02-26 09:00 > 2019-02-26 14:00");
    check("January 14, 2019 (posted January 3, 2019)", "2019-01-14");
    check("01/02/2020 10:00-11:30", "2020-01-02 10:00 > 2020-01-02 11:30");
}

#[test]
fn reads_other_languages() {
    check("5 March 2020, 18h30", "2020-03-05 18:30");
    check("Freitag, 3. Mai 2024, 18.30 Uhr", "2024-05-03 18:30");
    check("3.–5. Mai 2024", "2024-05-03 > 2024-05-05");
    check("Samstag 14.12.2019 20 Uhr", "2019-12-14 20:00");
    check("le 1er février 2020 à 20h", "2020-02-01 20:00");
    check("5 de marzo de 2020", "2020-03-05");
    check("vrijdag 3 januari 2020 20:15", "2020-01-03 20:15");
    check("24 décembre 2019", "2019-12-24");
}

#[test]
fn infers_a_missing_year_by_one_rule() {
    check("October 4", "2019-10-04");
    check("July 20", "2019-07-20");
    check("June 20", "2020-06-20");
    check("Monday, January 14", "2019-01-14");
    check("Tuesday, January 14", "2020-01-14");
    check("1/14 at 5 pm", "2020-01-14 17:00");
    let stated = Hints { year: Some(2018), ..hints() };
    assert_eq!(shown("June 19 at 3:00 pm CANCELLED", &stated), "2018-06-19 15:00");
    assert_eq!(shown("June 19", &Hints::default()), "none");
}

#[test]
fn numeric_order_follows_sign_and_hint() {
    check("3/4/2019", "2019-03-04");
    check("3.4.2019", "2019-04-03");
    check("25/4/2019", "2019-04-25");
    check("04.22.19 Board", "2019-04-22");
    let day_first = Hints { order: Order::DayFirst, ..hints() };
    assert_eq!(shown("3/4/2019", &day_first), "2019-04-03");
    let month_first = Hints { order: Order::MonthFirst, ..hints() };
    assert_eq!(shown("04.03.19", &month_first), "2019-04-03");
}

#[test]
fn joins_a_date_with_a_time_of_its_own() {
    let day = read("July 24th, 2019", &hints()).unwrap();
    assert_eq!(show(&at(&day, "10:00 AM")), "2019-07-24 10:00");
    assert_eq!(show(&at(&day, "TBD")), "2019-07-24 ToBeAnnounced");
    assert_eq!(show(&at(&day, "")), "2019-07-24");
}

#[test]
fn an_end_that_repeats_the_start_says_nothing() {
    let end = |text: &str| read_span(text, &hints()).unwrap().end.map(|end| show(&end));
    assert_eq!(end("Apr 22, 2019, 09:00am - 09:00am"), None);
    assert_eq!(end("Apr 22, 2019, 10 pm - 1 am").as_deref(), Some("2019-04-23 01:00"));
}

#[test]
fn never_panics() {
    for text in [
        "31/31/3131",
        "99:99",
        "Feb 30, 2019",
        "0/0/0",
        "1:",
        "h h h",
        "May",
        "14 May -",
        "１２",
        "- - -",
        "12",
        "5 May 5 May",
        "January 32",
    ] {
        let _ = read_span(text, &hints());
    }
}

#[test]
fn a_year_that_stands_apart_from_its_day_is_read() {
    let hints = Hints { today: "2026-11-22".parse().ok(), ..Hints::default() };
    let check = |text: &str, expected: &str| {
        let date = read(text, &hints).and_then(|when| when.date).map(|date| date.to_string());
        assert_eq!(date.as_deref(), Some(expected), "{text}");
    };
    check("October 12 (W), 2022", "2022-10-12");
    check("October 12(W) - 13(TH), 2022", "2022-10-12");
    check("October 12 (Wed) 2022 7pm", "2022-10-12");
    check("October 12, 7 pm, 2022", "2022-10-12");
    check("Wed Oct 12 [tentative] 2022", "2022-10-12");
    check("December 12, 7 pm, 2001 Main Street", "2026-12-12");
    check("Sat, Mar 19, 7:30 PM", "2022-03-19");
}
