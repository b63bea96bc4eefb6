//! Files that are compressed with gzip, told by their ending `.gz`: the text inside is read as if it lay there unpacked.

use crate::DataError;
use crate::error::Place;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

/// What a data file may weigh, unpacked: it is read whole, and its rows take several times as much memory.
pub(super) const MOST_BYTES: u64 = 2 << 30;

/// The ending of a compressed file.
pub(super) const ENDING: &str = ".gz";

/// A file's name in lower case, without the ending of compression, and whether it had one.
pub(super) fn plain_name(path: &Path) -> (String, bool) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    match name.strip_suffix(ENDING) {
        Some(plain) => (plain.to_owned(), true),
        None => (name, false),
    }
}

/// The bytes of a file, unpacked where its name says that they are packed. A file may hold several members.
pub(super) fn unpack<'a>(path: &Path, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, DataError> {
    if !plain_name(path).1 {
        return Ok(Cow::Borrowed(bytes));
    }
    let broken = |message: String| DataError::Broken {
        place: Box::new(Place { path: path.to_path_buf(), row: None, line: None }),
        message,
    };
    let mut unpacked = Vec::new();
    // A thousand bytes can unpack to a million, so the limit holds for what comes out.
    match MultiGzDecoder::new(bytes).take(MOST_BYTES + 1).read_to_end(&mut unpacked) {
        Ok(_) if unpacked.len() as u64 > MOST_BYTES => {
            Err(broken(format!("it unpacks to more than {} MiB; split it or take a part", MOST_BYTES >> 20)))
        }
        Ok(_) => Ok(Cow::Owned(unpacked)),
        Err(e) => {
            Err(broken(format!("it is no whole gzip file ({e}); fetch it again, or take `{ENDING}` off its name")))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::atomic::tests::Folder;
    use crate::source::tests::{check_error, rows, whole};
    use crate::source::{SOURCES, Source, guess};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::{Map, Value, json};
    use std::io::Write;

    /// The bytes as `gzip` packs them.
    pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("a vector takes everything");
        encoder.finish().expect("a vector takes everything")
    }

    #[test]
    fn every_format_of_text_may_be_packed() {
        for (name, text) in [
            ("x.json.gz", "[{\"a\": \"1\"}, {\"a\": \"2\"}]"),
            ("x.jsonl.gz", "{\"a\": \"1\"}\n{\"a\": \"2\"}\n"),
            ("x.NDJSON.GZ", "{\"a\": \"1\"}\n{\"a\": \"2\"}\n"),
            ("x.csv.gz", "a\n1\n2\n"),
            ("x.tsv.gz", "a\n1\n2\n"),
        ] {
            let kind = guess(Path::new(name)).expect("a known ending");
            let found = rows(kind, name, &pack(text.as_bytes()), &Value::Null);
            assert_eq!(found, Ok(vec![json!({"a": "1"}), json!({"a": "2"})]), "{name}");
        }
        assert!(SOURCES.iter().filter(|entry| entry.is_text()).count() >= 4);
        assert_eq!(guess(Path::new("x.parquet.gz")), None, "a table is packed inside");
        let tabs = rows("tsv", "x.tsv.gz", &pack(b"a\tb\n1\t2\n"), &Value::Null);
        assert_eq!(tabs, Ok(vec![json!({"a": "1", "b": "2"})]));
        let tabs = rows("csv", "x.TSV.gz", &pack(b"a\tb\n1\t2\n"), &Value::Null);
        assert_eq!(tabs, Ok(vec![json!({"a": "1", "b": "2"})]));
    }

    #[test]
    fn members_are_read_one_after_another() {
        let two = [pack(b"{\"a\": 1}\n"), pack(b"{\"a\": 2}\n")].concat();
        assert_eq!(rows("jsonl", "x.jsonl.gz", &two, &Value::Null), Ok(vec![json!({"a": 1}), json!({"a": 2})]));
    }

    #[test]
    fn mistakes_inside_are_placed_and_torn_files_are_told() {
        let packed = pack(b"{\"a\": 1}\n[2]\n");
        let check = |name: &str, bytes: &[u8], words: &[&str]| {
            check_error(rows("jsonl", name, bytes, &Value::Null), words);
        };
        check("x.jsonl.gz", &packed, &["x.jsonl.gz, row 1 (counted from 0), line 2", "found a list"]);
        check("x.jsonl.gz", &packed[..packed.len() - 6], &["read x.jsonl.gz: it is no whole gzip file"]);
        check("x.jsonl.gz", b"{\"a\": 1}\n", &["no whole gzip file", "take `.gz` off its name"]);
        check("x.jsonl", &packed, &["compressed with gzip; give it the ending `.gz`"]);
    }

    #[test]
    fn folders_may_hold_both_and_the_checksum_is_that_of_the_files() {
        let folder = Folder::new();
        let packed = pack(b"{\"n\": 2}\n");
        folder.file("d/a.jsonl", "{\"n\": 1}\n");
        folder.file("d/b.jsonl.gz", &packed);
        let hash = crate::checksum::sha256_bytes([b"{\"n\": 1}\n".as_slice(), &packed]);
        let path = folder.path().join("d");
        let (kind, params) = ("jsonl".to_owned(), Map::new());
        let source = Source { kind, path, sha256: Some(hash.clone()), embedded: None, params };
        let (found, sha256) = whole(&source).expect("two files");
        assert_eq!((found.len(), found[1].data["n"].clone(), sha256), (2, json!(2), hash));
    }
}
