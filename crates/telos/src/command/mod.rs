//! The commands, one file each.

pub(crate) mod baseline;
pub(crate) mod benchmarks;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod compose;
pub(crate) mod export;
pub(crate) mod gate;
pub(crate) mod goals;
pub(crate) mod init;
pub(crate) mod kinds;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod score;

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use telos_core::Tables;
use telos_data::StoredRecord;
use telos_report::Baseline;

/// A record, or one of its arms.
pub(crate) struct Named {
    pub(crate) record: Box<dyn Tables>,
    pub(crate) arm: Option<String>,
    pub(crate) name: String,
}

/// Reads `RUN` or `RUN#ARM`.
pub(crate) fn read_named(text: &str) -> Result<Named, Failure> {
    // A folder whose own name has a `#` is taken as it is.
    let (path, arm) = match text.rsplit_once('#') {
        Some((path, arm)) if !Path::new(text).exists() => (PathBuf::from(path), Some(arm.to_owned())),
        _ => (PathBuf::from(text), None),
    };
    Ok(Named { record: open_tables(&path)?, arm, name: text.to_owned() })
}

/// Opens a record.
pub(crate) fn open_record(path: &Path) -> Result<StoredRecord, Failure> {
    StoredRecord::open(path).map_err(|e| Failure::data(&e))
}

/// Opens a record, or a file that `telos baseline accept` made.
pub(crate) fn open_tables(path: &Path) -> Result<Box<dyn Tables>, Failure> {
    if !path.is_file() {
        return Ok(Box::new(open_record(path)?));
    }
    let named = |message: String| Failure::usage(format!("{}: {message}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| named(format!("failed to read it: {e}")))?;
    Ok(Box::new(Baseline::parse(&text).map_err(|e| named(format!("failed to {e}")))?))
}
