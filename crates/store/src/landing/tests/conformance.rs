//! The contract of a landing, the same for a folder, a bucket and memory.

use std::fs;

use bytes::Bytes;
use chrono::TimeDelta;
use model::{ContentHash, Found};
use testkit::TempFolder;

use super::{absent, bucket, noise, put, remove, storage};
use crate::landing::{Landing, LandingSpec, SMALL_BYTES};
use crate::tests::kit::{now, page};
use crate::{LandedDocument, StoreError};

/// A kind of landing, and how another process opens the same one.
struct Kind {
    name: &'static str,
    open: Box<dyn Fn() -> Landing>,
    /// What is in it may be read by another process.
    shared: bool,
    _folder: Option<TempFolder>,
}

fn kinds(test: &str) -> Vec<Kind> {
    let folder = TempFolder::new();
    let path = folder.path().join("landing");
    let memory = Landing::in_memory();
    let mut kinds = vec![
        Kind {
            name: "folder",
            open: Box::new(move || Landing::in_folder(&path)),
            shared: true,
            _folder: Some(folder),
        },
        Kind { name: "memory", open: Box::new(move || memory.clone()), shared: false, _folder: None },
    ];
    if let Some((address, prefix)) = storage(test) {
        let spec = bucket(&address, &prefix);
        let open = Box::new(move || Landing::of(&spec).unwrap());
        kinds.push(Kind { name: "bucket", open, shared: true, _folder: None });
    }
    kinds
}

fn landed(name: &str, body: ContentHash, size: usize) -> LandedDocument {
    LandedDocument { body: Some(body), size_bytes: size as u64, ..page(name, Vec::new()) }
}

async fn settle(landing: &Landing, bodies: &[(ContentHash, usize)]) {
    let documents: Vec<_> =
        bodies.iter().map(|(hash, size)| landed(&hash.to_hex()[..8], *hash, *size)).collect();
    landing.settle(&documents).await.unwrap();
}

#[tokio::test]
async fn what_is_landed_comes_back_as_it_was() {
    for kind in kinds("back") {
        let landing = (kind.open)();
        let sizes = [0, 1, 40, 5_000, 100_000, SMALL_BYTES, SMALL_BYTES + 1, 3_000_000];
        let mut hashes = Vec::new();
        for (seed, size) in sizes.iter().enumerate() {
            let body = noise(*size, seed as u64 + 1);
            let hash = put(&landing, &body).await;
            assert_eq!(hash, ContentHash::of(&body));
            // Before it is settled too.
            assert_eq!(landing.get(hash).await.unwrap(), body, "{}", kind.name);
            hashes.push((hash, *size));
        }
        settle(&landing, &hashes).await;
        let other = (kind.open)();
        for (seed, (hash, size)) in hashes.iter().enumerate() {
            assert_eq!(other.get(*hash).await.unwrap(), noise(*size, seed as u64 + 1), "{}", kind.name);
        }
        absent(&other, ContentHash::of(b"never landed")).await;
    }
}

#[tokio::test]
async fn many_land_at_once_and_none_is_missing() {
    for kind in kinds("many") {
        let landing = (kind.open)();
        let land = |n: u64| {
            let landing = landing.clone();
            tokio::spawn(async move {
                let body = Bytes::from(noise(2_000 + n as usize * 37, n + 1));
                let hash = landing.put(&body).await.unwrap();
                landing.settle(&[landed(&n.to_string(), hash, body.len())]).await.unwrap();
                hash
            })
        };
        let hashes = futures::future::join_all((0..300).map(land)).await;
        let other = (kind.open)();
        for (n, hash) in hashes.into_iter().enumerate() {
            let body = other.get(hash.unwrap()).await.unwrap();
            assert_eq!(body, noise(2_000 + n * 37, n as u64 + 1), "{} of {}", n, kind.name);
        }
        let stored = other.stored().await.unwrap();
        assert!(stored.bytes > 2_000_000 && stored.objects <= 300, "{stored:?} in {}", kind.name);
    }
}

#[tokio::test]
async fn a_known_body_is_kept_again_only_where_it_is_gone() {
    for kind in kinds("known") {
        let first = (kind.open)();
        let body = Bytes::from(noise(3_000, 5));
        let hash = first.put(&body).await.unwrap();
        settle(&first, &[(hash, 3_000)]).await;
        let before = first.stored().await.unwrap();
        let second = (kind.open)();
        assert_eq!(second.put_again(&body, hash).await.unwrap(), hash);
        settle(&second, &[(hash, 3_000)]).await;
        assert_eq!(second.stored().await.unwrap(), before, "{}", kind.name);
        assert!(remove(&first, hash).await);
        let third = (kind.open)();
        assert_eq!(third.put_again(&body, hash).await.unwrap(), hash);
        settle(&third, &[(hash, 3_000)]).await;
        assert_eq!((kind.open)().get(hash).await.unwrap(), body, "{}", kind.name);
    }
}

#[tokio::test]
async fn what_is_removed_is_gone_and_nothing_else() {
    for kind in kinds("removed") {
        let landing = (kind.open)();
        let mut hashes = Vec::new();
        for n in 0..20 {
            hashes.push((put(&landing, &noise(1_000, n + 1)).await, 1_000));
        }
        let large = put(&landing, &noise(SMALL_BYTES + 9, 99)).await;
        settle(&landing, &hashes).await;
        let reader = (kind.open)();
        assert_eq!(reader.get(hashes[3].0).await.unwrap().len(), 1_000);
        let gone: Vec<_> = hashes.iter().step_by(2).map(|(hash, _)| *hash).chain([large]).collect();
        let removed = (kind.open)().remove(gone.clone()).await.unwrap();
        assert_eq!(removed.bodies, 11, "{}", kind.name);
        assert!(removed.bytes > 250_000, "{removed:?}");
        assert_eq!((kind.open)().remove(gone.clone()).await.unwrap().bodies, 0);
        // Those who knew where they stood learn of it too.
        for landing in [&reader, &(kind.open)()] {
            for (n, (hash, _)) in hashes.iter().enumerate() {
                match n % 2 {
                    0 => absent(landing, *hash).await,
                    _ => assert_eq!(landing.get(*hash).await.unwrap(), noise(1_000, n as u64 + 1)),
                }
            }
            absent(landing, large).await;
        }
        // The rest of a segment goes with its last body.
        let rest = hashes.iter().skip(1).step_by(2).map(|(hash, _)| *hash).collect();
        assert_eq!((kind.open)().remove(rest).await.unwrap().bodies, 10);
        if kind.name == "bucket" {
            assert_eq!(landing.stored().await.unwrap().objects, 0);
        }
    }
}

/// The layout is one: a bucket that is copied into a folder is a landing, and the other way round.
#[tokio::test]
async fn a_folder_reads_what_was_copied_from_a_bucket_and_a_bucket_what_was_copied_from_a_folder() {
    let Some((address, prefix)) = storage("copied") else { return };
    let LandingSpec::S3(spec) = bucket(&address, &prefix) else { panic!() };
    let client = spec.client().unwrap();
    let landing = Landing::of(&LandingSpec::S3(spec)).unwrap();
    let (small, large) = (noise(500, 1), noise(SMALL_BYTES + 1, 2));
    let hashes = [put(&landing, &small).await, put(&landing, &large).await];
    settle(&landing, &[(hashes[0], small.len()), (hashes[1], large.len())]).await;

    let folder = TempFolder::new();
    copy(&client, folder.path()).await;
    let copied = Landing::in_folder(folder.path());
    assert_eq!(copied.get(hashes[0]).await.unwrap(), small);
    assert_eq!(copied.get(hashes[1]).await.unwrap(), large);
    let late = put(&copied, b"landed after the copy").await;
    assert_eq!(&Landing::in_folder(folder.path()).get(late).await.unwrap()[..], b"landed after the copy");

    let (address, prefix) = storage("copied-back").unwrap();
    let LandingSpec::S3(spec) = bucket(&address, &prefix) else { panic!() };
    copy_back(folder.path(), folder.path(), &spec.client().unwrap()).await;
    let back = Landing::of(&LandingSpec::S3(spec)).unwrap();
    assert_eq!(back.get(hashes[1]).await.unwrap(), large);
    assert_eq!(&back.get(late).await.unwrap()[..], b"landed after the copy");
    assert!(remove(&back, late).await);
    absent(&back, late).await;
}

type Client = std::sync::Arc<dyn object_store::ObjectStore>;

async fn copy(from: &Client, to: &std::path::Path) {
    use futures::TryStreamExt as _;
    use object_store::ObjectStoreExt as _;
    let objects: Vec<_> = from.list(None).try_collect().await.unwrap();
    for object in objects {
        let path = to.join(object.location.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, from.get(&object.location).await.unwrap().bytes().await.unwrap()).unwrap();
    }
}

async fn copy_back(root: &std::path::Path, folder: &std::path::Path, to: &Client) {
    use object_store::ObjectStoreExt as _;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            Box::pin(copy_back(root, &path, to)).await;
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            to.put(&name.into(), fs::read(&path).unwrap().into()).await.unwrap();
        }
    }
}

/// The index is readable without the store, by source and day, and holds nothing that is secret.
#[tokio::test]
async fn the_index_says_what_was_landed() {
    for kind in kinds("index").into_iter().filter(|kind| kind.shared) {
        let landing = (kind.open)();
        let (small, large) = (put(&landing, b"small").await, put(&landing, &noise(SMALL_BYTES + 1, 7)).await);
        let mut first = landed("1", small, 5);
        first.headers.push(("x-api-key".to_owned(), "s3cret".to_owned()));
        first.request.headers.push(("authorization".to_owned(), "Bearer s3cret".to_owned()));
        first.request.url.set_query(Some("page=2&api_key=s3cret"));
        let mut second = landed("2", large, SMALL_BYTES + 1);
        second.fetched_at = now() + TimeDelta::days(1);
        let mut again = landed("3", small, 5);
        again.found = Found::Landed;
        landing.settle(&[first, second, again]).await.unwrap();
        let folder = TempFolder::new();
        match kind.name {
            "folder" => copy_folder(&kind, folder.path()),
            _ => copy_bucket(&landing, folder.path()).await,
        }
        let (first, second) = (lines(&folder, "a/2026-03-01"), lines(&folder, "a/2026-03-02"));
        assert_eq!((first.len(), second.len()), (1, 1), "{}", kind.name);
        let line = &first[0];
        assert_eq!(
            (&line["status"], &line["source"], &line["size_bytes"]),
            (&200.into(), &"a".into(), &5.into())
        );
        assert_eq!(line["fetched_at"], "2026-03-01T12:00:00.000Z");
        assert_eq!(line["request"]["url"], "https://a.test/1?page=2&api_key=***");
        assert_eq!(line["headers"], serde_json::json!([["content-type", "text/html"]]));
        assert_eq!(line["body"], small.to_hex());
        assert!(!line.to_string().contains("s3cret"));
        for (line, size) in [(&line, 5), (&&second[0], SMALL_BYTES + 1)] {
            let object = folder.path().join(line["lies_in"].as_str().unwrap());
            assert!(fs::metadata(object).unwrap().len() > size as u64 / 2, "{line}");
        }
    }
}

fn copy_folder(kind: &Kind, to: &std::path::Path) {
    let from = (kind.open)().address();
    let copied = std::process::Command::new("cp").args(["-r", &format!("{from}/.")]).arg(to).status();
    assert!(copied.unwrap().success());
}

async fn copy_bucket(landing: &Landing, to: &std::path::Path) {
    let crate::landing::Place::Bucket(bucket) = &landing.place else { panic!() };
    copy(&bucket.client(), to).await;
}

fn lines(folder: &TempFolder, shelf: &str) -> Vec<serde_json::Value> {
    let shelf = folder.path().join("index").join(shelf);
    let files = fs::read_dir(shelf).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let text: String = files.collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_rehearsal_reads_and_writes_nothing() {
    for kind in kinds("rehearsal") {
        let landing = (kind.open)();
        let hash = put(&landing, b"kept").await;
        settle(&landing, &[(hash, 4)]).await;
        let rehearsal = (kind.open)().rehearsal();
        let other = put(&rehearsal, b"other").await;
        settle(&rehearsal, &[(other, 5)]).await;
        assert_eq!(&rehearsal.get(hash).await.unwrap()[..], b"kept", "{}", kind.name);
        assert!(matches!(rehearsal.get(other).await, Err(StoreError::NoBody { .. })));
        assert!(!remove(&rehearsal, hash).await);
        absent(&(kind.open)(), other).await;
    }
}
