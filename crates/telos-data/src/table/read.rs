//! Reading a table, whole or a row group at a time.

use super::{ColumnShape, Row, table_error};
use crate::DataError;
use crate::error::io_error;
use crate::guard::guarded;
use polars::io::parquet::metadata::FileMetadata;
use polars::prelude::{DataFrame, ParallelStrategy, ParquetReader, PolarsResult, Schema, SchemaExt, SerReader};
use std::fs::{self, File};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use telos_core::record::{FORMAT, ItemRow, ReplyRow, ScoreRow, StepRow};

/// Rows of one row group at most. Telos writes 4,096; memory is taken by this number before a row is read, so a damaged one
/// must not decide how much.
const GROUP_ROWS: usize = 1 << 16;

/// A table that is open: its format and columns are checked, its rows not read yet.
pub(crate) struct Table<R> {
    path: PathBuf,
    file: File,
    metadata: Arc<FileMetadata>,
    /// Columns of the row that the file has; an older one lacks those of a later format.
    columns: Vec<String>,
    rows: PhantomData<fn() -> R>,
}

impl<R: Row> Table<R> {
    /// Opens a table. Columns that the row does not have are left alone; one that is missing though its format has it, or of
    /// another type, and a later format, are errors.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        // Opening a pipe would wait for whoever writes into it.
        if !fs::metadata(path).map_err(io_error("read", path))?.is_file() {
            return Err(table_error("read", path, "it is no file; restore it or run again"));
        }
        let file = File::open(path).map_err(io_error("read", path))?;
        let unreadable = |e: String| {
            table_error(
                "read",
                path,
                format!("it is not a Parquet file, or it is damaged ({e}); restore it or run again"),
            )
        };
        let copy = file.try_clone().map_err(io_error("read", path))?;
        let read = guarded(|| {
            let mut reader = ParquetReader::new(copy);
            let metadata = Arc::clone(reader.get_metadata().map_err(|e| e.to_string())?);
            let schema = Schema::from_arrow_schema(reader.schema().map_err(|e| e.to_string())?.as_ref());
            Ok((metadata, schema))
        });
        let (metadata, schema) = read.map_err(unreadable)?;
        let keys = metadata.key_value_metadata().as_deref().unwrap_or_default();
        let stated =
            keys.iter().find(|pair| pair.key == "format").map(|pair| pair.value.as_deref().unwrap_or_default());
        let Some(stated) = stated else {
            let message = "it is no table of a record: its Parquet metadata have no `format`; give the folder that \
                           `telos run` wrote";
            return Err(table_error("read", path, message));
        };
        let format = match stated.parse::<u32>() {
            Ok(format) if (1..=FORMAT).contains(&format) => format,
            _ => return Err(DataError::Format { path: path.to_path_buf(), found: stated.to_owned() }),
        };
        let mut columns = Vec::new();
        for ColumnShape { name, data_type: expected, since, .. } in R::layout() {
            let found = match schema.get(name) {
                Some(found) if *found == expected => {
                    columns.push(name.to_owned());
                    continue;
                }
                None if since > format => continue,
                Some(found) => format!("its column `{name}` is of type {found}, expected {expected}"),
                None => format!("it has no column `{name}`, of type {expected}"),
            };
            let message = format!("{found}; something else than telos has written it: restore it or run again");
            return Err(table_error("read", path, message));
        }
        if let Some(group) = metadata.row_groups.iter().find(|group| group.num_rows() > GROUP_ROWS) {
            let message = format!(
                "a row group of it says that it has {} rows, and telos writes at most 4096; it is damaged: restore it or run \
                 again",
                group.num_rows()
            );
            return Err(table_error("read", path, message));
        }
        Ok(Self { path: path.to_path_buf(), file, metadata, columns, rows: PhantomData })
    }

    /// How many row groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.row_groups.len()
    }

    /// How many rows its metadata say that it has.
    pub(crate) fn count(&self) -> u64 {
        self.metadata.row_groups.iter().map(|group| group.num_rows() as u64).sum()
    }

    /// The rows of one row group.
    pub(crate) fn group(&self, group: usize) -> Result<Vec<R>, DataError> {
        let copy = self.file.try_clone().map_err(io_error("read", &self.path))?;
        let damaged =
            |e: String| table_error("read", &self.path, format!("it is damaged ({e}); restore it or run again"));
        let read = guarded(|| {
            let frame = self.frame(copy, group).map_err(|e| e.to_string())?;
            R::rows(&frame).map_err(|e| e.to_string())?
        });
        read.map_err(damaged)
    }

    fn frame(&self, file: File, group: usize) -> PolarsResult<DataFrame> {
        let whole = &self.metadata;
        let row_group = whole.row_groups[group].clone();
        // Metadata of this group alone: the reader otherwise walks through all groups before it.
        let metadata = FileMetadata {
            version: whole.version,
            num_rows: row_group.num_rows(),
            max_row_group_height: row_group.num_rows(),
            created_by: None,
            row_groups: vec![row_group],
            key_value_metadata: whole.key_value_metadata.clone(),
            schema_descr: whole.schema_descr.clone(),
            column_orders: None,
            footer_buf: whole.footer_buf.clone(),
        };
        let names = Some(self.columns.clone());
        let mut reader =
            ParquetReader::new(file).with_columns(names).read_parallel(ParallelStrategy::None).set_rechunk(true);
        reader.set_metadata(Arc::new(metadata));
        reader.finish()
    }
}

/// Hands over a table's rows in order, a row group (at most some thousand rows) at a time, and stops at the first error.
pub fn for_each_batch<R: Row, E: From<DataError>>(
    path: impl AsRef<Path>,
    mut each: impl FnMut(Vec<R>) -> Result<(), E>,
) -> Result<(), E> {
    let table = Table::open(path.as_ref())?;
    (0..table.groups()).try_for_each(|group| each(table.group(group)?))
}

/// All rows of a table, in order.
pub fn read_rows<R: Row>(path: impl AsRef<Path>) -> Result<Vec<R>, DataError> {
    let mut rows = Vec::new();
    for_each_batch(path, |batch| {
        rows.extend(batch);
        Ok::<_, DataError>(())
    })?;
    Ok(rows)
}

/// All rows of an `items.parquet`.
pub fn read_items(path: impl AsRef<Path>) -> Result<Vec<ItemRow>, DataError> {
    read_rows(path)
}

/// All rows of a `replies.parquet`.
pub fn read_replies(path: impl AsRef<Path>) -> Result<Vec<ReplyRow>, DataError> {
    read_rows(path)
}

/// All rows of a `scores.parquet`.
pub fn read_scores(path: impl AsRef<Path>) -> Result<Vec<ScoreRow>, DataError> {
    read_rows(path)
}

/// All rows of a `steps.parquet`.
pub fn read_steps(path: impl AsRef<Path>) -> Result<Vec<StepRow>, DataError> {
    read_rows(path)
}
