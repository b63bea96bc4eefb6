//! Bytes of a data file to text: UTF-8, a byte-order mark tolerated.

use crate::DataError;
use crate::error::Place;
use std::path::Path;

/// The text of a file, without a byte-order mark.
pub(super) fn decode<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    let broken = |line: Option<u64>, message: &str| DataError::Broken {
        place: Box::new(Place { path: path.to_path_buf(), row: None, line }),
        message: message.to_owned(),
    };
    match bytes {
        [0x1f, 0x8b, ..] => return Err(broken(None, "it is compressed with gzip; give it the ending `.gz`")),
        [b'P', b'K', 3, 4, ..] => return Err(broken(None, "it is a zip archive; unpack it first")),
        [b'P', b'A', b'R', b'1', ..] => return Err(broken(None, "it is Parquet; give it the kind `parquet`")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(broken(None, "it is in UTF-16; save it as UTF-8")),
        _ => {}
    }
    let text = str::from_utf8(bytes).map_err(|e| {
        broken(Some(newlines(&bytes[..e.valid_up_to()]) + 1), "the text is not UTF-8; save the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.starts_with('\u{feff}') {
        return Err(broken(
            Some(1),
            "it begins with a second byte order mark (U+FEFF); one is passed over, delete the rest",
        ));
    }
    Ok(text)
}

/// How many lines end in some bytes.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf8_is_text() {
        let check = |bytes: &[u8]| decode(Path::new("x"), bytes).map(str::to_owned).map_err(|e| e.to_string());
        assert_eq!(check("\u{feff}ä".as_bytes()), Ok("ä".to_owned()));
        assert_eq!(check(b""), Ok(String::new()));
        for (bytes, message) in [
            (b"a\nb\xe4".as_slice(), "read x, line 2: the text is not UTF-8; save the file as UTF-8"),
            (b"\xff\xfea\0", "read x: it is in UTF-16; save it as UTF-8"),
            (
                b"\xef\xbb\xbf\xef\xbb\xbfa".as_slice(),
                "read x, line 1: it begins with a second byte order mark (U+FEFF); one is passed over, delete the rest",
            ),
            (b"\x1f\x8b\x08", "read x: it is compressed with gzip; give it the ending `.gz`"),
        ] {
            assert_eq!(check(bytes), Err(message.to_owned()));
        }
    }
}
