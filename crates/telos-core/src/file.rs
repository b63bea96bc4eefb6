//! What kind of thing a path leads to, in words.

use std::fs::FileType;

/// What the path leads to where that is no regular file, as in "is {a folder} and no file"; none for a regular file.
///
/// Opening a FIFO waits for a writer and reading a device may never end, so whoever is about to open a path that a user
/// or a file named looks first: `fs::metadata(path)?.file_type()`, which follows links and opens nothing.
pub fn irregular(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        return None;
    }
    Some(if kind.is_dir() { "a folder" } else { special(kind) })
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "something else"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "something else"
}
