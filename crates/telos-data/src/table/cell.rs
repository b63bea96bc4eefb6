//! What stands in one cell, and how a column of such cells is made and read.

use polars::chunked_array::builder::{
    BooleanChunkedBuilder, ListPrimitiveChunkedBuilder, ListStringChunkedBuilder, PrimitiveChunkedBuilder,
    StringChunkedBuilder,
};
use polars::prelude::{
    ChunkedBuilder, Column, DataFrame, DataType, Float64Type, IntoColumn, ListBuilderTrait, PolarsResult, UInt8Type,
    UInt32Type, UInt64Type, polars_err,
};
use telos_core::Status;

/// A value that is there.
pub(crate) trait Plain: Sized {
    /// The column's type.
    fn data_type() -> DataType;

    /// A column of cells.
    fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column
    where
        Self: 'a;

    /// The cells of a column of that type.
    fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>>;

    /// Whether every number in it is finite.
    fn is_finite(&self) -> bool {
        true
    }

    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

/// A field of a row: a [`Plain`] value, or an option of one.
pub(crate) trait Cell: Sized {
    /// The value that may be there.
    type Plain: Plain;
    /// Whether it may be missing.
    const NULLABLE: bool;

    /// The value, where there is one.
    fn get(&self) -> Option<&Self::Plain>;

    /// The field for a value; none where a value is needed and there is none.
    fn from_plain(plain: Option<Self::Plain>) -> Option<Self>;
}

impl<P: Plain> Cell for P {
    type Plain = P;
    const NULLABLE: bool = false;

    fn get(&self) -> Option<&P> {
        Some(self)
    }

    fn from_plain(plain: Option<P>) -> Option<P> {
        plain
    }
}

impl<P: Plain> Cell for Option<P> {
    type Plain = P;
    const NULLABLE: bool = true;

    fn get(&self) -> Option<&P> {
        self.as_ref()
    }

    fn from_plain(plain: Option<P>) -> Option<Self> {
        Some(plain)
    }
}

/// Whether every number in a field is finite.
pub(crate) fn is_finite<C: Cell>(cell: &C) -> bool {
    cell.get().is_none_or(Plain::is_finite)
}

/// About how many bytes a field takes.
pub(crate) fn weight<C: Cell>(cell: &C) -> usize {
    cell.get().map_or(0, Plain::weight)
}

/// The column of one field of some rows.
pub(crate) fn column<R, C: Cell>(name: &str, rows: &[R], field: impl Fn(&R) -> &C) -> Column
where
    C::Plain: 'static,
{
    C::Plain::column(name, rows.iter().map(|row| field(row).get()))
}

/// The fields of a column, none for those that are null and must not be. A column that is not there has its default, where
/// it has one, in every row.
pub(crate) fn cells<C: Cell>(
    frame: &DataFrame,
    name: &str,
    default: Option<fn() -> C>,
) -> PolarsResult<Vec<Option<C>>> {
    match (frame.column(name), default) {
        (Ok(column), _) => Ok(C::Plain::cells(column)?.into_iter().map(C::from_plain).collect()),
        (Err(_), Some(default)) => Ok((0..frame.height()).map(|_| Some(default())).collect()),
        (Err(error), None) => Err(error),
    }
}

impl Plain for String {
    fn data_type() -> DataType {
        DataType::String
    }

    fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column {
        let mut builder = StringChunkedBuilder::new(name.into(), cells.len());
        cells.for_each(|cell| builder.append_option(cell));
        builder.finish().into_column()
    }

    fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        Ok(column.str()?.iter().map(|cell| cell.map(str::to_owned)).collect())
    }

    fn weight(&self) -> usize {
        self.len() + 16
    }
}

impl Plain for Status {
    fn data_type() -> DataType {
        DataType::String
    }

    fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column {
        let mut builder = StringChunkedBuilder::new(name.into(), cells.len());
        cells.for_each(|cell| builder.append_option(cell.map(|status| status.as_str())));
        builder.finish().into_column()
    }

    fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        let read = |name: &str| {
            Self::parse(name).ok_or_else(|| polars_err!(ComputeError: "`{name}` in `{}` is no status", column.name()))
        };
        column.str()?.iter().map(|cell| cell.map(read).transpose()).collect()
    }
}

impl Plain for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column {
        let mut builder = BooleanChunkedBuilder::new(name.into(), cells.len());
        cells.for_each(|cell| builder.append_option(cell.copied()));
        builder.finish().into_column()
    }

    fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        Ok(column.bool()?.iter().collect())
    }
}

impl Plain for Vec<String> {
    fn data_type() -> DataType {
        DataType::List(Box::new(DataType::String))
    }

    fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column {
        let mut builder = ListStringChunkedBuilder::new(name.into(), cells.len(), cells.len());
        cells.for_each(|cell| match cell {
            Some(list) => builder.append_values_iter(list.iter().map(String::as_str)),
            None => builder.append_null(),
        });
        builder.finish().into_column()
    }

    fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        let list = column.list()?;
        list.series_iter()
            .map(|cell| {
                let Some(cell) = cell else { return Ok(None) };
                let text = cell.str()?;
                let inner_null = || polars_err!(ComputeError: "a list in column `{}` holds a null", column.name());
                text.iter()
                    .map(|text| text.map(str::to_owned).ok_or_else(inner_null))
                    .collect::<PolarsResult<_>>()
                    .map(Some)
            })
            .collect()
    }

    fn weight(&self) -> usize {
        self.iter().map(Plain::weight).sum::<usize>() + 16
    }
}

/// A numeric type alone, and lists of it.
macro_rules! number {
    ($native:ty, $polars:ident, $data_type:ident, $get:ident, $is_finite:expr) => {
        impl Plain for $native {
            fn data_type() -> DataType {
                DataType::$data_type
            }

            fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column {
                let mut builder = PrimitiveChunkedBuilder::<$polars>::new(name.into(), cells.len());
                cells.for_each(|cell| builder.append_option(cell.copied()));
                builder.finish().into_column()
            }

            fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
                Ok(column.$get()?.iter().collect())
            }

            fn is_finite(&self) -> bool {
                let is_finite: fn($native) -> bool = $is_finite;
                is_finite(*self)
            }
        }

        impl Plain for Vec<$native> {
            fn data_type() -> DataType {
                DataType::List(Box::new(DataType::$data_type))
            }

            fn column<'a>(name: &str, cells: impl ExactSizeIterator<Item = Option<&'a Self>>) -> Column {
                let (rows, inner) = (cells.len(), DataType::$data_type);
                let mut builder = ListPrimitiveChunkedBuilder::<$polars>::new(name.into(), rows, rows, inner);
                cells.for_each(|cell| builder.append_opt_slice(cell.map(Vec::as_slice)));
                builder.finish().into_column()
            }

            fn cells(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
                let list = column.list()?;
                list.series_iter()
                    .map(|cell| {
                        let Some(cell) = cell else { return Ok(None) };
                        let inner_null = || polars_err!(ComputeError: "a list in column `{}` holds a null", column.name());
                        cell.$get()?.iter().map(|x| x.ok_or_else(inner_null)).collect::<PolarsResult<_>>().map(Some)
                    })
                    .collect()
            }

            fn is_finite(&self) -> bool {
                self.iter().all(Plain::is_finite)
            }

            fn weight(&self) -> usize {
                size_of_val(self.as_slice()) + 16
            }
        }
    };
}

number!(u8, UInt8Type, UInt8, u8, |_| true);
number!(u32, UInt32Type, UInt32, u32, |_| true);
number!(u64, UInt64Type, UInt64, u64, |_| true);
number!(f64, Float64Type, Float64, f64, f64::is_finite);
