//! `steps.parquet`: one row for each step of a controlled text.

use super::table;
use telos_core::record::StepRow;

table! {
    StepRow {
        arm, benchmark, item, repeat, wave = 0 since 2, index = 0 since 2, step, token, proposed, rank, changed, fallback,
        h_before, threshold, h_after, evaluations, rejected, logprob, numbers = None since 2, spent = 0 since 2,
    }
    known by |row| {
        let (repeat, wave, index, step) = (row.repeat, row.wave, row.index, row.step);
        format!("{}, {}, item {}, repeat {repeat}, wave {wave}, request {index}, step {step}", row.arm, row.benchmark, row.item)
    }
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
