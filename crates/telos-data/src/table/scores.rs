//! `scores.parquet`: one row for each arm, item, repeat and metric.

use super::table;
use telos_core::record::ScoreRow;

table! {
    ScoreRow { arm, benchmark, item, repeat, metric, value, status, reason, evaluator, evaluator_version, note = None since 2 }
    known by |row| format!("{}, {}, item {}, repeat {}, {}", row.arm, row.benchmark, row.item, row.repeat, row.metric)
}

/// The columns of `scores.parquet` that say whose score is where.
#[derive(Debug)]
pub(crate) struct ScoreKey {
    pub(crate) arm: String,
    pub(crate) benchmark: String,
    pub(crate) item: String,
    pub(crate) repeat: u32,
}

table! {
    ScoreKey { arm, benchmark, item, repeat }
    known by |row| format!("{}, item {}", row.benchmark, row.item)
}
