//! Rows to items: each gets the id under which everything about it is joined.

use crate::error::hint;
use crate::source::json::names;
use crate::source::{self, Source, SourceRow};
use crate::{DataError, Items, Place};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use telos_core::Item;

/// The rows of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The rows, in the data's order.
    pub items: Items,
    /// The sha256 of the bytes; of a folder, of its files one after another.
    pub sha256: String,
    /// [`digest`] of the items.
    pub digest: String,
}

/// Reads a source whole. An item's id is the value of `id_column` (a string or a number), else the row's number from 0;
/// its cluster the value of `cluster`, where the row has one.
///
/// A missing file, another sha256, a broken row, an id that stands twice, a column that is not there and data without
/// rows are errors that name the place.
pub fn load(source: &Source, id_column: Option<&str>, cluster: Option<&str>) -> Result<Dataset, DataError> {
    let mut loading = Loading { id_column, cluster, clustered: None, seen: Seen::default(), items: Items::default() };
    let sha256 = source::read(source, &mut |row| loading.take(row))?;
    if let (Some(column), Some(first)) = (cluster, loading.clustered) {
        return Err(no_column(&first, column, "cluster"));
    }
    let items = loading.items;
    let digest = digest(&items);
    Ok(Dataset { items, sha256, digest })
}

/// The rows so far.
struct Loading<'a> {
    id_column: Option<&'a str>,
    cluster: Option<&'a str>,
    /// The first row, while no row has a column for the cluster.
    clustered: Option<SourceRow>,
    seen: Seen,
    items: Items,
}

impl Loading<'_> {
    fn take(&mut self, row: SourceRow) -> Result<(), DataError> {
        let index = self.items.len() as u32;
        let id = match self.id_column {
            None => index.to_string(),
            Some(column) => {
                let value = row.data.get(column).ok_or_else(|| no_column(&row, column, "item's id"))?;
                scalar(value).ok_or_else(|| unusable(&row, column, "an item's id", value))?
            }
        };
        if let Some(first) = self.seen.insert(&id, &row.place) {
            return Err(DataError::DuplicateId { id, first: Box::new(first), second: Box::new(row.place) });
        }
        let found = self.cluster.and_then(|column| row.data.get(column).map(|value| (column, value)));
        match (self.cluster, found) {
            (Some(_), None) if index == 0 => self.clustered = Some(row.clone()),
            (Some(_), Some(_)) => self.clustered = None,
            _ => {}
        }
        let cluster = match found {
            None | Some((_, Value::Null)) => None,
            Some((column, value)) => Some(match value {
                Value::Bool(flag) => flag.to_string(),
                value => scalar(value).ok_or_else(|| unusable(&row, column, "a cluster", value))?,
            }),
        };
        self.items.push(&Item::new(id, index, cluster, row.data));
        Ok(())
    }
}

/// Where each id was first, its hash in its place: 128 bits mix up two of a million ids with a chance of 10^-27.
#[derive(Default)]
struct Seen {
    files: Vec<PathBuf>,
    first: HashMap<[u8; 16], (u32, Option<u32>, Option<u32>)>,
}

impl Seen {
    /// Notes an id; gives the place where it stood before.
    fn insert(&mut self, id: &str, place: &Place) -> Option<Place> {
        let mut key = [0; 16];
        blake3::Hasher::new().update(id.as_bytes()).finalize_xof().fill(&mut key);
        if self.files.last() != Some(&place.path) {
            self.files.push(place.path.clone());
        }
        let file = self.files.len() as u32 - 1;
        match self.first.entry(key) {
            Entry::Vacant(free) => {
                free.insert((file, place.row.map(|row| row as u32), place.line.map(|line| line as u32)));
                None
            }
            Entry::Occupied(taken) => {
                let (file, row, line) = *taken.get();
                let path = self.files[file as usize].clone();
                Some(Place { path, row: row.map(|row| row as usize), line: line.map(u64::from) })
            }
        }
    }
}

/// The blake3 over the items' hashes (as hexadecimal text), in order: two datasets have the same digest if they have equal
/// rows in the same order.
pub fn digest(items: &Items) -> String {
    let mut hasher = blake3::Hasher::new();
    for place in 0..items.len() {
        hasher.update(items.hash(place).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The text of a string or a number.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn no_column(row: &SourceRow, column: &str, role: &'static str) -> DataError {
    DataError::Column {
        place: Box::new(row.place.clone()),
        column: column.to_owned(),
        role,
        hint: hint(column, row.data.keys().map(String::as_str)),
        known: names(row.data.keys()),
    }
}

fn unusable(row: &SourceRow, column: &str, role: &str, value: &Value) -> DataError {
    let found = source::json::article(value);
    let message = format!("`{column}` is {found}; {role} is a string or a number");
    DataError::Broken { place: Box::new(row.place.clone()), message }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::source::tests::check_error;
    use serde_json::Map;

    fn items(text: &'static str, id: Option<&str>, cluster: Option<&str>) -> Result<Dataset, String> {
        let (kind, path) = ("jsonl".to_owned(), "x.jsonl".into());
        let source = Source { kind, path, sha256: None, embedded: Some(text), params: Map::new() };
        load(&source, id, cluster).map_err(|e| e.to_string())
    }

    #[test]
    fn ids_are_a_column_or_the_number_of_the_row() {
        let text = "{\"q\": \"a\", \"n\": 7, \"c\": true}\n{\"q\": \"b\", \"n\": \"1.50\", \"c\": null}\n{\"q\": \"c\", \"n\": 1.5}";
        let ids = |id| items(text, id, Some("c")).unwrap().items.iter().map(|i| i.id).collect::<Vec<_>>();
        assert_eq!(ids(None), ["0", "1", "2"]);
        assert_eq!(ids(Some("q")), ["a", "b", "c"]);
        assert_eq!(ids(Some("n")), ["7", "1.50", "1.5"]);
        let found = items(text, None, Some("c")).unwrap();
        assert_eq!(found.items.iter().map(|i| i.cluster).collect::<Vec<_>>(), [Some("true".to_owned()), None, None]);
        assert_eq!(found.items.iter().map(|i| i.index).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn digests_depend_on_rows_and_their_order_alone() {
        let of = |text| items(text, None, None).unwrap().digest;
        let one = of("{\"a\": 1, \"b\": 2}\n{\"a\": 3}");
        assert_eq!(one, of("{\"b\":2,\"a\":1}\n\n{\"a\":3}\n"));
        assert_ne!(one, of("{\"a\": 3}\n{\"a\": 1, \"b\": 2}"));
        // blake3 of the two rows' blake3 hashes, as b3sum gives them for the canonical text.
        let hashes = ["{\"a\":1,\"b\":2}", "{\"a\":3}"].map(|row| telos_core::digest::blake3_hex(row.as_bytes()));
        assert_eq!(one, telos_core::digest::blake3_hex(hashes.concat().as_bytes()));
    }

    #[test]
    fn columns_and_ids_are_checked() {
        let text = "{\"id\": 1, \"category\": \"x\"}\n\n{\"id\": \"1\"}";
        check_error(
            items(text, Some("id"), None),
            &[
                "x.jsonl, row 1 (counted from 0), line 3",
                "`1`",
                "x.jsonl, row 0 (counted from 0), line 1",
                "count the rows",
            ],
        );
        check_error(
            items(text, Some("ID"), None),
            &["no column `ID`", "item's id", "did you mean `id`?", "columns: id, category"],
        );
        check_error(items(text, Some("category"), None), &["row 1", "no column `category`"]);
        check_error(items(text, None, Some("categories")), &["cluster", "did you mean `category`?"]);
        check_error(items("{\"id\": null}", Some("id"), None), &["row 0", "`id` is null", "a string or a number"]);
        check_error(items("{\"c\": [1]}", None, Some("c")), &["`c` is a list", "a cluster"]);
    }
}
