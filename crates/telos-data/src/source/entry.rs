//! What a kind of source is, and what its parser takes and gives.

use super::gzip;
use crate::DataError;
use crate::error::Place;
use serde_json::{Map, Value};
use std::path::Path;
use telos_core::shape::{Field, KindShape, Mistake, Shape};

/// One kind of source.
#[derive(Debug, Clone, Copy)]
pub struct SourceEntry {
    /// Its name and keys.
    pub shape: KindShape,
    /// An example in YAML.
    pub example: &'static str,
    /// The endings by which its files are known, in lower case and with the dot; files of text may have `.gz` after it.
    pub endings: &'static [&'static str],
    pub(super) parse: Parse,
}

impl SourceEntry {
    pub(super) fn fits(&self, path: &Path) -> bool {
        let (name, packed) = gzip::plain_name(path);
        (self.is_text() || !packed) && self.endings.iter().any(|ending| name.ends_with(ending))
    }

    /// Whether its files are text, which may be compressed.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.parse, Parse::Text(_))
    }
}

/// How a file becomes rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parse {
    /// From its text.
    Text(fn(&Content<'_>, &mut Each<'_>) -> Result<(), DataError>),
    /// From its bytes.
    Bytes(fn(&Path, &[u8], &mut Each<'_>) -> Result<(), DataError>),
}

/// Whoever takes the rows, one by one, so that they need not all be in memory.
pub(crate) type Each<'a> = dyn FnMut(SourceRow) -> Result<(), DataError> + 'a;

/// A file to parse: its text without a byte-order mark, and the source's keys.
pub(crate) struct Content<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
    pub(crate) params: &'a Map<String, Value>,
}

impl Content<'_> {
    /// A place in the file.
    pub(crate) fn place(&self, row: Option<usize>, line: Option<u64>) -> Place {
        Place { path: self.path.to_path_buf(), row, line }
    }

    /// An error at a place in the file.
    pub(crate) fn broken(&self, row: Option<usize>, line: Option<u64>, message: impl Into<String>) -> DataError {
        DataError::Broken { place: Box::new(self.place(row, line)), message: message.into() }
    }
}

/// A row with the place that it came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SourceRow {
    pub(crate) place: Place,
    pub(crate) data: Map<String, Value>,
}

/// The key `path` of every kind.
pub(crate) const PATH: Field =
    Field::required("path", Shape::Path, "a file, or a folder whose files of this kind are read in order of name");

/// The key `sha256` of every kind.
pub(crate) const SHA256: Field = Field::optional(
    "sha256",
    Shape::Text,
    "sha256 of the file (of a folder: of its files one after another); other data are refused",
);

/// What every kind checks: that a sha256 is one.
pub(crate) fn check_sha256(map: &Map<String, Value>) -> Vec<Mistake> {
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match map.get("sha256").and_then(Value::as_str) {
        Some(text) if !is_hash(text) => vec![(Some("sha256"), "expected 64 hexadecimal digits".to_owned())],
        _ => Vec::new(),
    }
}
