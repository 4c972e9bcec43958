//! Bodies in a backup, beside it, or left alone; into and out of folders and buckets; and the backup as an object.

use std::time::Duration;

use testkit::TempFolder;
use testkit::servers::{S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, Server};

use super::kit::{at, back_up, databases, empty, filled, hash, restore};
use crate::{
    BackupLanding, BackupOptions, BackupProgress, BackupSource, BackupTarget, LandingSpec, OpenOptions,
    S3Object, S3Spec, Store, StoreError, verify_backup,
};

#[tokio::test]
async fn bodies_are_in_it_or_checked_or_left_alone() {
    let folder = TempFolder::new();
    let store = filled(empty(&folder, "old", databases()[0]).await).await;
    let (with, included) = back_up(&store, BackupLanding::Include).await;
    let (_, checked) = back_up(&store, BackupLanding::Check).await;
    let (without, skipped) = back_up(&store, BackupLanding::Skip).await;
    assert_eq!(included.manifest.bodies, checked.manifest.bodies);
    assert_eq!((checked.manifest.bodies.count, skipped.manifest.bodies.count), (2, 0));
    assert!(with.len() > without.len());
    let new = empty(&folder, "new", databases()[0]).await;
    restore(&new, &without).await.unwrap();
    assert!(matches!(new.landing().get(hash("list")).await, Err(StoreError::NoBody { .. })));
    store.landing().remove(vec![hash("list")]).await.unwrap();
    let (backup, made) = back_up(&store, BackupLanding::Include).await;
    assert_eq!((made.manifest.bodies.count, made.manifest.bodies.absent), (1, 1));
    let other = empty(&folder, "other", databases()[0]).await;
    restore(&other, &backup).await.unwrap();
    other.landing().get(hash("detail")).await.unwrap();
}

/// The bucket of the tests.
fn speak(spec: &mut S3Spec, endpoint: &str) {
    spec.endpoint = Some(endpoint.to_owned());
    spec.region = Some("us-east-1".to_owned());
    spec.access_key_id = Some(S3_ACCESS_KEY_ID.to_owned());
    spec.secret_access_key = Some(S3_SECRET_ACCESS_KEY.to_owned());
    spec.patience = Duration::from_secs(20);
}

fn object(endpoint: &str, name: &str) -> S3Object {
    let prefix = model::RunId::new();
    let mut object = S3Object::parse(&format!("s3://callboard/{prefix}/{name}")).unwrap();
    speak(object.bucket_mut(), endpoint);
    object
}

#[tokio::test]
async fn a_bucket_takes_the_bodies_and_their_index() {
    let Some(endpoint) = Server::S3.shared() else { return };
    let folder = TempFolder::new();
    let old = filled(empty(&folder, "old", databases()[0]).await).await;
    let (backup, _) = back_up(&old, BackupLanding::Include).await;
    let spec = LandingSpec::parse(&format!("s3://callboard/{}", model::RunId::new())).unwrap();
    let LandingSpec::S3(mut spec) = spec else { panic!("it is a bucket") };
    speak(&mut spec, &endpoint);
    let options = OpenOptions { landing: Some(LandingSpec::S3(spec)), ..OpenOptions::default() };
    let new = Store::open_with(folder.path().join("new.db"), &options).await.unwrap();
    restore(&new, &backup).await.unwrap();
    // Asked by another process, of which nothing is in memory.
    let asked = Store::open_with(folder.path().join("new.db"), &options).await.unwrap();
    for name in ["list", "detail"] {
        asked.landing().get(hash(name)).await.unwrap();
    }
    let (_, again) = back_up(&asked, BackupLanding::Check).await;
    assert_eq!((again.manifest.bodies.count, again.manifest.bodies.absent), (2, 0));
}

#[tokio::test]
async fn a_folder_gets_the_index_too() {
    let folder = TempFolder::new();
    let old = filled(empty(&folder, "old", databases()[0]).await).await;
    let (backup, _) = back_up(&old, BackupLanding::Include).await;
    let new = empty(&folder, "new", databases()[0]).await;
    restore(&new, &backup).await.unwrap();
    let index = folder.path().join("new.landing/index/a/2026-03-01");
    let mut lines = String::new();
    for file in std::fs::read_dir(index).unwrap() {
        lines.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap());
    }
    assert_eq!(lines.lines().count(), 5, "one for each document: {lines}");
    assert!(lines.lines().all(|line| line.contains("\"lies_in\":\"segments/")), "{lines}");
}

#[tokio::test]
async fn a_backup_goes_to_an_object_and_comes_back() {
    let Some(endpoint) = Server::S3.shared() else { return };
    let folder = TempFolder::new();
    let old = filled(empty(&folder, "old", databases()[0]).await).await;
    let object = object(&endpoint, "board.callboard.tar");
    let options = BackupOptions { at: at(), landing: BackupLanding::Include };
    let progress = BackupProgress::default();
    let made = old.back_up(BackupTarget::Object(object.clone()), options, &progress).await.unwrap();
    let found = verify_backup(BackupSource::Object(object.clone()), &progress).await.unwrap();
    assert_eq!((found.bytes, &found.manifest), (made.bytes, &made.manifest));
    let new = empty(&folder, "new", databases()[0]).await;
    new.restore(BackupSource::Object(object), at(), &progress).await.unwrap();
    new.landing().get(hash("list")).await.unwrap();
}

#[tokio::test]
async fn a_long_object_goes_up_in_parts_and_is_there_only_when_it_is_whole() {
    let Some(endpoint) = Server::S3.shared() else { return };
    let object = object(&endpoint, "long");
    let chunk: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
    let mut upload = object.write().unwrap();
    for _ in 0..40 {
        upload.write(&chunk).await.unwrap();
    }
    let absent = object.read().await.err().unwrap();
    assert!(matches!(absent, StoreError::Question(_)), "{absent}");
    upload.finish().await.unwrap();
    let (mut read, mut bytes) = (object.read().await.unwrap(), Vec::new());
    while let Some(more) = read.next().await.unwrap() {
        bytes.extend_from_slice(&more);
    }
    assert!(bytes.len() == 40 * chunk.len() && bytes.chunks(chunk.len()).all(|part| part == chunk));
}

#[tokio::test]
async fn a_storage_that_refuses_says_what_to_do() {
    let Some(endpoint) = Server::S3.shared() else { return };
    let mut object = object(&endpoint, "refused");
    object.bucket_mut().secret_access_key = Some("wrong".to_owned());
    let mut upload = object.write().unwrap();
    upload.write(b"x").await.unwrap();
    let refused = upload.finish().await.unwrap_err();
    assert!(matches!(refused, StoreError::ObjectRefused { .. }), "{refused}");
    assert!(refused.to_string().contains("check bucket, endpoint, region and keys"), "{refused}");
}
