//! Parquet: one object per row. Lists and structs become lists and objects, so that a nested column of a published dataset
//! is what its JSON would be.
//!
//! Read are booleans, 32- and 64-bit whole numbers and floats, texts, and lists and structs of these. Another type is an error
//! that names the column.

use super::entry::{Each, PATH, Parse, SHA256, SourceEntry, SourceRow, check_sha256};
use crate::DataError;
use crate::error::Place;
use crate::guard::guarded;
use polars::prelude::{AnyValue, ArrowDataType, ParallelStrategy, ParquetReader, SerReader};
use serde_json::{Map, Number, Value};
use std::io::Cursor;
use std::path::Path;
use telos_core::shape::KindShape;

pub(super) const ENTRY: SourceEntry = SourceEntry {
    shape: KindShape {
        kind: "parquet",
        about: "Parquet: one object per row, lists and structs as lists and objects",
        fields: &[PATH, SHA256],
        check: check_sha256,
    },
    example: "{kind: parquet, path: rows.parquet}",
    endings: &[".parquet"],
    parse: Parse::Bytes(parse),
};

fn parse(path: &Path, bytes: &[u8], each: &mut Each<'_>) -> Result<(), DataError> {
    let place = |row: Option<usize>| Place { path: path.to_path_buf(), row, line: None };
    let broken = |row: Option<usize>, message: String| DataError::Broken { place: Box::new(place(row)), message };
    let damaged = |e: String| broken(None, format!("it is not a Parquet file, or it is damaged ({e}); fetch it again"));
    let told = |e: polars::error::PolarsError| e.to_string();
    let mut reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
    // Before anything is decoded: types that this build of polars lacks would end the program.
    let schema = guarded(|| reader.schema().map_err(told)).map_err(damaged)?;
    for field in schema.iter_values() {
        if let Some(unread) = unread(field.dtype()) {
            let message = format!(
                "its column `{}` is of type {unread}, which is not read; save it as text, a 64-bit number, or a list or \
                 struct of these, or leave it out",
                field.name
            );
            return Err(broken(None, message));
        }
    }
    let frame = guarded(|| reader.finish().map_err(told)).map_err(damaged)?;
    let columns: Vec<_> =
        frame.columns().iter().map(|column| (column.name().as_str(), column.as_materialized_series())).collect();
    for number in 0..frame.height() {
        let mut data = Map::new();
        for (name, series) in &columns {
            let told = |message: String| broken(Some(number), format!("`{name}` {message}"));
            let cell = || value(&series.get(number).map_err(|e| format!("cannot be read: {e}"))?);
            data.insert((*name).to_owned(), guarded(cell).map_err(told)?);
        }
        each(SourceRow { place: place(Some(number)), data })?;
    }
    Ok(())
}

/// The first type in a column's that is not read.
fn unread(data_type: &ArrowDataType) -> Option<String> {
    use ArrowDataType as T;
    match data_type {
        T::Null
        | T::Boolean
        | T::Int32
        | T::Int64
        | T::UInt8
        | T::UInt32
        | T::UInt64
        | T::Float32
        | T::Float64
        | T::Utf8
        | T::LargeUtf8
        | T::Utf8View => None,
        T::List(of) | T::LargeList(of) => unread(of.dtype()),
        T::Struct(fields) => fields.iter().find_map(|field| unread(field.dtype())),
        other => Some(format!("{other:?}")),
    }
}

/// A cell as JSON. The message reads after the column's name.
fn value(cell: &AnyValue<'_>) -> Result<Value, String> {
    Ok(match cell {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(flag) => Value::Bool(*flag),
        AnyValue::String(text) => Value::from(*text),
        AnyValue::StringOwned(text) => Value::from(text.as_str()),
        AnyValue::Int32(n) => Value::from(*n),
        AnyValue::Int64(n) => Value::from(*n),
        AnyValue::UInt8(n) => Value::from(*n),
        AnyValue::UInt32(n) => Value::from(*n),
        AnyValue::UInt64(n) => Value::from(*n),
        // The shortest decimal that is this float, not the longer one that is the double nearest to it.
        AnyValue::Float32(x) => float(x.to_string().parse().unwrap_or(f64::from(*x)))?,
        AnyValue::Float64(x) => float(*x)?,
        AnyValue::List(list) => Value::Array(list.iter().map(|cell| value(&cell)).collect::<Result<_, _>>()?),
        AnyValue::Struct(_, _, fields) => {
            let named = fields.iter().zip(cell._iter_struct_av());
            Value::Object(
                named.map(|(f, cell)| Ok((f.name().to_string(), value(&cell)?))).collect::<Result<_, String>>()?,
            )
        }
        AnyValue::StructOwned(both) => {
            let (cells, fields) = &**both;
            let named = fields.iter().zip(cells);
            Value::Object(
                named.map(|(f, cell)| Ok((f.name().to_string(), value(cell)?))).collect::<Result<_, String>>()?,
            )
        }
        other => return Err(format!("is of type {}, which is not read", other.dtype())),
    })
}

fn float(x: f64) -> Result<Value, String> {
    let number = Number::from_f64(x);
    number.map(Value::Number).ok_or_else(|| format!("is {x}, not a finite number; save a missing number as null"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::source::tests::{check_error, rows};
    use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series, StructChunked};
    use serde_json::json;

    fn file(columns: Vec<Column>) -> Vec<u8> {
        let mut frame = DataFrame::new(columns[0].len(), columns).unwrap();
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).set_parallel(false).finish(&mut frame).unwrap();
        bytes
    }

    fn column<T, P: ?Sized>(name: &str, values: T) -> Column
    where
        Series: NamedFrom<T, P>,
    {
        Series::new(name.into(), values).into_column()
    }

    #[test]
    fn cells_become_what_their_json_would_be() {
        let choices = Series::new(
            "choices".into(),
            [Series::new("".into(), ["a", "b"]), Series::new("".into(), Vec::<&str>::new())],
        );
        let labels =
            Series::new("labels".into(), [Series::new("".into(), [1_i64, 0]), Series::new("".into(), [1_i64])]);
        let fields = [choices, labels];
        let targets = StructChunked::from_series("targets".into(), 2, fields.iter()).unwrap();
        let bytes = file(vec![
            column("text", ["ä\n", ""]),
            column("n", [Some(7_i64), None]),
            column("small", [1_i32, -1]),
            column("big", [u64::MAX, 0]),
            column("x", [0.1_f64, 2.0]),
            column("y", [0.1_f32, 1e-9]),
            column("right", [true, false]),
            targets.into_column(),
        ]);
        let want = [
            json!({"text": "ä\n", "n": 7, "small": 1, "big": u64::MAX, "x": 0.1, "y": 0.1, "right": true,
                "targets": {"choices": ["a", "b"], "labels": [1, 0]}}),
            json!({"text": "", "n": null, "small": -1, "big": 0, "x": 2.0, "y": 1e-9, "right": false,
                "targets": {"choices": [], "labels": [1]}}),
        ];
        let found = rows("parquet", "x.parquet", &bytes, &Value::Null).unwrap();
        assert_eq!(found, want);
        let keys: Vec<&String> = found[0].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["text", "n", "small", "big", "x", "y", "right", "targets"]);
    }

    #[test]
    fn what_is_not_read_is_named() {
        let check =
            |bytes: &[u8], words: &[&str]| check_error(rows("parquet", "x.parquet", bytes, &Value::Null), words);
        let bytes: [&[u8]; 2] = [b"\xff", b"\x00"];
        check(&file(vec![column("a", [1_i64, 2]), column("image", bytes)]), &["read x.parquet: ", "`image`", "Binary"]);
        let gaps = file(vec![column("x", [1.0, f64::NAN])]);
        check(&gaps, &["x.parquet, row 1 (counted from 0)", "`x` is NaN", "null"]);
        let whole = file(vec![column("a", ["x"; 100])]);
        check(&whole[..whole.len() / 2], &["read x.parquet: ", "damaged"]);
        check(b"a,b\n1,2\n", &["not a Parquet file"]);
        check_error(rows("csv", "x.csv", &whole, &Value::Null), &["it is Parquet; give it the kind `parquet`"]);
        check_error(rows("parquet", "x", &file(vec![column("a", Vec::<i64>::new())]), &Value::Null), &["no rows"]);
    }
}
