//! The tables of a record, one file for each: a list of columns, which are the row's fields.

mod cell;
mod items;
mod read;
mod replies;
mod scores;
mod steps;
mod timings;
mod write;

pub(crate) use items::ItemKey;
pub(crate) use read::Table;
pub use read::{for_each_batch, read_items, read_replies, read_rows, read_scores, read_steps};
pub(crate) use replies::ReplyKey;
pub(crate) use scores::ScoreKey;
pub(crate) use steps::StepKey;
pub use write::TableWriter;

use crate::DataError;
use polars::prelude::{Column, DataFrame, DataType, PolarsResult};
use std::path::Path;

/// A row of one of a record's tables: [`telos_core::record::ItemRow`], `ReplyRow`, `ScoreRow`, `StepRow` or `TimingRow`.
pub trait Row: Columns {}

impl<R: Columns> Row for R {}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnShape {
    /// Its name, which is that of the row's field.
    pub(crate) name: &'static str,
    /// Its type.
    pub(crate) data_type: DataType,
    /// Whether a cell may be null.
    pub(crate) nullable: bool,
    /// The first format that has it; tables of an earlier one have the default in every row.
    pub(crate) since: u32,
}

/// How a row is laid out in columns. Names of columns are names of fields; [`table!`] writes the implementation.
pub trait Columns: Sized {
    /// The columns in order.
    fn layout() -> Vec<ColumnShape>;

    /// The columns of some rows.
    fn columns(rows: &[Self]) -> Vec<Column>;

    /// Rows from a frame, in which columns of a later format may be missing. A message says which cell is null that must
    /// not be.
    fn rows(frame: &DataFrame) -> PolarsResult<Result<Vec<Self>, String>>;

    /// The first column that holds a number which is not finite.
    fn not_finite(&self) -> Option<&'static str>;

    /// About how many bytes the row takes in memory.
    fn weight(&self) -> usize;

    /// What a person knows the row by.
    fn describe(&self) -> String;
}

/// Implements [`Columns`]: the row's type, its columns in order, and what tells it from others. A column that format 1 does
/// not have is written `column = default since format`, so that older tables go on being read.
macro_rules! table {
    ($row:ident { $($column:ident $(= $default:tt since $since:literal)?),+ $(,)? } known by $describe:expr) => {
        impl $crate::table::Columns for $row {
            fn layout() -> Vec<$crate::table::ColumnShape> {
                fn of<R, C: $crate::table::cell::Cell>(_: impl Fn(&R) -> &C) -> (polars::prelude::DataType, bool) {
                    (<C::Plain as $crate::table::cell::Plain>::data_type(), C::NULLABLE)
                }
                vec![$({
                    let (data_type, nullable) = of(|row: &$row| &row.$column);
                    let since = [1 $(, $since)?];
                    $crate::table::ColumnShape {
                        name: stringify!($column), data_type, nullable, since: since[since.len() - 1],
                    }
                }),+]
            }

            fn columns(rows: &[Self]) -> Vec<polars::prelude::Column> {
                vec![$($crate::table::cell::column(stringify!($column), rows, |row| &row.$column)),+]
            }

            fn rows(frame: &polars::prelude::DataFrame) -> polars::prelude::PolarsResult<Result<Vec<Self>, String>> {
                $(let mut $column = $crate::table::cell::cells(
                    frame,
                    stringify!($column),
                    $crate::table::default_of!($($default)?),
                )?.into_iter();)+
                let mut rows = Vec::new();
                loop {
                    let row = $row { $($column: match $column.next() {
                        Some(Some(cell)) => cell,
                        Some(None) => {
                            return Ok(Err(format!("column `{}` is null in row {}", stringify!($column), rows.len())));
                        }
                        None => return Ok(Ok(rows)),
                    }),+ };
                    rows.push(row);
                }
            }

            fn not_finite(&self) -> Option<&'static str> {
                $(if !$crate::table::cell::is_finite(&self.$column) {
                    return Some(stringify!($column));
                })+
                None
            }

            fn weight(&self) -> usize {
                0 $(+ $crate::table::cell::weight(&self.$column))+
            }

            fn describe(&self) -> String {
                let describe: fn(&Self) -> String = $describe;
                describe(self)
            }
        }
    };
}
pub(crate) use table;

/// The cell of a column that a table is too old to have; none for a column that every table has.
macro_rules! default_of {
    () => {
        None
    };
    ($default:tt) => {
        Some(|| $default)
    };
}
pub(crate) use default_of;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

/// An error that concerns one table.
fn table_error(doing: &'static str, path: &Path, message: impl Into<String>) -> DataError {
    DataError::Table { doing, path: path.to_path_buf(), message: message.into() }
}
