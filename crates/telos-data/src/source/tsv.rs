//! TSV: as CSV, with tabs between cells. Cells may be quoted and span lines.

use super::csv::{check_columns, parse_separated};
use super::entry::{PATH, Parse, SHA256, SourceEntry, check_sha256};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Mistake, Shape};

pub(super) const ENTRY: SourceEntry = SourceEntry {
    shape: KindShape {
        kind: "tsv",
        about: "TSV with a header row, tabs between cells; every value is a string",
        fields: &[
            PATH,
            SHA256,
            Field::optional(
                "columns",
                Shape::List { of: &Shape::Text, min: 1 },
                "the columns' names, for a file without a header row",
            ),
        ],
        check,
    },
    example: "{kind: tsv, path: rows.tsv, columns: [question, answer]}",
    endings: &[".tsv"],
    parse: Parse::Text(|content, each| parse_separated(content, b'\t', each)),
};

fn check(map: &Map<String, Value>) -> Vec<Mistake> {
    let mut mistakes = check_sha256(map);
    mistakes.extend(check_columns(map));
    mistakes
}

#[cfg(test)]
mod tests {
    use crate::source::tests::{check_error, rows};
    use serde_json::{Value, json};

    #[test]
    fn tabs_separate_whatever_the_ending() {
        let text = b"a\tb, c\n007\t\"x\ty\"\n";
        for name in ["x.tsv", "x.txt"] {
            assert_eq!(rows("tsv", name, text, &Value::Null), Ok(vec![json!({"a": "007", "b, c": "x\ty"})]), "{name}");
        }
        let params = json!({"columns": ["a", "b"]});
        assert_eq!(rows("tsv", "x.tsv", b"1\t2\n", &params), Ok(vec![json!({"a": "1", "b": "2"})]));
        let words = ["x.tsv, row 1 (counted from 0), line 3", "3 cells, the header 2"];
        check_error(rows("tsv", "x.tsv", b"a\tb\n1\t2\n1\t2\t3\n", &Value::Null), &words);
    }
}
