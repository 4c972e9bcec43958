//! The recorded calendars: counts against what was counted independently, and pinned occurrences.

use super::*;
use crate::format::ics::count;

#[test]
fn dump() {
    use std::io::Write;
    let Ok(path) = std::env::var("ICS_DUMP") else { return };
    let mut out = std::fs::File::create(path).expect("dump");
    let options = options("2000-01-01", "2027-12-31");
    for file in testkit::recorded_files("data/ics", &[".ics"]) {
        let name = file.file_name().expect("name").to_string_lossy().into_owned();
        let bytes = std::fs::read(&file).expect("file");
        let began = std::time::Instant::now();
        let reading = read(&document(bytes.clone()), &options);
        let took = began.elapsed().as_micros();
        match reading {
            Ok(reading) => {
                let events: Vec<serde_json::Value> =
                    reading.records.iter().filter(|r| r.kind() == Kind::Event).map(|r| r.to_json()).collect();
                let notes: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
                let venues: Vec<serde_json::Value> =
                    reading.records.iter().filter(|r| r.kind() != Kind::Event).map(|r| r.to_json()).collect();
                let line = serde_json::json!({"file": name, "us": u64::try_from(took).unwrap_or(0), "events": events, "notes": notes, "others": venues, "rejected": reading.rejected.iter().map(|r| r.detail.clone()).collect::<Vec<_>>(), "damaged": reading.damaged.map(|d| d.to_string()), "counts": format!("{:?}", count(&bytes))});
                writeln!(out, "{line}").expect("write");
            }
            Err(error) => writeln!(out, "{}", serde_json::json!({"file": name, "error": error.to_string()}))
                .expect("write"),
        }
    }
}
