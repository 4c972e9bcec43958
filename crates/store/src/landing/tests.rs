//! Bodies large and small, one process and several, damage, kills and erasure.

use std::fs;
use std::path::{Path, PathBuf};

use model::ContentHash;
use testkit::TempFolder;

use super::segments::segment_file;
use super::{Landing, SMALL_BYTES, file_of};
use crate::StoreError;

fn segment(folder: &Path, number: u32) -> PathBuf {
    segment_file(&folder.join("segments"), number)
}

/// A body that does not compress.
fn noise(bytes: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}

fn damaged(landing: &Landing, hash: ContentHash) {
    let error = landing.get(hash).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

fn absent(landing: &Landing, hash: ContentHash) {
    let error = landing.get(hash).unwrap_err();
    assert!(matches!(error, StoreError::NoBody { .. }), "{error}");
}

#[test]
fn bodies_are_kept_once_in_a_segment() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let (empty, body) = (landing.put(b"").unwrap(), landing.put(&[7; 100_000]).unwrap());
    let length = fs::metadata(segment(folder.path(), 1)).unwrap().len();
    assert_eq!(landing.put(&[7; 100_000]).unwrap(), body);
    assert_eq!((landing.get(empty).unwrap().len(), landing.get(body).unwrap().len()), (0, 100_000));
    absent(&landing, ContentHash::of(b"absent"));
    // The next process goes on in the same segment and knows what is in it.
    drop(landing);
    let landing = Landing::in_folder(folder.path());
    landing.put(&[7; 100_000]).unwrap();
    assert_eq!(fs::metadata(segment(folder.path(), 1)).unwrap().len(), length);
    let late = landing.put(b"late").unwrap();
    assert_eq!((&landing.get(late).unwrap()[..], landing.get(body).unwrap().len()), (&b"late"[..], 100_000));
}

#[test]
fn a_body_that_is_known_is_landed_again_only_where_it_is_gone() {
    let folder = TempFolder::new();
    let first = Landing::in_folder(folder.path());
    let body = first.put(b"body").unwrap();
    let second = Landing::in_folder(folder.path());
    assert_eq!(second.put_again(b"body", body).unwrap(), body);
    assert!(!segment(folder.path(), 2).exists());
    first.remove(body).unwrap();
    assert_eq!(second.put_again(b"body", body).unwrap(), body);
    assert_eq!(&second.get(body).unwrap()[..], b"body");
}

#[test]
fn a_large_body_has_a_file_of_its_own_and_is_verified() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let large = noise(SMALL_BYTES + 1, 1);
    let body = landing.put(&large).unwrap();
    assert_eq!(landing.put(&large).unwrap(), body);
    assert_eq!(landing.get(body).unwrap(), large);
    let file = file_of(folder.path(), body);
    let whole = fs::read(&file).unwrap();
    for bytes in [&b""[..], &whole[..whole.len() / 2], b"not compressed at all"] {
        fs::write(&file, bytes).unwrap();
        damaged(&landing, body);
    }
    let other = landing.put(&noise(SMALL_BYTES + 1, 2)).unwrap();
    fs::copy(file_of(folder.path(), other), &file).unwrap();
    damaged(&landing, body);
    assert!(landing.remove(body).unwrap());
    absent(&landing, body);
}

/// Killed while writing: what was whole stays, and what comes next goes elsewhere.
#[test]
fn a_torn_segment_loses_only_what_was_being_written() {
    let whole = TempFolder::new();
    let landing = Landing::in_folder(whole.path());
    let first = landing.put(b"first").unwrap();
    let kept = fs::metadata(segment(whole.path(), 1)).unwrap().len();
    let second = landing.put(b"second").unwrap();
    let bytes = fs::read(segment(whole.path(), 1)).unwrap();
    for end in usize::try_from(kept).unwrap()..bytes.len() {
        let folder = TempFolder::new();
        fs::create_dir_all(folder.path().join("segments")).unwrap();
        fs::write(segment(folder.path(), 1), &bytes[..end]).unwrap();
        let landing = Landing::in_folder(folder.path());
        assert_eq!(&landing.get(first).unwrap()[..], b"first");
        absent(&landing, second);
        let third = landing.put(b"third").unwrap();
        for (hash, body) in [(first, &b"first"[..]), (third, b"third")] {
            assert_eq!(&landing.get(hash).unwrap()[..], body, "cut at {end}");
        }
    }
}

#[test]
fn damage_in_a_segment_is_found() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let body = landing.put(&noise(100, 3)).unwrap();
    let after = landing.put(b"after").unwrap();
    let mut bytes = fs::read(segment(folder.path(), 1)).unwrap();
    bytes[90] ^= 1;
    fs::write(segment(folder.path(), 1), &bytes).unwrap();
    damaged(&landing, body);
    assert_eq!(&landing.get(after).unwrap()[..], b"after");
    // Another copy is as good.
    let other = Landing::in_folder(folder.path());
    other.put(&noise(100, 3)).unwrap();
    assert_eq!(landing.get(body).unwrap(), noise(100, 3));
}

#[test]
fn two_processes_append_to_segments_of_their_own_and_see_each_other() {
    let folder = TempFolder::new();
    let (one, two) = (Landing::in_folder(folder.path()), Landing::in_folder(folder.path()));
    let (a, b) = (one.put(b"a").unwrap(), two.put(b"b").unwrap());
    assert!(segment(folder.path(), 2).exists());
    assert_eq!((&one.get(b).unwrap()[..], &two.get(a).unwrap()[..]), (&b"b"[..], &b"a"[..]));
    let late = one.put(b"late").unwrap();
    assert_eq!(&two.get(late).unwrap()[..], b"late");
}

#[test]
fn an_erased_body_is_gone_from_the_disk_and_the_last_takes_the_segment_with_it() {
    let folder = TempFolder::new();
    let landing = Landing::in_folder(folder.path());
    let (secret, other) = (landing.put(&noise(60, 4)).unwrap(), landing.put(b"other").unwrap());
    assert!(landing.remove(secret).unwrap());
    assert!(!landing.remove(secret).unwrap());
    absent(&landing, secret);
    let bytes = fs::read(segment(folder.path(), 1)).unwrap();
    assert!(!bytes.windows(20).any(|window| window == &noise(60, 4)[..20]));
    assert_eq!(&landing.get(other).unwrap()[..], b"other");
    assert_eq!(landing.put(&noise(60, 4)).unwrap(), secret);
    assert_eq!(landing.get(secret).unwrap(), noise(60, 4));

    // While it is appended to, it stays.
    assert!(landing.remove(secret).unwrap() && landing.remove(other).unwrap());
    assert!(segment(folder.path(), 1).exists());
    let last = landing.put(b"last").unwrap();
    let next = Landing::in_folder(folder.path());
    let newest = next.put(b"newest").unwrap();
    drop(landing);
    assert!(next.remove(last).unwrap());
    assert!(!segment(folder.path(), 1).exists());
    drop(next);
    // The newest one stays, or its number would come again.
    assert!(Landing::in_folder(folder.path()).remove(newest).unwrap());
    assert!(segment(folder.path(), 2).exists());
}
