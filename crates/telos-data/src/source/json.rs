//! JSON: a list of objects, wherever in the file it stands.
//!
//! The rows are the file itself where that is a list; the list inside where the file is an object with one list in it; or
//! what `records` names, keys joined by dots (`data.questions`). With `key`, the records are an object of objects instead:
//! each entry is a row, and its key stands in the column of that name.

use super::entry::{Content, Each, PATH, Parse, SHA256, SourceEntry, SourceRow, check_sha256};
use crate::DataError;
use crate::error::hint;
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape};

pub(super) const ENTRY: SourceEntry = SourceEntry {
    shape: KindShape {
        kind: "json",
        about: "a JSON file with a list of objects",
        fields: &[
            PATH,
            SHA256,
            Field::optional(
                "records",
                Shape::Text,
                "where the list is, keys joined by dots; may be left out where it is the file itself or the only list in it",
            ),
            Field::optional(
                "key",
                Shape::Text,
                "the records are an object of objects, not a list; each entry's key becomes this column",
            ),
        ],
        check: check_sha256,
    },
    example: "{kind: json, path: rows.json, records: data.questions}",
    endings: &[".json"],
    parse: Parse::Text(parse),
};

fn parse(content: &Content<'_>, each: &mut Each<'_>) -> Result<(), DataError> {
    let value = telos_core::json::read(content.text.as_bytes()).map_err(|e| {
        let lines = e.reason.contains("trailing characters") && content.text.trim_start().starts_with('{');
        let advice = if lines { "; a file with one object per line is of kind `jsonl`" } else { "" };
        content.broken(None, Some(e.line as u64), format!("it is not JSON: {e} (at column {}){advice}", e.column))
    })?;
    let value = match content.params.get("records").and_then(Value::as_str) {
        Some(records) => descend(content, value, records)?,
        None => value,
    };
    match content.params.get("key").and_then(Value::as_str) {
        Some(column) => keyed(content, value, column, each),
        None => listed(content, value, each),
    }
}

/// The value under keys joined by dots.
fn descend(content: &Content<'_>, mut value: Value, records: &str) -> Result<Value, DataError> {
    for key in records.split('.') {
        let Value::Object(map) = &mut value else {
            let found = article(&value);
            return Err(content.broken(None, None, format!("`records: {records}`: `{key}` is looked for in {found}")));
        };
        let Some(inner) = map.get_mut(key).map(Value::take) else {
            let hint = hint(key, map.keys().map(String::as_str));
            let known = names(map.keys());
            return Err(content.broken(
                None,
                None,
                format!("`records: {records}`: there is no `{key}`{hint}; keys: {known}"),
            ));
        };
        value = inner;
    }
    Ok(value)
}

/// Rows of a list, or of the only list in an object.
fn listed(content: &Content<'_>, value: Value, each: &mut Each<'_>) -> Result<(), DataError> {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut map) => {
            let lists: Vec<String> = map.iter().filter(|(_, v)| v.is_array()).map(|(k, _)| k.clone()).collect();
            let message = match lists.as_slice() {
                [only] => match map.get_mut(only).map(Value::take) {
                    Some(Value::Array(list)) => return objects(content, list, each),
                    _ => "expected a list of objects".to_owned(),
                },
                [] => {
                    format!("expected a list of objects, found an object without a list; keys: {}", names(map.keys()))
                }
                several => format!("it holds several lists; say with `records` which it is: {}", names(several)),
            };
            return Err(content.broken(None, None, message));
        }
        other => {
            return Err(content.broken(None, None, format!("expected a list of objects, found {}", article(&other))));
        }
    };
    objects(content, list, each)
}

fn objects(content: &Content<'_>, list: Vec<Value>, each: &mut Each<'_>) -> Result<(), DataError> {
    let row = |(row, value)| match value {
        Value::Object(data) => Ok(SourceRow { place: content.place(Some(row), None), data }),
        other => Err(content.broken(Some(row), None, format!("expected an object, found {}", article(&other)))),
    };
    list.into_iter().enumerate().map(row).try_for_each(|row| each(row?))
}

/// Rows of an object of objects.
fn keyed(content: &Content<'_>, value: Value, column: &str, each: &mut Each<'_>) -> Result<(), DataError> {
    let Value::Object(map) = value else {
        let found = article(&value);
        return Err(content.broken(None, None, format!("with `key`, an object of objects is expected; found {found}")));
    };
    let row = |(row, (key, value))| {
        let Value::Object(fields) = value else {
            let message = format!("`{key}`: expected an object, found {}", article(&value));
            return Err(content.broken(Some(row), None, message));
        };
        if fields.contains_key(column) {
            let message = format!("`{key}` has a column `{column}` of its own; choose another name for `key`");
            return Err(content.broken(Some(row), None, message));
        }
        let mut data = Map::new();
        data.insert(column.to_owned(), Value::String(key));
        data.extend(fields);
        Ok(SourceRow { place: content.place(Some(row), None), data })
    };
    map.into_iter().enumerate().map(row).try_for_each(|row| each(row?))
}

/// What a value is, with its article.
pub(crate) fn article(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Names in a row, cut where there are very many.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    const SHOWN: usize = 30;
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    let mut text = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        text = format!("{text} and {} more", names.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::source::tests::{check_error, rows};
    use serde_json::{Value, json};

    #[test]
    fn rows_are_found_where_they_are() {
        let want = [json!({"a": 1}), json!({"a": [true, null]})];
        let list = r#"[{"a": 1}, {"a": [true, null]}]"#;
        let check = |text: String, params: Value| {
            assert_eq!(rows("json", "x.json", text.as_bytes(), &params).as_deref(), Ok(want.as_slice()), "{text}");
        };
        check(list.to_owned(), json!({}));
        check(format!("\u{feff}{list}\n"), json!({}));
        check(format!(r#"{{"version": 2, "rows": {list}}}"#), json!({}));
        check(format!(r#"{{"a": {{"b": {list}}}, "c": []}}"#), json!({"records": "a.b"}));
        check(format!(r#"{{"a": {{"b": {{"n": 1, "c": {list}}}}}}}"#), json!({"records": "a.b"}));
    }

    #[test]
    fn an_object_of_objects_has_its_keys_in_a_column() {
        let found =
            rows("json", "x.json", br#"{"in": {"If x,": {"safe": ["a"]}}}"#, &json!({"key": "k", "records": "in"}));
        assert_eq!(found, Ok(vec![json!({"k": "If x,", "safe": ["a"]})]));
        check_error(rows("json", "x.json", br#"{"a": {"k": 1}}"#, &json!({"key": "k"})), &["row 0", "`k` of its own"]);
        check_error(
            rows("json", "x.json", br#"{"a": {}, "b": 3}"#, &json!({"key": "k"})),
            &["row 1", "found a number"],
        );
        check_error(rows("json", "x.json", b"[]", &json!({"key": "k"})), &["found a list"]);
    }

    #[test]
    fn broken_files_are_explained() {
        let check =
            |text: &str, params, words: &[&str]| check_error(rows("json", "x.json", text.as_bytes(), &params), words);
        check("[{}, 3]", json!({}), &["read x.json, row 1 (counted from 0)", "expected an object, found a number"]);
        check("[{},\n{\"a\": }]", json!({}), &["x.json, line 2", "not JSON"]);
        check("{\"a\": 1}\n{\"a\": 2}\n", json!({}), &["x.json, line 2", "kind `jsonl`"]);
        check("{\"a\": 1, \"b\": {}}", json!({}), &["an object without a list", "keys: a, b"]);
        check("{\"a\": [], \"b\": []}", json!({}), &["several lists", "`records`", "a, b"]);
        check("\"text\"", json!({}), &["found a string"]);
        check("{\"data\": {\"rows\": []}}", json!({"records": "data.row"}), &["no `row`", "did you mean `rows`?"]);
        check("[1]", json!({"records": "data"}), &["`data` is looked for in a list"]);
        check("", json!({}), &["line 1", "not JSON", "nothing in it"]);
        // d1, d9: nested in a list too.
        check("[{\"a\": 1},\n{\"b\": {\"a\": 1, \"a\": 2}}]", json!({}), &["line 2", "the key `a` stands twice"]);
        check("[{\"a\": 1},\n{\"b\": -9223372036854775809}]", json!({}), &["line 2", "does not fit 64 bits"]);
    }
}
