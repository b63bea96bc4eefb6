//! JSON Lines: one object per line. Blank lines are passed over.

use super::entry::{Content, Each, PATH, Parse, SHA256, SourceEntry, SourceRow, check_sha256};
use super::json::article;
use crate::DataError;
use serde_json::Value;
use telos_core::json;
use telos_core::shape::KindShape;

pub(super) const ENTRY: SourceEntry = SourceEntry {
    shape: KindShape {
        kind: "jsonl",
        about: "JSON Lines: one object per line",
        fields: &[PATH, SHA256],
        check: check_sha256,
    },
    example: "{kind: jsonl, path: rows.jsonl}",
    endings: &[".jsonl", ".ndjson"],
    parse: Parse::Text(parse),
};

fn parse(content: &Content<'_>, each: &mut Each<'_>) -> Result<(), DataError> {
    let mut rows = 0;
    for (line, text) in (1..).zip(content.text.split('\n')) {
        if text.trim().is_empty() {
            continue;
        }
        let row = Some(rows);
        let broken = |message: String| content.broken(row, Some(line), message);
        match json::read(text.as_bytes()) {
            Ok(Value::Object(data)) => each(SourceRow { place: content.place(row, Some(line)), data })?,
            Ok(other) => return Err(broken(format!("expected an object, found {}", article(&other)))),
            Err(e) => {
                let list = line == 1 && text.trim_start().starts_with('[');
                let advice = if list { "; a file that is one list is of kind `json`" } else { "" };
                let what = if e.cut { "the object is cut short".to_owned() } else { format!("it is not JSON: {e}") };
                return Err(broken(format!("{what} (at column {}){advice}", e.column)));
            }
        }
        rows += 1;
    }
    Ok(())
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
        check("{}\n{\"a\": x}", &["line 2: it is not JSON: expected value (at column 7)"]);
    }

    #[test]
    fn d1_d4_d9_what_could_be_read_in_two_ways_is_refused() {
        let check = |text: &str, words: &[&str]| check_error(rows("jsonl", "x", text.as_bytes(), &Value::Null), words);
        check(
            "{}\n{\"gold\": 0, \"gold\": 1}\n",
            &["row 1", "line 2", "the key `gold` stands twice", "(at column 18)"],
        );
        check("{\"a\": {\"b\": [{\"c\": 1, \"c\": 1}]}}", &["line 1", "`c`"]);
        check("{\"id\": 18446744073709551616}", &["line 1", "18446744073709551616 does not fit 64 bits"]);
        check("{\"a\": NaN}", &["`NaN` is no JSON value"]);
        check("{\"a\": \"\\ud800\"}", &["surrogate"]);
        check("{\"a\": \"\0\"}", &["U+0000"]);
        check(&format!("{{\"a\": {}}}", "[".repeat(200)), &["128 deep"]);
        check("\u{feff}\u{feff}{}", &["line 1", "byte order mark"]);
    }
}
