//! Landings as users meet them: in a bucket and in a folder, whole, damaged, pruned, exported, away.

use std::collections::BTreeMap;
use std::process::Command;

use model::ContentHash;
use sandbox::Faults;
use serde_json::Value;
use testkit::proxy::{Fault, Proxy};
use testkit::servers::{S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, Server};

use crate::call::{Answer, Desk};
use crate::upstreams::Hall;

const EVENTS: usize = 24;

/// A desk beside a site, whose landing is in a bucket.
struct Team {
    hall: Hall,
    url: String,
    env: Vec<(&'static str, String)>,
}

impl Team {
    /// One whose bucket is reached at this address.
    fn at(address: &str) -> Team {
        let hall = Hall::with(EVENTS, Faults::default());
        let url = hall.sandbox.site_url();
        // No other test, and no other run of this one, has this prefix.
        let landing = format!("s3://callboard/it-{}", model::RunId::new());
        let env = vec![
            ("CALLBOARD_LANDING", landing),
            ("AWS_ENDPOINT_URL", address.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", S3_ACCESS_KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", S3_SECRET_ACCESS_KEY.to_owned()),
            ("CALLBOARD_ALLOW_PRIVATE", "true".to_owned()),
            ("CALLBOARD_PER_SECOND", "100000".to_owned()),
        ];
        Team { hall, url, env }
    }

    fn desk(&self) -> &Desk {
        &self.hall.desk
    }

    fn call(&self, args: &[&str]) -> Answer {
        self.call_with(args, &[])
    }

    fn call_with(&self, args: &[&str], more: &[(&str, &str)]) -> Answer {
        let env: Vec<(&str, &str)> = self.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.desk().start_with(args, &[env.as_slice(), more].concat()).end()
    }

    fn collect(&self, more: &[(&str, &str)]) -> Answer {
        self.call_with(&["collect", "--connector", "site", &self.url, "--format", "json"], more)
    }

    fn object(&self, args: &[&str]) -> Value {
        let (code, value) = self.call(&[args, &["--format", "json"]].concat()).object();
        assert_eq!(code, 0, "{value}");
        value
    }
}

/// Keys of all events, sorted.
fn keys(desk: &Desk) -> Vec<String> {
    let mut keys: Vec<String> = desk.events(&[]).iter().map(|event| event["id"].to_string()).collect();
    keys.sort();
    keys
}

#[test]
fn a_team_lands_in_a_bucket_and_reads_it_back() {
    let Some(address) = Server::S3.shared() else { return };
    let team = Team::at(&address);
    let answer = team.collect(&[]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!team.desk().folder.path().join("callboard.landing").exists());
    assert_eq!(keys(team.desk()).len(), EVENTS);

    let status = team.object(&["landing", "status"]);
    let documents = status["documents"].as_u64().unwrap();
    assert!(status["place"].as_str().unwrap().starts_with("s3://callboard/it-"), "{status}");
    assert!(documents >= EVENTS as u64 && status["objects"].as_u64().unwrap() < documents, "{status}");
    let verified = team.object(&["landing", "verify"]);
    assert_eq!((&verified["bad"], &verified["bodies"]), (&0.into(), &status["bodies"]), "{verified}");

    // The same bytes again are not landed again, and today's readers read what is in the bucket.
    assert_eq!(team.collect(&[]).code, 0);
    let again = team.object(&["landing", "status"]);
    assert_eq!((&again["objects"], &again["stored_bytes"]), (&status["objects"], &status["stored_bytes"]));
    let replayed = team.call(&["replay", "--format", "json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(team.object(&["landing", "prune", "--older-than", "0d"])["removed"]["bodies"], 0);
}

/// What WARC tools make of an export: type, address, status, payload as hex, each on a line.
const READ_WARC: &str = "
import json, sys
from warcio.archiveiterator import ArchiveIterator
with open(sys.argv[1], 'rb') as stream:
    for record in ArchiveIterator(stream, verify_http=True):
        http = record.http_headers
        print(json.dumps({
            'type': record.rec_type, 'uri': record.rec_headers.get_header('WARC-Target-URI'),
            'of': record.rec_headers.get_header('WARC-Concurrent-To'),
            'id': record.rec_headers.get_header('WARC-Record-ID'),
            'status': http.get_statuscode() if http else None,
            'headers': [name.lower() for name, _ in http.headers] if http else [],
            'payload': record.content_stream().read().hex()}))
";

#[test]
fn an_export_is_read_by_the_tools_of_web_archives() {
    let Some(address) = Server::S3.shared() else { return };
    let python = std::env::var("CALLBOARD_TEST_PYTHON").expect("it comes with the servers");
    let team = Team::at(&address);
    assert_eq!(team.collect(&[]).code, 0);
    let told = team.object(&["landing", "export", "--warc", "out.warc.gz"]);
    let path = team.desk().folder.path().join("out.warc.gz");
    let read = Command::new(python).arg("-c").arg(READ_WARC).arg(&path).output().expect("Python runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read = String::from_utf8(read.stdout).expect("text");
    let records: Vec<Value> = read.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(told["records"], records.len());
    let mut by_type: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for record in &records {
        by_type.entry(record["type"].as_str().expect("a type")).or_default().push(record);
    }
    let documents = told["documents"].as_u64().expect("a number") as usize;
    let counts: Vec<(&str, usize)> = by_type.iter().map(|(kind, of)| (*kind, of.len())).collect();
    assert_eq!(
        counts,
        [("metadata", documents), ("request", documents), ("response", documents), ("warcinfo", 1)]
    );
    for (response, about) in by_type["response"].iter().zip(&by_type["metadata"]) {
        assert_eq!((&response["status"], &response["id"]), (&"200".into(), &about["of"]));
        assert!(response["uri"].as_str().expect("an address").starts_with("http://127.0.0.1:"));
        let (body, about) = (bytes(&response["payload"]), bytes(&about["payload"]));
        let hash = format!("body: blake3:{}", ContentHash::of(&body).to_hex());
        assert!(String::from_utf8_lossy(&about).contains(&hash), "{hash}");
        assert!(!response["headers"].to_string().contains("cookie"));
    }
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("a text").as_bytes();
    let digit = |at: usize| (hex[at] as char).to_digit(16).expect("a digit") as u8;
    (0..hex.len() / 2).map(|at| digit(2 * at) << 4 | digit(2 * at + 1)).collect()
}

/// While the storage fails now and then, answers late or loses answers, a run is as any other.
#[test]
fn a_storage_with_hiccups_changes_nothing() {
    let Some(address) = Server::S3.shared() else { return };
    let proxy = Proxy::before(&address);
    let team = Team::at(proxy.address());
    let slow = Fault::Slow(std::time::Duration::from_millis(200));
    proxy.next([Fault::Slow(std::time::Duration::from_millis(5_200))]);
    let status = [500, 503, 429, 502].map(Fault::Status);
    proxy.next(status.into_iter().chain([slow, Fault::LoseAnswer, Fault::Refuse, slow, Fault::CutAnswer]));
    proxy.next([Fault::LoseAnswer, slow, Fault::Status(503)]);
    let answer = team.collect(&[]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.contains("the landing is slow, and the run waits for it"), "{}", answer.stderr);
    assert_eq!(keys(team.desk()).len(), EVENTS);
    let verified = team.object(&["landing", "verify"]);
    assert_eq!(verified["bad"], 0, "{verified}");
}

/// While it is away a run fails, soon and with the reason; the store holds nothing that is not landed; and
/// afterwards the same call brings everything, once.
#[test]
fn a_storage_that_is_away_is_told_and_nothing_is_half_entered() {
    let Some(address) = Server::S3.shared() else { return };
    let proxy = Proxy::before(&address);
    let team = Team::at(proxy.address());
    proxy.always(Some(Fault::Status(503)));
    let answer = team.collect(&[("CALLBOARD_S3_PATIENCE_SECS", "1")]);
    assert_ne!(answer.code, 0);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains("the landing s3://callboard/it-"), "{said}");
    assert!(said.contains(" is away: 503 Service Unavailable"), "{said}");
    assert_eq!(keys(team.desk()), Vec::<String>::new());

    proxy.always(None);
    let answer = team.collect(&[]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(keys(team.desk()).len(), EVENTS);
    let (status, verified) = (team.object(&["landing", "status"]), team.object(&["landing", "verify"]));
    assert_eq!((&verified["bad"], &verified["bodies"]), (&0.into(), &status["bodies"]), "{verified}");
}

#[test]
fn damage_in_a_folder_is_found_and_named() {
    let hall = Hall::with(EVENTS, Faults::default());
    let desk = &hall.desk;
    let url = hall.sandbox.site_url();
    desk.collect(&["--connector", "site", &url, "--allow-private"]);
    let (code, sound) = desk.object(&["landing", "verify", "--format", "json"]);
    assert_eq!((code, &sound["bad"]), (0, &0.into()), "{sound}");
    let segment = desk.folder.path().join("callboard.landing/segments/000001.bodies");
    let mut bytes = std::fs::read(&segment).expect("a segment");
    // In the packed body of the first entry, after its head of 40 bytes.
    bytes[60] ^= 1;
    std::fs::write(&segment, bytes).expect("written");
    let (code, found) = desk.object(&["landing", "verify", "--format", "json"]);
    assert_eq!((code, &found["bad"]), (1, &1.into()), "{found}");
    assert_eq!(found["faults"][0]["state"], "damaged");
    let exported = desk.call(&["landing", "export", "--warc", "out.warc.gz"]);
    assert_eq!(exported.code, 3, "{}", exported.stderr);
    assert!(exported.stderr.contains("left out: http://127.0.0.1"), "{}", exported.stderr);
}

#[test]
fn wrong_uses_are_told() {
    let desk = Desk::new();
    let answer = desk.call(&["landing", "status"]);
    assert!(answer.code == 1 && answer.stderr.contains("there is no store at"), "{}", answer.stderr);
    desk.folder.write("callboard.yaml", "landing: gs://bucket\n");
    let answer = desk.call(&["collect", "nothing.ics"]);
    assert_ne!(answer.code, 0);
    desk.folder.write("a.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n");
    let answer = desk.call(&["collect", "a.ics"]);
    assert!(
        answer.code == 2 && answer.stderr.contains("s3://bucket/prefix; gs:// is neither"),
        "{}",
        answer.stderr
    );
    desk.folder.write("callboard.yaml", "landing: bodies\ns3_secret_access_key: s3cret\n");
    desk.call(&["collect", "a.ics"]);
    assert!(desk.folder.path().join("bodies/segments/000001.bodies").exists());
    let answer = desk.call(&["landing", "prune"]);
    assert!(answer.code == 2 && answer.stderr.contains("--older-than 90d"), "{}", answer.stderr);
    let shown = desk.call(&["config", "show", "--format", "json"]).stdout;
    assert!(!shown.contains("s3cret") && shown.contains("\"***\""), "{shown}");
}
