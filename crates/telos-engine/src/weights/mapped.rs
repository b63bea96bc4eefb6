//! Files mapped into memory, so that weights are read where they lie.

use std::path::Path;

/// Maps a file for reading. The error names the file and what failed.
#[expect(
    unsafe_code,
    reason = "a mapping is only sound while nobody changes the file; models are not written while in use"
)]
pub(crate) fn map(path: &Path) -> Result<memmap2::Mmap, String> {
    let file = std::fs::File::open(path).map_err(|e| format!("cannot open {}: {e}", path.display()))?;
    // SAFETY: see the reason above; the mapping is private to this process and read-only.
    unsafe { memmap2::Mmap::map(&file) }.map_err(|e| format!("cannot map {}: {e}", path.display()))
}
