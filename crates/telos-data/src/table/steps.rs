//! `steps.parquet`: one row for each step of a controlled text.

use super::table;
use telos_core::record::StepRow;

table! {
    StepRow {
        arm, benchmark, item, repeat, step, token, proposed, rank, changed, fallback, h_before, threshold, h_after,
        evaluations, rejected, logprob,
    }
    known by |row| format!("{}, {}, item {}, repeat {}, step {}", row.arm, row.benchmark, row.item, row.repeat, row.step)
}

/// The columns of `steps.parquet` that say whose step is where.
#[derive(Debug)]
pub(crate) struct StepKey {
    pub(crate) arm: String,
    pub(crate) benchmark: String,
    pub(crate) item: String,
    pub(crate) repeat: u32,
}

table! {
    StepKey { arm, benchmark, item, repeat }
    known by |row| format!("{}, item {}", row.benchmark, row.item)
}
