//! Standard output, and files that are written whole or not at all.

use crate::failure::Failure;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Prints results. A reader that went away is no error: `telos … | head` is a fine thing to type.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|e| Failure::output(&e)),
    }
}

/// Writes to standard output as things come. Where the reader goes away, writing ends there, and that is no error.
pub(crate) fn stream(write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut pipe = Pipe { out: io::stdout().lock(), closed: false };
    let mut out = io::BufWriter::with_capacity(1 << 16, &mut pipe);
    let written = write(&mut out).and_then(|()| out.flush().map_err(|e| Failure::output(&e)));
    // What is left after an error would only meet the same one.
    let _ = out.into_parts();
    if pipe.closed { Ok(()) } else { written }
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

/// Prints a value as JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Failure::internal(format!("failed to write the result as JSON: {e}")))?;
    print(&(text + "\n"))
}

/// Writes a file through a temporary one beside it, so that nothing half-written ever has its name.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let fail = |e: io::Error| Failure::usage(format!("failed to write {}: {e}", path.display()));
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).map_err(fail).and_then(|file| {
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

/// Writes a text.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    write_file(path, |out| {
        out.write_all(text.as_bytes()).map_err(|e| Failure::usage(format!("failed to write {}: {e}", path.display())))
    })
}

/// The width of the terminal's lines; 120 where output goes elsewhere.
pub(crate) fn width() -> usize {
    use std::io::IsTerminal;
    let columns = || std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    if io::stdout().is_terminal() { columns().unwrap_or(100) } else { 120 }
}
