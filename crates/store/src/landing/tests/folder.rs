//! What is particular to a folder: its files, several processes, kills, damage and erasure.

use std::fs;
use std::path::{Path, PathBuf};

use model::ContentHash;
use testkit::TempFolder;

use super::{absent, damaged, noise, put, remove};
use crate::landing::segments::segment_file;
use crate::landing::{Landing, SMALL_BYTES, file_name};

fn segment(folder: &Path, number: u64) -> PathBuf {
    segment_file(&folder.join("segments"), number)
}

#[tokio::test]
async fn bodies_are_kept_once_in_a_segment() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let (empty, body) = (put(&landing, b"").await, put(&landing, &[7; 100_000]).await);
    let length = fs::metadata(segment(folder.path(), 1)).unwrap().len();
    assert_eq!(put(&landing, &[7; 100_000]).await, body);
    assert_eq!(
        (landing.get(empty).await.unwrap().len(), landing.get(body).await.unwrap().len()),
        (0, 100_000)
    );
    absent(&landing, ContentHash::of(b"absent")).await;
    // The next process goes on in the same segment and knows what is in it.
    drop(landing);
    let landing = Landing::in_folder(folder.path());
    put(&landing, &[7; 100_000]).await;
    assert_eq!(fs::metadata(segment(folder.path(), 1)).unwrap().len(), length);
    let late = put(&landing, b"late").await;
    assert_eq!(
        (&landing.get(late).await.unwrap()[..], landing.get(body).await.unwrap().len()),
        (&b"late"[..], 100_000)
    );
}

#[tokio::test]
async fn a_body_that_is_known_is_landed_again_only_where_it_is_gone() {
    let folder = TempFolder::new();
    let first = Landing::in_folder(folder.path());
    let body = put(&first, b"body").await;
    let second = Landing::in_folder(folder.path());
    assert_eq!(second.put_again(&"body".into(), body).await.unwrap(), body);
    assert!(!segment(folder.path(), 2).exists());
    remove(&first, body).await;
    assert_eq!(second.put_again(&"body".into(), body).await.unwrap(), body);
    assert_eq!(&second.get(body).await.unwrap()[..], b"body");
}

#[tokio::test]
async fn a_large_body_has_a_file_of_its_own_and_is_verified() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let large = noise(SMALL_BYTES + 1, 1);
    let body = put(&landing, &large).await;
    assert_eq!(put(&landing, &large).await, body);
    assert_eq!(landing.get(body).await.unwrap(), large);
    let file = folder.path().join(file_name(body));
    let whole = fs::read(&file).unwrap();
    for bytes in [&b""[..], &whole[..whole.len() / 2], b"not compressed at all"] {
        fs::write(&file, bytes).unwrap();
        damaged(&landing, body).await;
    }
    let other = put(&landing, &noise(SMALL_BYTES + 1, 2)).await;
    fs::copy(folder.path().join(file_name(other)), &file).unwrap();
    damaged(&landing, body).await;
    assert!(remove(&landing, body).await);
    absent(&landing, body).await;
}

/// Killed while writing: what was whole stays, and what comes next goes elsewhere.
#[tokio::test]
async fn a_torn_segment_loses_only_what_was_being_written() {
    let whole = TempFolder::new();
    let landing = Landing::in_folder(whole.path());
    let first = put(&landing, b"first").await;
    let kept = fs::metadata(segment(whole.path(), 1)).unwrap().len();
    let second = put(&landing, b"second").await;
    let bytes = fs::read(segment(whole.path(), 1)).unwrap();
    for end in usize::try_from(kept).unwrap()..bytes.len() {
        let folder = TempFolder::new();
        fs::create_dir_all(folder.path().join("segments")).unwrap();
        fs::write(segment(folder.path(), 1), &bytes[..end]).unwrap();
        let landing = Landing::in_folder(folder.path());
        assert_eq!(&landing.get(first).await.unwrap()[..], b"first");
        absent(&landing, second).await;
        let third = put(&landing, b"third").await;
        for (hash, body) in [(first, &b"first"[..]), (third, b"third")] {
            assert_eq!(&landing.get(hash).await.unwrap()[..], body, "cut at {end}");
        }
    }
}

#[tokio::test]
async fn damage_in_a_segment_is_found() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let body = put(&landing, &noise(100, 3)).await;
    let after = put(&landing, b"after").await;
    let mut bytes = fs::read(segment(folder.path(), 1)).unwrap();
    bytes[90] ^= 1;
    fs::write(segment(folder.path(), 1), &bytes).unwrap();
    damaged(&landing, body).await;
    assert_eq!(&landing.get(after).await.unwrap()[..], b"after");
    // Another copy is as good.
    let other = Landing::in_folder(folder.path());
    put(&other, &noise(100, 3)).await;
    assert_eq!(landing.get(body).await.unwrap(), noise(100, 3));
}

#[tokio::test]
async fn two_processes_append_to_segments_of_their_own_and_see_each_other() {
    let folder = TempFolder::new();
    let (one, two) = (Landing::in_folder(folder.path()), Landing::in_folder(folder.path()));
    let (a, b) = (put(&one, b"a").await, put(&two, b"b").await);
    assert!(segment(folder.path(), 2).exists());
    assert_eq!((&one.get(b).await.unwrap()[..], &two.get(a).await.unwrap()[..]), (&b"b"[..], &b"a"[..]));
    let late = put(&one, b"late").await;
    assert_eq!(&two.get(late).await.unwrap()[..], b"late");
}

#[tokio::test]
async fn an_erased_body_is_gone_from_the_disk_and_the_last_takes_the_segment_with_it() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let (secret, other) = (put(&landing, &noise(60, 4)).await, put(&landing, b"other").await);
    assert!(remove(&landing, secret).await);
    assert!(!remove(&landing, secret).await);
    absent(&landing, secret).await;
    let bytes = fs::read(segment(folder.path(), 1)).unwrap();
    assert!(!bytes.windows(20).any(|window| window == &noise(60, 4)[..20]));
    assert_eq!(&landing.get(other).await.unwrap()[..], b"other");
    assert_eq!(put(&landing, &noise(60, 4)).await, secret);
    assert_eq!(landing.get(secret).await.unwrap(), noise(60, 4));

    // While it is appended to, it stays.
    assert!(remove(&landing, secret).await && remove(&landing, other).await);
    assert!(segment(folder.path(), 1).exists());
    let last = put(&landing, b"last").await;
    let next = Landing::in_folder(folder.path());
    let newest = put(&next, b"newest").await;
    drop(landing);
    assert!(remove(&next, last).await);
    assert!(!segment(folder.path(), 1).exists());
    drop(next);
    // The newest one stays, or its number would come again.
    assert!(remove(&Landing::in_folder(folder.path()), newest).await);
    assert!(segment(folder.path(), 2).exists());
}
