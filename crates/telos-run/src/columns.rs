//! The columns of a benchmark's rows, for a check before anything is planned.

use crate::bench::source;
use std::collections::BTreeSet;
use telos_data::DataError;
use telos_spec::suite::SourceSpec;

/// Bytes of a file up to which a check reads its rows; a larger one is left to the plan.
const READ_AT_ONCE: u64 = 64 << 20;

/// Every column that some row has; none where the file is not there, or too large to be read in passing.
pub fn columns(spec: &SourceSpec) -> Result<Option<BTreeSet<String>>, DataError> {
    if spec.embedded.is_none() {
        let size = std::fs::metadata(&spec.path).map(|file| if file.is_file() { file.len() } else { u64::MAX });
        if size.is_ok_and(|size| size > READ_AT_ONCE) || !spec.path.exists() {
            return Ok(None);
        }
    }
    let rows = telos_data::load(&source(spec), None, None)?;
    Ok(Some(rows.items.iter().flat_map(|item| item.data.into_iter().map(|(column, _)| column)).collect()))
}
