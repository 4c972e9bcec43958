//! The frame of a backup: a tar archive (ustar) that any tool unpacks, written so that there is one way alone to
//! write each head. So a head is checked by writing it once more; what follows it is named by its own hash.

use model::ContentHash;

/// Heads and contents begin at multiples of this.
pub(super) const BLOCK: usize = 512;

/// A member of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) size: u64,
    /// Seconds since 1970, as tools show it.
    pub(super) at: u64,
}

/// The name of a member with this content: `head`, the first digits of the content's hash, `tail`.
pub(super) fn name(head: &str, content: &[u8], tail: &str) -> String {
    format!("{head}-{}{tail}", digits(content))
}

/// Whether a member of this name has this content.
pub(super) fn is_named_after(name: &str, content: &[u8]) -> bool {
    let (_, file) = name.rsplit_once('/').unwrap_or(("", name));
    let said = file.rsplit_once('-').and_then(|(_, rest)| rest.split('.').next());
    said == Some(&digits(content))
}

fn digits(content: &[u8]) -> String {
    let mut hex = ContentHash::of(content).to_hex();
    hex.truncate(16);
    hex
}

/// Bytes behind a content of this size up to the next block.
pub(super) fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

impl Member {
    /// Its head.
    pub(super) fn head(&self) -> [u8; BLOCK] {
        let mut head = [0; BLOCK];
        let mut put = |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, &self.name);
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", self.size));
        put(136, &format!("{:011o}\0", self.at));
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\0");
        put(263, "00");
        put(265, "callboard");
        put(297, "callboard");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        head
    }

    /// The member that has this head; `None` when it is none of ours, or damaged.
    pub(super) fn read(head: &[u8; BLOCK]) -> Option<Member> {
        let text = |range: std::ops::Range<usize>| {
            let field = &head[range];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            std::str::from_utf8(&field[..end]).ok()
        };
        let octal = |range| u64::from_str_radix(text(range)?, 8).ok();
        let member = Member { name: text(0..100)?.to_owned(), size: octal(124..136)?, at: octal(136..148)? };
        // A larger number has no place in a head.
        let fits = member.size < 1 << 33 && member.at < 1 << 33 && member.name.len() <= 100;
        (fits && member.head() == *head).then_some(member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_and_no_other_byte_of_it_fits() {
        let member =
            Member { name: name("tables/runs/000001", b"x", ".ndjson.zst"), size: 1, at: 1_772_366_400 };
        let head = member.head();
        assert_eq!(Member::read(&head), Some(member));
        for at in 0..BLOCK {
            for flipped in [1, 0x80] {
                let mut head = head;
                head[at] ^= flipped;
                assert_eq!(Member::read(&head), None, "byte {at}");
            }
        }
        assert_eq!(Member::read(&[0; BLOCK]), None);
    }

    #[test]
    fn a_member_is_named_after_its_content() {
        let hash = ContentHash::of(b"body").to_hex();
        let name = name(&format!("bodies/{hash}"), b"packed", ".zst");
        assert!(name.len() <= 100, "{name}");
        assert!(is_named_after(&name, b"packed") && !is_named_after(&name, b"packer"));
        assert_eq!((padding(0), padding(1), padding(512)), (0, 511, 0));
    }
}
