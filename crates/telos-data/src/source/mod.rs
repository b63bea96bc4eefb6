//! Sources: files of rows, one format a file. A new format is a file here and a line in [`SOURCES`].

pub(crate) mod csv;
mod entry;
mod gzip;
pub(crate) mod json;
pub(crate) mod jsonl;
mod parquet;
mod text;
mod tsv;

pub use entry::SourceEntry;
pub(crate) use entry::{Each, SourceRow};

use crate::DataError;
use crate::checksum::sha256_bytes;
use crate::error::{Place, hint, io_error};
use entry::{Content, Parse};
use gzip::MOST_BYTES;
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use telos_core::file::irregular;
use telos_core::shape::KindShape;

/// Where a benchmark's rows are.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// A kind of [`SOURCES`].
    pub kind: String,
    /// A file, or a folder whose files of that kind are read in order of name, one after another.
    pub path: PathBuf,
    /// The sha256 of the file, or of a folder's files one after another; in hexadecimal.
    pub sha256: Option<String>,
    /// The content, where it is compiled into the program; `path` is then only its name.
    pub embedded: Option<&'static str>,
    /// The other keys of the source, as the kind's shape lists them.
    pub params: Map<String, Value>,
}

/// The kinds of sources.
pub static SOURCES: &[SourceEntry] = &[json::ENTRY, jsonl::ENTRY, csv::ENTRY, tsv::ENTRY, parquet::ENTRY];

/// The kinds of sources, for a catalogue.
pub fn source_shapes() -> Vec<KindShape> {
    SOURCES.iter().map(|entry| entry.shape).collect()
}

/// The kind of source that a file's ending speaks for; none for a folder or an unknown ending.
pub fn guess(path: &Path) -> Option<&'static str> {
    SOURCES.iter().find(|entry| entry.fits(path)).map(|entry| entry.shape.kind)
}

/// Hands over all rows of a source, in order, and gives the sha256 of its bytes.
pub(crate) fn read(source: &Source, each: &mut Each<'_>) -> Result<String, DataError> {
    let entry = SOURCES.iter().find(|entry| entry.shape.kind == source.kind).ok_or_else(|| DataError::Kind {
        path: source.path.clone(),
        kind: source.kind.clone(),
        hint: hint(&source.kind, SOURCES.iter().map(|entry| entry.shape.kind)),
        known: SOURCES.iter().map(|entry| entry.shape.kind).collect::<Vec<_>>().join(", "),
    })?;
    let files = files(source, entry)?;
    let found = sha256_bytes(files.iter().map(|(_, bytes)| bytes.as_slice()));
    if let Some(expected) = source.sha256.as_ref().map(|hash| hash.to_ascii_lowercase())
        && expected != found
    {
        return Err(DataError::Checksum { path: source.path.clone(), expected, found });
    }
    let mut rows = 0_u64;
    let mut each = |row: SourceRow| {
        rows += 1;
        each(row)
    };
    for (path, bytes) in &files {
        match entry.parse {
            Parse::Bytes(parse) => parse(path, bytes, &mut each)?,
            Parse::Text(parse) => {
                let bytes = gzip::unpack(path, bytes)?;
                let text = text::decode(path, &bytes)?;
                parse(&Content { path, text, params: &source.params }, &mut each)?;
            }
        }
    }
    if rows == 0 { Err(DataError::Empty { path: source.path.clone() }) } else { Ok(found) }
}

/// The files of a source with their bytes, in the order in which they are read.
fn files(source: &Source, entry: &SourceEntry) -> Result<Vec<(PathBuf, Vec<u8>)>, DataError> {
    if let Some(text) = source.embedded {
        return Ok(vec![(source.path.clone(), text.as_bytes().to_vec())]);
    }
    let metadata = fs::metadata(&source.path).map_err(io_error("read", &source.path))?;
    let paths = if metadata.is_dir() {
        let mut paths = Vec::new();
        for found in fs::read_dir(&source.path).map_err(io_error("list", &source.path))? {
            let path = found.map_err(io_error("list", &source.path))?.path();
            if entry.fits(&path) && path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            let endings = entry.endings.join(" or ");
            let place = Box::new(Place { path: source.path.clone(), row: None, line: None });
            return Err(DataError::Broken {
                place,
                message: format!("the folder holds no file that ends in {endings}"),
            });
        }
        paths
    } else {
        vec![source.path.clone()]
    };
    paths.into_iter().map(|path| bytes_of(&path).map(|bytes| (path, bytes))).collect()
}

/// The bytes of a regular file.
fn bytes_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let broken = |message: String| DataError::Broken {
        place: Box::new(Place { path: path.to_path_buf(), row: None, line: None }),
        message,
    };
    let metadata = fs::metadata(path).map_err(io_error("read", path))?;
    if let Some(what) = irregular(metadata.file_type()) {
        return Err(broken(format!("it is {what} and no file")));
    }
    if metadata.len() > MOST_BYTES {
        let (size, most) = (metadata.len() >> 20, MOST_BYTES >> 20);
        return Err(broken(format!("it is of {size} MiB, and at most {most} are read; split it or take a part")));
    }
    fs::read(path).map_err(io_error("read", path))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::entry::check_sha256;
    use super::*;
    use crate::atomic::tests::Folder;

    /// All rows of a source, and its sha256.
    pub(crate) fn whole(source: &Source) -> Result<(Vec<SourceRow>, String), DataError> {
        let mut rows = Vec::new();
        let sha256 = read(source, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok((rows, sha256))
    }

    /// The rows of one file of text, or the error's message.
    pub(crate) fn rows(kind: &str, name: &str, bytes: &[u8], params: &Value) -> Result<Vec<Value>, String> {
        let folder = Folder::new();
        let path = folder.file(name, bytes);
        let params = params.as_object().cloned().unwrap_or_default();
        let source = Source { kind: kind.to_owned(), path, sha256: None, embedded: None, params };
        match whole(&source) {
            Ok((rows, _)) => Ok(rows.into_iter().map(|row| Value::Object(row.data)).collect()),
            Err(e) => Err(e.to_string().replace(&format!("{}/", folder.path().display()), "")),
        }
    }

    /// Checks an error's message for all of some words.
    pub(crate) fn check_error<T: std::fmt::Debug>(result: Result<T, String>, words: &[&str]) {
        let message = result.expect_err("the data are broken");
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    }

    #[test]
    fn the_table_is_in_order() {
        for entry in SOURCES {
            let kind = entry.shape.kind;
            assert!(!entry.shape.about.is_empty() && kind.chars().all(|c| c.is_ascii_lowercase()), "{kind}");
            assert_eq!(SOURCES.iter().filter(|other| other.shape.kind == kind).count(), 1, "{kind} stands twice");
            for name in ["path", "sha256"] {
                assert_eq!(entry.shape.fields.iter().filter(|field| field.name == name).count(), 1, "{kind}: {name}");
            }
            assert!(entry.shape.fields.iter().all(|field| !field.about.is_empty()), "{kind}");
            for ending in entry.endings {
                assert!(ending.starts_with('.') && *ending == ending.to_ascii_lowercase(), "{ending}");
                assert_eq!(guess(Path::new(&format!("a.b/DATA{}", ending.to_uppercase()))), Some(kind));
            }
        }
        assert_eq!(source_shapes().len(), SOURCES.len());
        assert_eq!(guess(Path::new("data.xlsx")), None);
        assert_eq!(guess(Path::new("json")), None);
    }

    #[test]
    fn a_sha256_is_checked_for_its_form() {
        let check = |hash: &str| check_sha256(serde_json::json!({"sha256": hash}).as_object().expect("an object"));
        assert_eq!(check(&"0aF".repeat(21)), [(Some("sha256"), "expected 64 hexadecimal digits".to_owned())]);
        assert_eq!(check(&format!("{}0", "0aF".repeat(21))), []);
        assert_eq!(check_sha256(&Map::new()), []);
    }

    #[test]
    fn unknown_kinds_are_named() {
        check_error(
            rows("jsonn", "a", b"[]", &Value::Null),
            &["`jsonn`", "did you mean `json`?", "json, jsonl, csv, tsv, parquet"],
        );
    }

    #[test]
    fn folders_are_read_in_order_of_name() {
        let folder = Folder::new();
        folder.file("d/b.jsonl", "{\"n\": 2}\n");
        folder.file("d/a.JSONL", "{\"n\": 1}");
        folder.file("d/README.md", "not data");
        folder.file("d/c.jsonl/inner", "a folder with such a name");
        let mut source = Source {
            kind: "jsonl".into(),
            path: folder.path().join("d"),
            sha256: Some(sha256_bytes([b"{\"n\": 1}{\"n\": 2}\n".as_slice()]).to_uppercase()),
            embedded: None,
            params: Map::new(),
        };
        let (found, _) = whole(&source).expect("two files");
        assert_eq!(found.iter().map(|row| row.data["n"].clone()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(found[1].place, Place { path: folder.path().join("d/b.jsonl"), row: Some(0), line: Some(1) });
        source.kind = "csv".into();
        let message = whole(&source).expect_err("no such files").to_string();
        assert!(message.ends_with("the folder holds no file that ends in .csv"), "{message}");
    }

    #[test]
    fn checksums_guard_embedded_data_too() {
        let embedded = Source {
            kind: "json".into(),
            path: "own.json".into(),
            sha256: Some("0".repeat(64)),
            embedded: Some("[{}]"),
            params: Map::new(),
        };
        let message = whole(&embedded).expect_err("another hash").to_string();
        let found = sha256_bytes([b"[{}]".as_slice()]);
        assert!(message.contains(&found) && message.contains(&"0".repeat(64)), "{message}");
        let (rows, hash) = whole(&Source { sha256: Some(found.clone()), ..embedded }).expect("this hash");
        assert_eq!((rows.len(), hash), (1, found));
    }

    #[test]
    fn missing_files_and_empty_data_are_errors() {
        let absent = Source {
            kind: "csv".into(),
            path: "/nonexistent/x.csv".into(),
            sha256: None,
            embedded: None,
            params: Map::new(),
        };
        let message = whole(&absent).expect_err("absent").to_string();
        assert!(message.starts_with("read /nonexistent/x.csv: "), "{message}");
        for (kind, text) in [("json", "[]"), ("jsonl", "\n\n"), ("csv", "a,b\n")] {
            check_error(rows(kind, "x", text.as_bytes(), &Value::Null), &["x: it holds no rows"]);
        }
    }
}
