//! The commands, one file each.

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
use telos_data::StoredRecord;

/// A record, or one of its arms.
pub(crate) struct Named {
    pub(crate) record: StoredRecord,
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
    Ok(Named { record: open_record(&path)?, arm, name: text.to_owned() })
}

/// Opens a record.
pub(crate) fn open_record(path: &Path) -> Result<StoredRecord, Failure> {
    StoredRecord::open(path).map_err(|e| Failure::data(&e))
}
