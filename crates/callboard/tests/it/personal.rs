//! Personal data as users meet it: masked, asked for, sealed, forgotten; and what may be kept for so long only.

use serde_json::Value;
use testkit::servers::Server;

use crate::call::{Answer, Desk, until};

const EMAIL: &str = "ada@example.test";

/// A page about an evening, with whom to write to.
fn page(email: &str) -> String {
    format!(
        r#"<html><head><script type="application/ld+json">{{
          "@context": "https://schema.org", "@type": "Event", "@id": "https://hall.test/1", "name": "Evening",
          "startDate": "2026-12-01T20:00:00+01:00", "description": "Seats: {email}",
          "location": {{"@type": "Place", "name": "Hall", "geo": {{"latitude": 52.5, "longitude": 13.4}}}},
          "organizer": {{"@type": "Organization", "@id": "https://hall.test/who", "name": "The Hall",
            "email": "{email}", "telephone": "+49 30 7654321"}}
        }}</script></head><body>Evening</body></html>"#
    )
}

/// A desk that has collected a page with a person on it.
fn desk(env: &[(&str, &str)]) -> Desk {
    let desk = Desk::new();
    collect(&desk, EMAIL, env);
    desk
}

fn collect(desk: &Desk, email: &str, env: &[(&str, &str)]) -> Value {
    std::fs::write(desk.folder.path().join("evening.html"), page(email)).expect("a file");
    let answer = call(desk, &["collect", "evening.html", "--source", "hall", "--format", "json"], env);
    let (code, summary) = answer.object();
    assert!(matches!(code, 0 | 3), "{summary} {}", answer.stderr);
    summary
}

fn call(desk: &Desk, args: &[&str], env: &[(&str, &str)]) -> Answer {
    desk.start_with(args, env).end()
}

fn fine(desk: &Desk, args: &[&str], env: &[(&str, &str)]) -> String {
    let answer = call(desk, args, env);
    assert_eq!(answer.code, 0, "{args:?}: {}{}", answer.stdout, answer.stderr);
    answer.stdout + &answer.stderr
}

fn organizer(desk: &Desk) -> String {
    let listed = fine(desk, &["export", "organizers", "--format", "ndjson"], &[]);
    let row: Value = listed.lines().find_map(|line| serde_json::from_str(line).ok()).expect("an organizer");
    row["id"].as_str().expect("an id").to_owned()
}

fn audited(desk: &Desk, operation: &str) -> Vec<Value> {
    let listed = fine(desk, &["audit", "--operation", operation, "--format", "ndjson"], &[]);
    listed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn what_is_personal_is_masked_everywhere_and_shown_to_who_asks() {
    let desk = desk(&[]);
    let id = organizer(&desk);
    for format in ["table", "json", "ndjson"] {
        let shown = fine(&desk, &["show", &id, "--format", format], &[]);
        assert!(shown.contains("***") && !shown.contains(EMAIL) && !shown.contains("7654321"), "{shown}");
    }
    collect(&desk, "desk@example.test", &[]);
    for args in [&["history", &id][..], &["changes", "--since", "0"], &["quarantine"]] {
        for format in ["table", "json", "ndjson"] {
            let told = fine(&desk, &[args, &["--format", format]].concat(), &[]);
            assert!(!told.contains("desk@") || told.contains("Seats:"), "{told}");
            assert!(!told.contains("7654321"), "{told}");
        }
    }
    let edits = fine(&desk, &["changes", "--since", "0", "--kind", "organizer", "--format", "ndjson"], &[]);
    assert!(edits.contains("***") && !edits.contains("@example.test"), "{edits}");
    let asked = ["changes", "--since", "0", "--kind", "organizer", "--format", "ndjson", "--personal"];
    let edits = fine(&desk, &asked, &[]);
    assert!(edits.contains("desk@example.test") && edits.contains(EMAIL), "{edits}");
    assert!(fine(&desk, &["history", &id, "--personal"], &[]).contains("desk@example.test"));
    assert_eq!(audited(&desk, "personal.show").len(), 2);
    assert!(fine(&desk, &["show", &id, "--personal"], &[]).contains("desk@example.test"));
    let exported = fine(&desk, &["export", "organizers", "--format", "csv", "--personal"], &[]);
    assert!(exported.contains("desk@example.test"), "{exported}");
    assert_eq!(audited(&desk, "personal.show").len(), 4);
    for args in [&["show", &id, "--personal"][..], &["export", "organizers", "--format", "csv", "--personal"]]
    {
        let refused = call(&desk, args, &[("CALLBOARD_PERSONAL", "never")]);
        assert!(refused.code != 0 && refused.stderr.contains("never shown"), "{}", refused.stderr);
        assert!(!refused.stdout.contains("@example.test"));
    }
}

#[test]
fn with_a_key_the_store_holds_nothing_personal_in_plain() {
    let desk = Desk::new();
    let first = fine(&desk, &["personal", "key"], &[]).lines().next().expect("a key").to_owned();
    let second = fine(&desk, &["personal", "key"], &[]).lines().next().expect("a key").to_owned();
    let (with_first, with_second) =
        ([("CALLBOARD_PERSONAL_KEY", &*first)], [("CALLBOARD_PERSONAL_KEY", &*second)]);
    collect(&desk, EMAIL, &with_first);
    let id = organizer(&desk);
    assert!(fine(&desk, &["show", &id, "--personal"], &with_first).contains(EMAIL));
    // The description of the event is no column of personal data; the contact is.
    let bare = fine(&desk, &["show", &id, "--personal"], &[]);
    assert!(bare.contains("(sealed)") && !bare.contains(EMAIL) && bare.contains("The Hall"), "{bare}");
    let wrong = call(&desk, &["show", &id], &with_second);
    assert!(wrong.code == 1 && wrong.stderr.contains("are sealed with key"), "{}", wrong.stderr);
    let both = [with_second[0], ("CALLBOARD_PERSONAL_KEY_OLD", &*first)];
    let rotated = fine(&desk, &["personal", "rotate"], &both);
    assert!(
        rotated.contains("2 values in rows and 2 in the change log") && rotated.contains("1 keys"),
        "{rotated}"
    );
    assert!(fine(&desk, &["show", &id, "--personal"], &with_second).contains(EMAIL));
    assert_eq!(call(&desk, &["show", &id], &with_first).code, 1);
    let shown = fine(&desk, &["config", "show"], &with_second);
    assert!(!shown.contains(&second), "{shown}");
}

#[test]
fn who_is_forgotten_is_nowhere_and_does_not_come_back() {
    let desk = desk(&[]);
    let dry = fine(&desk, &["forget", EMAIL, "--dry-run"], &[]);
    assert!(dry.contains("organizers values: 1 would go") && dry.contains("nothing was changed"), "{dry}");
    let done = fine(&desk, &["forget", EMAIL], &[]);
    assert!(
        done.contains("bodies removed from the landing: 1") && done.contains(": 0 places left"),
        "{done}"
    );
    let id = organizer(&desk);
    let shown = fine(&desk, &["show", &id, "--personal"], &[]);
    assert!(!shown.contains(EMAIL) && !shown.contains("7654321"), "{shown}");
    assert!(fine(&desk, &["events", "--format", "json"], &[]).contains("Seats: ***"));
    let listed = fine(&desk, &["purge", "list"], &[]);
    assert!(listed.contains("forget") && listed.contains("person "), "{listed}");
    assert_eq!(audited(&desk, "forget").len(), 1);

    let again = collect(&desk, EMAIL, &[]);
    assert!(again.to_string().contains("forgotten"), "{again}");
    assert!(!fine(&desk, &["show", &id, "--personal"], &[]).contains(EMAIL));
    // What was landed with them in it has gone at the end of the command.
    let second = fine(&desk, &["forget", EMAIL], &[]);
    assert!(second.contains("nothing of them is kept") && second.contains("landing: 0"), "{second}");
    fine(&desk, &["audit", "verify"], &[]);
    // Not even in pages of the file that are free.
    let files = std::fs::read_dir(desk.folder.path()).expect("a folder");
    for entry in files.flatten().filter(|entry| entry.path().is_file()) {
        let text = std::fs::read(entry.path()).unwrap_or_default();
        let found = entry.file_name() != "evening.html" && String::from_utf8_lossy(&text).contains(EMAIL);
        assert!(!found, "{:?}", entry.file_name());
    }
}

#[test]
fn a_policy_of_ones_own_is_held_at_the_end_of_what_commits() {
    let desk = Desk::new();
    let policy = "retention_policy:\n  hall:\n    rows: 400d\n    columns: {lat: 0d, lon: 0d}\n";
    std::fs::write(desk.folder.path().join("callboard.yaml"), policy).expect("a file");
    collect(&desk, EMAIL, &[]);
    // Times are kept to the second: what was seen within this one is not over its ceiling yet.
    std::fs::write(desk.folder.path().join("other.html"), "<p>nothing").expect("a file");
    until("the columns are emptied", || {
        call(&desk, &["collect", "other.html", "--source", "elsewhere"], &[]);
        audited(&desk, "purge").len() == 1
    });
    let venue = fine(&desk, &["export", "venues", "--format", "csv"], &[]);
    assert!(venue.contains("Hall") && !venue.contains("52.5"), "{venue}");
    let listed = fine(&desk, &["purge", "list", "--format", "json"], &[]);
    assert!(listed.contains("lat,lon 0 h"), "{listed}");
    let dry = fine(&desk, &["purge", "--dry-run"], &[]);
    assert!(dry.contains("rows 400 d") && dry.contains("nothing"), "{dry}");
    let misspelled = [("CALLBOARD_RETENTION_POLICY", "{hal: {rows: 400d}}")];
    let told = call(&desk, &["purge", "--dry-run"], &misspelled).stderr;
    assert!(told.contains("nothing is kept of such a source; did you mean hall?"), "{told}");
    assert!(fine(&desk, &["doctor"], &misspelled).contains("did you mean hall?"));
    let unknown = call(&desk, &["purge", "--source", "other"], &[]);
    assert!(unknown.code == 1 && unknown.stderr.contains("no ceiling holds for other"), "{}", unknown.stderr);
    std::fs::write(desk.folder.path().join("callboard.yaml"), "retention_policy: {hall: {rows: 0h}}\n")
        .expect("a file");
    until("all of it went", || fine(&desk, &["purge"], &[]).contains("1 documents, 1 bodies"));
    assert!(desk.events(&[]).is_empty());
    std::fs::write(
        desk.folder.path().join("callboard.yaml"),
        "retention_policy: {hall: {columns: {lad: 1d}}}\n",
    )
    .expect("a file");
    let wrong = call(&desk, &["purge"], &[]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean lat"), "{}", wrong.stderr);
}

#[test]
fn a_server_holds_the_ceilings_too() {
    let desk = Desk::new();
    let env = [("CALLBOARD_RETENTION_POLICY", "{hall: {rows: 0h}}")];
    for (before, role) in ["serve", "runner"].into_iter().enumerate() {
        collect(&desk, EMAIL, &[]);
        until("it is over its ceiling", || fine(&desk, &["purge", "--dry-run"], &env).contains(" rows,"));
        let told = fine(&desk, &["doctor"], &env);
        assert!(told.contains("retention of hall") && told.contains("past what may be kept"), "{told}");
        let server = desk.start_with(&[role], &env);
        until("the purge is noted", || audited(&desk, "purge").len() > before);
        server.signal("TERM");
        let ended = server.end();
        assert!(matches!(ended.code, 0 | 130), "{}", ended.stderr);
        assert!(desk.events(&[]).is_empty());
        let told = fine(&desk, &["doctor"], &env);
        assert!(told.contains("1 ceilings, nothing is past them"), "{told}");
    }
}

/// A cache that cannot be reached may still hold somebody.
#[test]
fn a_cache_that_is_away_is_a_place_left() {
    let desk = desk(&[]);
    let away = [("CALLBOARD_CACHE", "redis://127.0.0.1:1")];
    let done = call(&desk, &["forget", EMAIL], &away);
    assert!(done.code == 1 && done.stdout.contains(": 1 places left"), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("cache could not be cleared"), "{}", done.stdout);
    let Some(redis) = Server::Redis.shared() else { return };
    let prefix = format!("it-{}", model::RunId::new());
    let env = [("CALLBOARD_CACHE", &*redis), ("CALLBOARD_CACHE_PREFIX", &*prefix)];
    collect(&desk, "bob@example.test", &env);
    assert!(fine(&desk, &["cache", "show", "2026-12-01"], &env).contains("bob@example.test"));
    assert!(fine(&desk, &["forget", "bob@example.test"], &env).contains(": 0 places left"));
    assert!(!fine(&desk, &["cache", "show", "2026-12-01"], &env).contains("bob@example.test"));
}
