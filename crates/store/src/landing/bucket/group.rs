//! What lands together in a bucket: small bodies as one segment, and the lines of the index about them.

use std::collections::{BTreeMap, HashMap};
use std::io;

use bytes::Bytes;
use model::ContentHash;

use super::super::index::{Line, Shelf};
use super::super::segment::{self, HEAD_BYTES};

/// Ends a segment, after its table of entries and their number.
const TABLE_MARK: [u8; 8] = *b"entries1";

/// Hash, offset and packed length.
const ROW_BYTES: usize = 32 + 8 + 4;

/// The end of every segment that was written at once.
pub(super) const TAIL_BYTES: usize = 4 + TABLE_MARK.len();

/// Where a body stands in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) offset: u64,
    pub(super) packed: u32,
}

impl Spot {
    /// The bytes of its entry.
    pub(super) fn range(self) -> std::ops::Range<u64> {
        self.offset..self.offset + HEAD_BYTES as u64 + u64::from(self.packed)
    }
}

/// A group that fills.
#[derive(Debug, Default)]
pub(super) struct Group {
    segment: Vec<u8>,
    pub(super) spots: HashMap<ContentHash, Spot>,
    lines: Vec<Line>,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.spots.is_empty() && self.lines.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.segment.len()
    }

    /// Adds a packed body.
    pub(super) fn add(&mut self, hash: ContentHash, packed: &[u8]) -> io::Result<()> {
        let spot = Spot { offset: self.segment.len() as u64, packed: packed.len() as u32 };
        segment::write_entry(&mut self.segment, hash, packed)?;
        self.spots.insert(hash, spot);
        Ok(())
    }

    pub(super) fn note(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.lines.extend(lines);
    }

    /// The packed body of `hash`.
    pub(super) fn packed(&self, hash: ContentHash) -> Option<&[u8]> {
        let offset = usize::try_from(self.spots.get(&hash)?.offset).ok()?;
        segment::entry_of(self.segment.get(offset..)?, hash)
    }

    /// As an object, and where each body stands in it.
    pub(super) fn object(&self) -> Bytes {
        let mut object = Vec::with_capacity(self.segment.len() + self.spots.len() * ROW_BYTES + TAIL_BYTES);
        object.extend(&self.segment);
        for (hash, spot) in &self.spots {
            object.extend(hash.as_bytes());
            object.extend(spot.offset.to_le_bytes());
            object.extend(spot.packed.to_le_bytes());
        }
        object.extend((self.spots.len() as u32).to_le_bytes());
        object.extend(TABLE_MARK);
        object.into()
    }

    /// The lines of each shelf as text, with where their bodies lie when this group's segment is `object`.
    pub(super) fn texts(&self, object: &str) -> BTreeMap<Shelf, String> {
        let mut texts: BTreeMap<Shelf, String> = BTreeMap::new();
        for line in &self.lines {
            let mut line = line.clone();
            line.lies_in(self.spots.contains_key(&line.body).then(|| object.to_owned()));
            texts.entry(line.shelf.clone()).or_default().push_str(&line.text());
        }
        texts
    }
}

/// How long the table is that ends like this; `None` where there is none.
pub(super) fn table_bytes(tail: &[u8]) -> Option<usize> {
    let tail = tail.get(tail.len().checked_sub(TAIL_BYTES)?..)?;
    let (count, mark) = tail.split_at(4);
    let count = u32::from_le_bytes(count.try_into().ok()?) as usize;
    (mark == TABLE_MARK).then_some(count.checked_mul(ROW_BYTES)?.checked_add(TAIL_BYTES)?)
}

/// The entries that a table, which ends `bytes`, tells of.
pub(super) fn read_table(bytes: &[u8]) -> Vec<(ContentHash, Spot)> {
    let Some(rows) = table_bytes(bytes).and_then(|length| bytes.get(bytes.len().checked_sub(length)?..))
    else {
        return Vec::new();
    };
    let rows = rows[..rows.len() - TAIL_BYTES].chunks_exact(ROW_BYTES);
    let row = |row: &[u8]| {
        let (mut hash, mut offset, mut packed) = ([0; 32], [0; 8], [0; 4]);
        hash.copy_from_slice(&row[..32]);
        offset.copy_from_slice(&row[32..40]);
        packed.copy_from_slice(&row[40..]);
        let spot = Spot { offset: u64::from_le_bytes(offset), packed: u32::from_le_bytes(packed) };
        (ContentHash::from_bytes(hash), spot)
    };
    rows.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_tells_where_its_bodies_stand() {
        let mut group = Group::default();
        let hashes: Vec<_> = (0..50_u8).map(|n| ContentHash::of(&[n])).collect();
        for (n, hash) in hashes.iter().enumerate() {
            group.add(*hash, &vec![7; n]).unwrap();
        }
        let object = group.object();
        assert_eq!(table_bytes(&object), Some(50 * ROW_BYTES + TAIL_BYTES));
        let table: HashMap<_, _> = read_table(&object).into_iter().collect();
        assert_eq!(table, group.spots);
        for (n, hash) in hashes.iter().enumerate() {
            let range = table[hash].range();
            let entry = &object[range.start as usize..range.end as usize];
            assert_eq!(segment::entry_of(entry, *hash), Some(&vec![7; n][..]));
        }
        // Read as a segment in a folder is, it ends where the table begins.
        assert_eq!(segment::scan_bytes(&object).len(), 50);
        assert_eq!(table_bytes(&object[..object.len() - 1]), None);
        assert_eq!((read_table(b""), table_bytes(b"entries1")), (Vec::new(), None));
    }
}
