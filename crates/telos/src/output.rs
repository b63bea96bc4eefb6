//! Standard output, and files that are written whole or not at all. What goes to a terminal passes here, and here alone what
//! would be invisible, or would command the terminal, is made visible.

use crate::failure::Failure;
use crate::target::{Target, folder, target};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use telos_report::{hidden, visible};

/// Prints results. A reader that went away is no error: `telos … | head` is a fine thing to type.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    put(&visible(text))
}

/// Prints a value as JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Failure::internal(format!("failed to write the result as JSON: {e}")))?;
    put(&(escaped(&text) + "\n"))
}

fn put(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|e| Failure::output(&e)),
    }
}

/// JSON in which hidden characters are escaped: the same value, and nothing that commands a terminal.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Writes lines of JSON to standard output as they come. Where the reader goes away, writing ends there, and that is no error.
pub(crate) fn stream(write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let out = io::stdout().lock();
    if out.is_terminal() { through(Terminal { out, rest: Vec::new() }, write) } else { through(out, write) }
}

/// Writes to a pipe or a device.
fn through(out: impl Write, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut pipe = Pipe { out, closed: false };
    let mut out = io::BufWriter::with_capacity(1 << 16, &mut pipe);
    let written = write(&mut out).and_then(|()| out.flush().map_err(|e| Failure::output(&e)));
    // What is left after an error would only meet the same one.
    let _ = out.into_parts();
    if pipe.closed { Ok(()) } else { written }
}

/// A terminal that JSON is written to.
struct Terminal<W> {
    out: W,
    /// The beginning of a character whose other bytes are still to come.
    rest: Vec<u8>,
}

impl<W: Write> Write for Terminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            _ => self.rest.len(),
        };
        let text = String::from_utf8_lossy(&self.rest[..whole]).into_owned();
        self.rest.drain(..whole);
        self.out.write_all(escaped(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A writer that remembers whether its reader went away, whatever became of the error on its way up.
struct Pipe<W> {
    out: W,
    closed: bool,
}

impl<W: Write> Pipe<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.closed |= result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.note(result)
    }
}

/// Writes what an option names: a file through a temporary one beside it, so that nothing half-written ever has its name;
/// a pipe or a device as it is.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let fail = |e: io::Error| Failure::usage(format!("failed to write {}: {e}", path.display()));
    match target(path)? {
        Target::File(file) => replace(&file, &fail, write),
        Target::Stream(at) => through(OpenOptions::new().append(true).open(&at).map_err(fail)?, write),
        Target::Output => stream(write),
        Target::Error => through(io::stderr().lock(), write),
    }
}

fn replace(
    path: &Path,
    fail: &dyn Fn(io::Error) -> Failure,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let there = match OpenOptions::new().write(true).open(path) {
        Ok(file) => Some(file.metadata().map_err(fail)?.permissions()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        // A file that may not be written must not be replaced either.
        Err(e) => return Err(fail(e)),
    };
    let (temporary, file) = temporary(folder(path)).map_err(fail)?;
    let written = there.map_or(Ok(()), |permissions| file.set_permissions(permissions).map_err(fail)).and_then(|()| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.into_inner().map_err(|e| fail(e.into_error()))?.sync_all().map_err(fail)?;
        fs::rename(&temporary, path).map_err(fail)
    });
    if written.is_err() {
        // What was written so far is of no use; that it cannot be removed changes nothing about the error.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file under a name that no other process has, so that many may write the same output at once.
fn temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".telos-{}-{n}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // A process of the same number may have been killed long ago.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (path, file)),
        }
    }
}

/// Writes a text.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    write_file(path, |out| out.write_all(text.as_bytes()).map_err(|e| could_not(path, &e)))
}

/// Adds a text to what an option names; a file that is not there is made.
pub(crate) fn append_text(path: &Path, text: &str) -> Result<(), Failure> {
    let Target::File(file) = target(path)? else { return write_text(path, text) };
    let opened = OpenOptions::new().create(true).append(true).open(file);
    // In one piece, for others may add to it at the same time.
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|e| could_not(path, &e))
}

fn could_not(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("failed to write {}: {error}", path.display()))
}

/// The width of the terminal's lines; 120 where output goes elsewhere.
pub(crate) fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    if io::stdout().is_terminal() { columns().unwrap_or(100) } else { 120 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped_and_says_the_same() {
        let value = serde_json::json!({"a\u{202e}": "\u{1b}]0;x\u{7}\u{9b}\u{7f}\u{e0041}grün 🙂"});
        let text = escaped(&value.to_string());
        assert!(!text.chars().any(hidden), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn a_terminal_gets_characters_whole() {
        let mut terminal = Terminal { out: Vec::new(), rest: Vec::new() };
        for byte in "\"ü\u{202e}🙂\"".bytes() {
            terminal.write_all(&[byte]).expect("a vector");
        }
        assert_eq!(String::from_utf8(terminal.out).expect("text"), "\"ü\\u202e🙂\"");
    }
}
