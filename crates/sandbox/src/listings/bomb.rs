//! A gzip body of 1.7 MB that unpacks to 256 MiB of zeros, written bit by bit because no sane
//! compressor is needed: one literal, then the same longest back reference over and over.

/// The body. Its checksum is not right: whoever gets that far has unpacked all of it.
pub(crate) fn gzip() -> Vec<u8> {
    const UNPACKED: usize = 256 * 1024 * 1024;
    const LONGEST: usize = 258;
    let mut bits = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], free: 0 };
    bits.push(0b1, 1); // the last block
    bits.push(0b01, 2); // fixed codes
    bits.push(0b0000_1100, 8); // literal 0: code 00110000, highest bit first
    for _ in 0..UNPACKED / LONGEST {
        bits.push(0b1010_0011, 8); // length 258: code 11000101, highest bit first
        bits.push(0, 5); // distance 1
    }
    bits.push(0, 7); // end of block
    bits.bytes.extend([0; 8]);
    bits.bytes
}

struct Bits {
    bytes: Vec<u8>,
    /// Bits still free in the last byte.
    free: u32,
}

impl Bits {
    /// Appends the lowest `count` bits of `value`, lowest first.
    fn push(&mut self, value: u32, count: u32) {
        for place in 0..count {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= (((value >> place) & 1) as u8) << (8 - self.free);
            }
            self.free -= 1;
        }
    }
}
