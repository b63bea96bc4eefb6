//! JSON Lines: one object per line. Blank lines are passed over.

use super::json::article;
use super::{Content, PATH, Parse, Row, SHA256, SourceEntry, check_sha256};
use crate::DataError;
use serde_json::Value;
use telos_core::shape::KindShape;

pub(super) const ENTRY: SourceEntry = SourceEntry {
    shape: KindShape {
        kind: "jsonl",
        about: "JSON Lines: one object per line",
        fields: &[PATH, SHA256],
        check: check_sha256,
    },
    endings: &[".jsonl", ".ndjson"],
    parse: Parse::Text(parse),
};

fn parse(content: &Content<'_>) -> Result<Vec<Row>, DataError> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(content.text.split('\n')) {
        if text.trim().is_empty() {
            continue;
        }
        let row = Some(rows.len());
        let broken = |message: String| content.broken(row, Some(line), message);
        match serde_json::from_str(text) {
            Ok(Value::Object(data)) => rows.push(Row { place: content.place(row, Some(line)), data }),
            Ok(other) => return Err(broken(format!("expected an object, found {}", article(&other)))),
            Err(e) => {
                let advice = if line == 1 { "; a file that is one list is of kind `json`" } else { "" };
                let what = if e.is_eof() { "the object is cut short" } else { "it is not JSON" };
                return Err(broken(format!("{what} (at column {}){advice}", e.column())));
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use crate::source::tests::{check_error, rows};
    use serde_json::{Value, json};

    #[test]
    fn one_object_per_line() {
        for text in ["{\"a\":1}\n{\"a\":2}", "\u{feff}{\"a\":1}\r\n\r\n {\"a\":2}\r\n\n"] {
            let found = rows("jsonl", "x.jsonl", text.as_bytes(), &Value::Null);
            assert_eq!(found, Ok(vec![json!({"a": 1}), json!({"a": 2})]), "{text:?}");
        }
    }

    #[test]
    fn the_line_of_a_mistake_is_named() {
        let check = |text: &str, words: &[&str]| check_error(rows("jsonl", "x", text.as_bytes(), &Value::Null), words);
        check("{}\n\n[1]\n", &["read x, row 1 (counted from 0), line 3: expected an object, found a list"]);
        check("{}\n{\"a\": ", &["line 2: the object is cut short (at column 6)"]);
        check("[\n{}\n]", &["line 1: the object is cut short", "kind `json`"]);
        check("{}\n{\"a\": x}", &["line 2: it is not JSON (at column 7)"]);
    }
}
