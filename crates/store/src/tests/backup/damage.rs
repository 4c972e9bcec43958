//! A byte that is not as it was written is found and named, wherever it is; and nothing is kept of what had it.

use testkit::TempFolder;

use super::kit::{back_up, databases, empty, filled, restore, verify};
use crate::{BackupLanding, StoreError};

async fn backup() -> Vec<u8> {
    let folder = TempFolder::new();
    let store = filled(empty(&folder, "old", databases()[0]).await).await;
    back_up(&store, BackupLanding::Include).await.0
}

#[tokio::test]
async fn a_damaged_byte_is_found_wherever_it_is() {
    let sound = backup().await;
    verify(&sound).await.unwrap();
    // Each byte at both ends, where heads, names and the manifest are; between them a sample of all residues.
    let ends = (0..2_048).chain(sound.len() - 4_096..sound.len());
    for at in ends.chain((0..sound.len()).step_by(83)) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1 << (at % 8);
        let error = verify(&damaged).await.expect_err(&format!("byte {at}"));
        let said = error.to_string();
        match error {
            StoreError::Damaged { .. } => assert!(said.contains("the backup"), "byte {at}: {said}"),
            // In the name of the first member, by which a backup is known for one.
            StoreError::Question(_) => assert!(at < 512 && said.contains("damaged"), "byte {at}: {said}"),
            other => panic!("byte {at}: {other}"),
        }
    }
}

#[tokio::test]
async fn damage_is_named() {
    let sound = backup().await;
    let text = String::from_utf8_lossy(&sound).into_owned();
    let at = sound.windows(22).position(|bytes| bytes == b"tables/event_listings/").unwrap();
    let mut damaged = sound.clone();
    damaged[at + 600] ^= 1;
    let said = verify(&damaged).await.unwrap_err().to_string();
    assert!(said.contains("tables/event_listings/000001-") && said.contains("byte"), "{said}");
    let at = sound.windows(7).position(|bytes| bytes == b"bodies/").unwrap();
    let mut damaged = sound.clone();
    damaged[at + 530] ^= 1;
    let said = verify(&damaged).await.unwrap_err().to_string();
    assert!(said.contains("bodies/"), "{said}");
    assert!(text.contains("manifest-"));
}

#[tokio::test]
async fn what_is_cut_off_or_put_behind_or_taken_out_is_found() {
    let sound = backup().await;
    for length in [0, 100, 511, 512, 5_000, sound.len() / 2, sound.len() - 1_025, sound.len() - 1] {
        assert!(verify(&sound[..length]).await.is_err(), "{length}");
    }
    let said = verify(&sound[..sound.len() / 2]).await.unwrap_err().to_string();
    assert!(said.contains("it ends at byte"), "{said}");
    let longer = [&sound[..], b"\0"].concat();
    assert!(verify(&longer).await.is_err());
    // A body with its head: every hash that is left fits.
    let at = sound.windows(7).position(|bytes| bytes == b"bodies/").unwrap();
    let next = at + 1 + sound[at + 1..].windows(7).position(|bytes| bytes == b"bodies/").unwrap();
    let without = [&sound[..at], &sound[next..]].concat();
    let said = verify(&without).await.unwrap_err().to_string();
    assert!(said.contains("it holds 1 bodies, its manifest says 2"), "{said}");
}

#[tokio::test]
async fn nothing_is_kept_of_a_damaged_backup() {
    let sound = backup().await;
    for to in databases() {
        let folder = TempFolder::new();
        let store = empty(&folder, "new", to).await;
        let mut damaged = sound.clone();
        let at = sound.len() - 3_000;
        damaged[at] ^= 1;
        assert!(matches!(restore(&store, &damaged).await, Err(StoreError::Damaged { .. })));
        assert_eq!(store.counts().await.unwrap().runs, 0);
        // And the sound one can be restored there.
        restore(&store, &sound).await.unwrap();
        assert_eq!(store.counts().await.unwrap().runs, 4);
    }
}
