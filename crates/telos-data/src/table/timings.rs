//! `timings.parquet`: one row for each request of an item, and what its reply took.

use super::table;
use telos_core::record::TimingRow;

table! {
    TimingRow {
        model, controller, benchmark, item, repeat, wave, index, seconds, prompt_tokens, reply_tokens, cost,
    }
    known by |row| {
        let (repeat, wave, index) = (row.repeat, row.wave, row.index);
        format!("{}, {}, item {}, repeat {repeat}, wave {wave}, request {index}", row.model, row.benchmark, row.item)
    }
}
