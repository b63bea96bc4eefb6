//! Writing a table as its rows come, a row group at a time.

use super::{Row, table_error};
use crate::error::io_error;
use crate::{DataError, atomic};
use blake3::Hasher;
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{DataFrame, KeyValueMetadata, ParquetWriter, Schema};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use telos_core::record::FORMAT;

/// Rows of a row group at most.
const GROUP_ROWS: usize = 4096;
/// Bytes of a row group in memory, about, at most.
const GROUP_BYTES: usize = 32 << 20;

/// A table in the making. Rows are written in groups of at most 4,096, so that no more than one group is in memory, under
/// the final name with `.tmp` after it; [`TableWriter::finish`] gives the final name. Equal rows give equal bytes.
/// One that is dropped unfinished leaves no file.
pub struct TableWriter<R: Row> {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    parquet: BatchedWriter<Hashing>,
    hash: Arc<Mutex<Hasher>>,
    rows: Vec<R>,
    bytes: usize,
    finished: bool,
}

impl<R: Row> std::fmt::Debug for TableWriter<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<R: Row> TableWriter<R> {
    /// Begins a table that will stand at `path`. A file that is there stays until [`TableWriter::finish`].
    pub fn create(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref().to_path_buf();
        let temporary = atomic::temporary(&path);
        let file = File::create(&temporary).map_err(io_error("create", &temporary))?;
        let copy = file.try_clone().map_err(io_error("create", &temporary))?;
        let hash = Arc::new(Mutex::new(Hasher::new()));
        let out = Hashing { file: copy, hash: Arc::clone(&hash) };
        let schema: Schema = R::layout().into_iter().map(|column| (column.name.into(), column.data_type)).collect();
        let format = KeyValueMetadata::from_static(vec![("format".to_owned(), FORMAT.to_string())]);
        // The engine owns the threads; a group is small enough for one.
        let writer = ParquetWriter::new(out).set_parallel(false).with_key_value_metadata(Some(format));
        let parquet = writer.batched(&schema).map_err(|e| table_error("write", &temporary, e.to_string()))?;
        Ok(Self { path, temporary, file, parquet, hash, rows: Vec::new(), bytes: 0, finished: false })
    }

    /// Adds a row. A number that is not finite is an error that names the row, which is then not in the table.
    pub fn push(&mut self, row: R) -> Result<(), DataError> {
        if let Some(column) = row.not_finite() {
            return Err(DataError::NotFinite { path: self.path.clone(), column, row: row.describe() });
        }
        self.bytes += row.weight();
        self.rows.push(row);
        if self.rows.len() >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is left, flushes it to the disk and gives the table its final name, replacing what was there. Gives the
    /// blake3 of its bytes, as [`telos_core::record::Manifest::tables`] keeps it.
    pub fn finish(self) -> Result<String, DataError> {
        let complete = self.finish_temporary()?;
        let hash = complete.hash().to_owned();
        complete.publish()?;
        Ok(hash)
    }

    /// Writes what is left and flushes it to the disk, under the temporary name still.
    pub(crate) fn finish_temporary(mut self) -> Result<Complete<R>, DataError> {
        self.flush()?;
        self.parquet.finish().map_err(|e| table_error("write", &self.temporary, e.to_string()))?;
        self.file.sync_all().map_err(io_error("write", &self.temporary))?;
        let hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner).finalize().to_hex().to_string();
        Ok(Complete { table: self, hash })
    }

    fn flush(&mut self) -> Result<(), DataError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let frame = DataFrame::new(self.rows.len(), R::columns(&self.rows));
        let written = frame.and_then(|frame| self.parquet.write_batch(&frame));
        written.map_err(|e| table_error("write", &self.temporary, e.to_string()))?;
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// A file whose bytes are hashed as they are written.
struct Hashing {
    file: File,
    hash: Arc<Mutex<Hasher>>,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.lock().unwrap_or_else(PoisonError::into_inner).update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// A table that is complete under its temporary name.
pub(crate) struct Complete<R: Row> {
    table: TableWriter<R>,
    hash: String,
}

impl<R: Row> Complete<R> {
    /// The blake3 of its bytes.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// Gives it its final name.
    pub(crate) fn publish(mut self) -> Result<(), DataError> {
        atomic::publish(&self.table.file, &self.table.temporary, &self.table.path)?;
        self.table.finished = true;
        Ok(())
    }
}

impl<R: Row> Drop for TableWriter<R> {
    fn drop(&mut self) {
        if !self.finished {
            // Whoever dropped it has an error to report already; a leftover under a temporary name is harmless.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
