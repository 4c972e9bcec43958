//! Bodies as they are kept: compressed, and verified when they are unpacked.

use std::io;

use bytes::Bytes;
use model::ContentHash;

/// Fast, and still a fifth to a tenth of the size for markup.
const ZSTD_LEVEL: i32 = 1;

/// No landed body decompresses to more; fetch caps bodies well below.
const MAX_BODY_BYTES: usize = 1 << 30;

thread_local! {
    /// Compression contexts are large; each thread keeps one.
    static COMPRESSOR: std::cell::RefCell<Option<zstd::bulk::Compressor<'static>>> =
        const { std::cell::RefCell::new(None) };
}

pub(super) fn compress(body: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        compressor.compress(body)
    })
}

/// The body, verified, or what is wrong with it.
pub(super) fn unpack(packed: &[u8], hash: ContentHash) -> Result<Bytes, String> {
    let size = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(0);
    if size > MAX_BODY_BYTES {
        return Err(format!("it claims to hold {size} bytes"));
    }
    let body = zstd::bulk::decompress(packed, size).map_err(|error| error.to_string())?;
    if ContentHash::of(&body) != hash {
        return Err("its content has another hash".to_owned());
    }
    Ok(body.into())
}
