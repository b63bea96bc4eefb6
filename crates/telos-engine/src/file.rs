//! Files as they are opened: regular ones only, and never more of them than such a file can have.

use crate::error::OpenError;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use telos_core::file::irregular;

/// Opens a regular file and says how many bytes it has; none where there is nothing. A FIFO would be waited for without end,
/// so what the path leads to is looked at first.
pub(crate) fn open(path: &Path) -> Result<Option<(File, u64)>, OpenError> {
    let unreadable = |why: String| OpenError::Unreadable { file: path.display().to_string(), why };
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(e.to_string())),
    };
    if let Some(kind) = irregular(about.file_type()) {
        return Err(unreadable(format!("it is {kind}, where a file was expected")));
    }
    File::open(path).map(|file| Some((file, about.len()))).map_err(|e| unreadable(e.to_string()))
}

/// Reads a file whole; none where there is nothing.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, OpenError> {
    let Some((file, bytes)) = open(path)? else { return Ok(None) };
    let shown = || path.display().to_string();
    if bytes > limit {
        return Err(OpenError::TooLarge { file: shown(), bytes, limit });
    }
    let mut content = Vec::with_capacity(bytes as usize);
    // A file that grows meanwhile is cut at its limit, and then is no whole file of its kind.
    match file.take(limit).read_to_end(&mut content) {
        Ok(_) => Ok(Some(content)),
        Err(e) => Err(OpenError::Unreadable { file: shown(), why: e.to_string() }),
    }
}

/// Maps a file for reading, so that weights are read where they lie; none where there is nothing.
#[expect(
    unsafe_code,
    reason = "a mapping is only sound while nobody changes the file; models are not written while in use"
)]
pub(crate) fn map(path: &Path) -> Result<Option<memmap2::Mmap>, OpenError> {
    let Some((file, _)) = open(path)? else { return Ok(None) };
    // SAFETY: see the reason above; the mapping is private to this process and read-only.
    let map = unsafe { memmap2::Mmap::map(&file) };
    map.map(Some).map_err(|e| OpenError::Unreadable { file: path.display().to_string(), why: e.to_string() })
}
