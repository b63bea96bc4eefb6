//! CSV: a header row with the columns' names, then one row per record; cells may be quoted and span lines.
//!
//! Every value is a string, so that `007` and `1.0` stay what they are; a template turns one into a number where it needs
//! one. `columns` names the columns of a file that has no header row. Files that end in `.tsv` are separated by tabs unless
//! `delimiter` says otherwise.

use super::entry::{Content, Each, PATH, Parse, SHA256, SourceEntry, SourceRow, check_sha256};
use super::gzip::plain_name;
use super::text::newlines;
use crate::DataError;
use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};
use std::path::Path;
use telos_core::shape::{Field, KindShape, Mistake, Shape};

pub(super) const ENTRY: SourceEntry = SourceEntry {
    shape: KindShape {
        kind: "csv",
        about: "CSV with a header row; every value is a string",
        fields: &[
            PATH,
            SHA256,
            Field::optional(
                "delimiter",
                Shape::Text,
                "the character between cells; a comma unless given, a tab for files that end in .tsv",
            ),
            Field::optional(
                "columns",
                Shape::List { of: &Shape::Text, min: 1 },
                "the columns' names, for a file without a header row",
            ),
            Field::optional(
                "rows_per_group",
                Shape::Whole { min: 1, max: u32::MAX as u64 },
                "so many rows behind each other belong together: the column `group` numbers them, from 0",
            ),
        ],
        check,
    },
    example: "{kind: csv, path: rows.csv, delimiter: \";\"}",
    endings: &[".csv"],
    parse: Parse::Text(parse),
};

fn check(map: &Map<String, Value>) -> Vec<Mistake> {
    let mut mistakes = check_sha256(map);
    if let Some(text) = map.get("delimiter").and_then(Value::as_str)
        && (text.len() != 1 || text == "\"" || text == "\n" || text == "\r")
    {
        mistakes.push((Some("delimiter"), "expected one ASCII character, such as \",\", \";\" or \"\\t\"".to_owned()));
    }
    mistakes.extend(check_columns(map));
    mistakes
}

/// A name that stands twice in `columns`.
pub(super) fn check_columns(map: &Map<String, Value>) -> Option<Mistake> {
    let names = map.get("columns")?.as_array()?.iter().filter_map(Value::as_str);
    repeated(names).map(|name| (Some("columns"), format!("`{name}` stands twice")))
}

fn parse(content: &Content<'_>, each: &mut Each<'_>) -> Result<(), DataError> {
    let tab = Path::new(&plain_name(content.path).0).extension().is_some_and(|ending| ending == "tsv");
    let delimiter = match content.params.get("delimiter").and_then(Value::as_str).map(str::as_bytes) {
        Some([byte]) => *byte,
        Some(_) => return Err(content.broken(None, None, "`delimiter` is to be one ASCII character")),
        None if tab => b'\t',
        None => b',',
    };
    parse_separated(content, delimiter, each)
}

/// The column in which `rows_per_group` numbers rows that belong together.
const GROUP: &str = "group";

/// Rows of cells with that character between them.
pub(super) fn parse_separated(content: &Content<'_>, delimiter: u8, each: &mut Each<'_>) -> Result<(), DataError> {
    // Cells are counted here, so that the message can say what was expected.
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(content.text.as_bytes());
    let named = content.params.get("columns").and_then(Value::as_array);
    let mut columns: Option<Vec<String>> =
        named.map(|list| list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
    let size = content.params.get("rows_per_group").and_then(Value::as_u64);
    let rows_per_group = size.map(|size| size.max(1) as usize);
    let mut rows = 0_usize;
    let mut record = StringRecord::new();
    let mut start = Start { byte: 0, line: 1 };
    while reader.read_record(&mut record).map_err(|e| content.broken(Some(rows), None, e.to_string()))? {
        if let Some(position) = record.position() {
            start.move_to(content.text.as_bytes(), position.byte() as usize);
        }
        let line = Some(start.line);
        let Some(columns) = &columns else {
            if let Some(name) = repeated(record.iter()) {
                let message = format!("the header has the column `{name}` twice; columns must differ");
                return Err(content.broken(None, line, message));
            }
            columns = Some(record.iter().map(str::to_owned).collect());
            continue;
        };
        if record.len() != columns.len() {
            let (found, expected) = (record.len(), columns.len());
            let message = format!(
                "the row has {found} cells, the header {expected}; is a quote missing, or an unquoted delimiter too many?"
            );
            return Err(content.broken(Some(rows), line, message));
        }
        let mut data: Map<String, Value> = columns.iter().cloned().zip(record.iter().map(Value::from)).collect();
        if let Some(size) = rows_per_group
            && data.insert(GROUP.to_owned(), (rows / size).to_string().into()).is_some()
        {
            let message = format!("`rows_per_group` makes a column `{GROUP}`, and the file has one of its own");
            return Err(content.broken(Some(rows), line, message));
        }
        each(SourceRow { place: content.place(Some(rows), line), data })?;
        rows += 1;
    }
    if left_open(&content.text.as_bytes()[start.byte..], delimiter) {
        let message = "a quote that opens in this row is never closed";
        return Err(content.broken(rows.checked_sub(1), Some(start.line), message));
    }
    Ok(())
}

/// Where a record begins. The parser's own line is one too small after `\r\n`, and it takes blank lines for the record's.
struct Start {
    byte: usize,
    line: u64,
}

impl Start {
    /// Moves on to a record, past the line ends before it.
    fn move_to(&mut self, text: &[u8], byte: usize) {
        let blank = text[byte..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        self.line += newlines(&text[self.byte..byte + blank]);
        self.byte = byte + blank;
    }
}

/// The first name that stands twice.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// Whether the last record ends inside quotes, which the parser takes for the end of the cell.
fn left_open(record: &[u8], delimiter: u8) -> bool {
    let (mut inside, mut at_start) = (false, true);
    for byte in record {
        match (inside, byte) {
            // A doubled quote closes and opens again, which comes to the same.
            (true, b'"') => inside = false,
            (false, b'"') => inside = at_start,
            _ => {}
        }
        at_start = !inside && [delimiter, b'\n', b'\r', b'"'].contains(byte);
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{check_error, rows};
    use serde_json::json;

    #[test]
    fn cells_are_strings() {
        let check = |name: &str, text: &str, params: Value, want: &[Value]| {
            assert_eq!(rows("csv", name, text.as_bytes(), &params).as_deref(), Ok(want), "{text:?}");
        };
        let row = json!({"a": "007", "b c": "x"});
        check("x.csv", "a,b c\n007,x\n", json!({}), std::slice::from_ref(&row));
        check("x.csv", "\u{feff}a,b c\r\n007,x", json!({}), std::slice::from_ref(&row));
        check("x.csv", "\u{feff}\"a\",b c\n007,x", json!({}), std::slice::from_ref(&row));
        check("x.csv", "a;b c\n007;x\n", json!({"delimiter": ";"}), std::slice::from_ref(&row));
        check("x.TSV", "a\tb c\n007\tx\n", json!({}), std::slice::from_ref(&row));
        check("x.csv", "007,x\n", json!({"columns": ["a", "b c"]}), std::slice::from_ref(&row));
        check("x.csv", ",a\n0,\n", json!({}), &[json!({"": "0", "a": ""})]);
        check(
            "x.csv",
            "a,b\n\"one\n\"\"two\"\", three\",5\" pipe\n\" \",\"\"\n",
            json!({}),
            &[json!({"a": "one\n\"two\", three", "b": "5\" pipe"}), json!({"a": " ", "b": ""})],
        );
    }

    #[test]
    fn columns_keep_their_order() {
        let found = rows("csv", "x.csv", b"z,a,m\n1,2,3\n", &Value::Null).expect("one row");
        assert_eq!(found[0].to_string(), r#"{"z":"1","a":"2","m":"3"}"#);
    }

    #[test]
    fn rows_that_belong_together_are_numbered() {
        let groups = |text: &str, size: u64| -> Result<Vec<Value>, String> {
            let found = rows("csv", "x.csv", text.as_bytes(), &json!({"rows_per_group": size}))?;
            Ok(found.into_iter().map(|row| row["group"].clone()).collect())
        };
        assert_eq!(groups("a\n1\n2\n3\n4\n5\n", 2), Ok(["0", "0", "1", "1", "2"].map(Value::from).to_vec()));
        check_error(groups("a,group\n1,x\n", 2), &["row 0", "line 2", "`group`", "one of its own"]);
    }

    #[test]
    fn broken_rows_are_explained() {
        let check =
            |text: &str, words: &[&str]| check_error(rows("csv", "x.csv", text.as_bytes(), &Value::Null), words);
        check("a,b\n\"1\n2\",3\n4\n", &["read x.csv, row 1 (counted from 0), line 4", "1 cells, the header 2"]);
        check("a,b\n1,2,3\n", &["row 0", "line 2", "3 cells"]);
        check("a,b\r\n1,2\r\n\r\n1\r\n", &["row 1", "line 4"]);
        check("a,b,a\n1,2,3\n", &["line 1", "`a` twice"]);
        check("a,b\n1,2\n3,\"4\n5,6\n", &["row 1", "line 3", "never closed"]);
        check("a,b\n1,\"2\"\"\n", &["row 0", "line 2", "never closed"]);
        check_error(rows("csv", "x", b"a\n1\n", &json!({"delimiter": "::"})), &["one ASCII character"]);
    }

    #[test]
    fn keys_are_checked() {
        let check =
            |value: Value| ENTRY_CHECK(value.as_object().expect("an object")).into_iter().map(|m| m.0).collect();
        let found: Vec<_> = check(json!({"delimiter": "ab", "columns": ["a", "b", "a"], "sha256": "x"}));
        assert_eq!(found, [Some("sha256"), Some("delimiter"), Some("columns")]);
        assert_eq!(check(json!({"delimiter": "\t", "columns": ["a", "b"]})), Vec::<Option<&str>>::new());
    }

    const ENTRY_CHECK: fn(&Map<String, Value>) -> Vec<Mistake> = ENTRY.shape.check;
}
