//! Documents of days in Redis, as whoever reads them there gets them: filled by commands and by the server,
//! through a Redis that is killed, over an encrypted connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;

use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;
use testkit::TempFolder;
use testkit::redis::OwnRedis;

use crate::call::{Desk, until};

/// What Redis holds under a key; `None` for nothing, and where it does not answer.
fn stored(url: &str, key: &str) -> Option<String> {
    let mut stream = TcpStream::connect(url.trim_start_matches("redis://")).ok()?;
    write!(stream, "GET {key}\r\n").ok()?;
    let mut answer = BufReader::new(stream);
    let mut head = String::new();
    answer.read_line(&mut head).ok()?;
    let size: usize = head.trim().strip_prefix('$')?.parse().ok()?;
    let mut text = vec![0; size];
    answer.read_exact(&mut text).ok()?;
    String::from_utf8(text).ok()
}

/// The titles of a day, from Redis.
fn titles(url: &str, day: NaiveDate) -> Option<Vec<String>> {
    let list: Vec<Value> = serde_json::from_str(&stored(url, &format!("events:{day}"))?).ok()?;
    Some(list.iter().map(|event| event["title"].as_str().unwrap_or_default().to_owned()).collect())
}

/// Events as (key, title, day), all in the evening in Chicago.
fn calendar(events: &[(String, String, NaiveDate)]) -> String {
    let event = |(key, title, day): &(String, String, NaiveDate)| {
        let day = day.format("%Y%m%d");
        format!(
            "BEGIN:VEVENT\r\nUID:{key}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{title}\r\n\
             DTSTART;TZID=America/Chicago:{day}T213000\r\nEND:VEVENT\r\n"
        )
    };
    let events: String = events.iter().map(event).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{events}END:VCALENDAR\r\n")
}

fn one(key: &str, title: &str, day: NaiveDate) -> (String, String, NaiveDate) {
    (key.to_owned(), title.to_owned(), day)
}

/// A desk whose cache is at `url`, and its today.
fn desk(url: &str) -> (Desk, NaiveDate) {
    let desk = Desk::new();
    desk.folder.write("callboard.yaml", format!("cache: {url}\ntimezone: America/Chicago\ncache_days: 5\n"));
    desk.folder.write("empty.ics", calendar(&[]));
    desk.call(&["collect", "empty.ics"]);
    let today = status(&desk)["today"].as_str().expect("a day").parse().expect("a day");
    (desk, today)
}

fn status(desk: &Desk) -> Value {
    desk.object(&["cache", "status", "--format", "json"]).1
}

#[test]
fn a_command_that_commits_fills_what_others_read() {
    let Some(server) = OwnRedis::start() else { return };
    let (url, (desk, today)) = (server.url(), desk(&server.url()));
    let (first, second) = (today + TimeDelta::days(1), today + TimeDelta::days(2));
    assert_eq!(titles(&url, today), Some(vec![]), "a day without events is an empty list");
    desk.folder.write("a.ics", calendar(&[one("1", "Set", first), one("2", "Other", second)]));
    let planned = desk.call(&["collect", "a.ics", "--dry-run"]);
    assert_eq!((planned.code, titles(&url, first)), (0, Some(vec![])), "a dry run writes nothing");
    assert_eq!(desk.call(&["collect", "a.ics"]).code, 0);
    assert_eq!(
        (titles(&url, first), titles(&url, second)),
        (Some(vec!["Set".into()]), Some(vec!["Other".into()]))
    );

    let mut said = desk.events(&["--from", &first.to_string(), "--to", &first.to_string()]);
    said[0].as_object_mut().expect("an object").remove("last_seen");
    let shown = desk.call(&["cache", "show", &first.to_string()]);
    assert_eq!(serde_json::from_str::<Value>(&shown.stdout).expect("JSON"), Value::from(said));
    assert!(shown.stderr.contains("1 event, from the cache redis://"), "{}", shown.stderr);

    desk.folder.write("a.ics", calendar(&[one("1", "Set", second), one("2", "Other", second)]));
    assert_eq!(desk.call(&["collect", "a.ics"]).code, 0);
    let moved = Some(vec!["Set".to_owned(), "Other".to_owned()]);
    assert_eq!(
        (titles(&url, first), titles(&url, second)),
        (Some(vec![]), moved),
        "it leaves the day it was on"
    );

    let seen = status(&desk);
    assert_eq!((&seen["behind"], &seen["filled_from"]), (&0.into(), &"this_store".into()), "{seen}");
    assert_eq!(seen["documents"].as_array().map(Vec::len), Some(7), "{seen}");
    assert_eq!(desk.call(&["cache", "clear"]).code, 0);
    assert_eq!(titles(&url, second), None);
    assert_eq!(
        desk.call(&["cache", "fill", "--from", &second.to_string(), "--to", &second.to_string()]).code,
        0
    );
    assert_eq!((titles(&url, today), titles(&url, second).map(|list| list.len())), (None, Some(2)));
    assert_eq!(desk.call(&["cache", "fill", "--from", "1999-01-01"]).code, 2);
}

#[test]
fn redis_killed_and_back_while_runs_commit_loses_nothing_and_is_told_once() {
    let Some(mut server) = OwnRedis::start() else { return };
    let (url, (desk, today)) = (server.url(), desk(&server.url()));
    let serve = desk.start_with(&["serve", "--log-file", "serve.log"], &[("CALLBOARD_LOG", "info")]);
    desk.folder.write("a.ics", calendar(&[one("a", "Before", today)]));
    assert_eq!(desk.call(&["collect", "a.ics"]).code, 0);
    assert_eq!(titles(&url, today), Some(vec!["Before".to_owned()]));

    for file in 0..200 {
        let event =
            |n: i64| one(&format!("{file}-{n}"), &format!("{file}-{n}"), today + TimeDelta::days(n % 5));
        let events: Vec<_> = (0..10).map(event).collect();
        desk.folder.write(&format!("many/{file}.ics"), calendar(&events));
    }
    let run = desk.start(&["collect", "many", "--format", "json"]);
    server.kill();
    let answer = run.end();
    let summary = answer.object().1;
    assert_eq!((answer.code, &summary["by_kind"]["event"]["new"]), (0, &2_000.into()), "{}", answer.stderr);
    assert_eq!(answer.stderr.matches("does not answer").count(), 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("Work goes on without it"), "{}", answer.stderr);
    let away = status(&desk);
    assert!(away["error"].as_str().is_some_and(|error| error.contains("does not answer")), "{away}");
    assert!(away["behind"].as_u64() >= Some(2_000), "{away}");

    let log = desk.folder.path().join("serve.log");
    until("the server has missed it", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("the cache is away"))
    });
    server.start_again();
    until("the server has caught up", || titles(&url, today).is_some_and(|list| list.len() == 401));
    for day in (0..5).map(|n| today + TimeDelta::days(n)) {
        let said = desk.events(&["--from", &day.to_string(), "--to", &day.to_string()]);
        let said: Vec<_> =
            said.iter().map(|event| event["title"].as_str().unwrap_or_default().to_owned()).collect();
        until("each day is as the store says", || titles(&url, day).as_ref() == Some(&said));
    }
    serve.signal("TERM");
    let served = serve.end();
    assert_eq!(served.code, 0, "{}", served.stderr);
    assert_eq!(served.stderr.matches("warning: the cache").count(), 1, "{}", served.stderr);
    assert_eq!(served.stderr.matches("is back after").count(), 1, "{}", served.stderr);
}

#[test]
fn a_password_is_shown_nowhere() {
    let desk = Desk::new();
    desk.folder.write("callboard.yaml", "cache: redis://:s3cret@127.0.0.1:1\nlog_level: debug\n");
    desk.folder.write("a.ics", calendar(&[]));
    for args in [
        &["collect", "a.ics"][..],
        &["cache", "status"],
        &["cache", "clear"],
        &["doctor"],
        &["config", "show"],
    ] {
        let answer = desk.call(args);
        let all = format!("{}{}", answer.stdout, answer.stderr);
        assert!(all.contains("127.0.0.1:1") && !all.contains("s3cret"), "{args:?}: {all}");
    }
}

/// A certificate for 127.0.0.1 in `folder`, signed by itself; false where there is no openssl.
fn certificate(folder: &TempFolder) -> bool {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &path("key.pem"), "-out", &path("certificate.pem")])
        .output();
    made.is_ok_and(|made| made.status.success())
}

#[test]
fn an_encrypted_redis_is_spoken_to_where_its_certificate_is_trusted() {
    let mut trusted = TempFolder::new().write("nothing", "");
    let encrypted = |folder: &TempFolder, port: u16| {
        if !certificate(folder) {
            return Vec::new();
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        trusted = folder.path().join("certificate.pem");
        let mut arguments =
            vec!["--tls-port".to_owned(), port.to_string(), "--port".to_owned(), "0".to_owned()];
        for (name, file) in [("cert", "certificate.pem"), ("key", "key.pem"), ("ca-cert", "certificate.pem")]
        {
            arguments.extend([format!("--tls-{name}-file"), path(file)]);
        }
        arguments.extend(["--tls-auth-clients".to_owned(), "no".to_owned()]);
        arguments
    };
    let Some(server) = OwnRedis::start_with(encrypted) else { return };
    assert!(trusted.exists(), "openssl makes the certificate of this test; install it");
    let url = server.url().replace("redis://", "rediss://");
    let (desk, today) = desk(&url);
    let seen = status(&desk);
    assert!(seen["error"].as_str().is_some_and(|error| error.contains("SSL_CERT_FILE")), "{seen}");
    let trust = [("SSL_CERT_FILE", trusted.to_str().expect("a path"))];
    desk.folder.write("a.ics", calendar(&[one("a", "Safe", today)]));
    let collected = desk.start_with(&["collect", "a.ics"], &trust).end();
    assert_eq!((collected.code, collected.stderr.contains("warning")), (0, false), "{}", collected.stderr);
    let shown = desk.start_with(&["cache", "show", &today.to_string()], &trust).end();
    assert!(
        shown.stderr.contains("from the cache rediss://") && shown.stdout.contains("Safe"),
        "{}",
        shown.stderr
    );
}
