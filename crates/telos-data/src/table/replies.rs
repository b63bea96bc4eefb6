//! `replies.parquet`: one row for each request of an item.

use super::table;
use telos_core::record::ReplyRow;

table! {
    ReplyRow {
        model, controller, benchmark, item, repeat, wave, index, request_hash, prompt_hash, kind, seed, request, status,
        error_kind, error, text, token_ids, token_logprobs, logprob, finish_reason, prompt_tokens, truncated_tokens, reply,
    }
    known by |row| {
        let controller = row.controller.as_deref().unwrap_or("-");
        let (repeat, wave, index) = (row.repeat, row.wave, row.index);
        format!("{}/{controller}, {}, item {}, repeat {repeat}, wave {wave}, request {index}", row.model, row.benchmark, row.item)
    }
}

/// The columns of `replies.parquet` that say whose reply is where.
#[derive(Debug)]
pub(crate) struct ReplyKey {
    pub(crate) model: String,
    pub(crate) controller: Option<String>,
    pub(crate) benchmark: String,
    pub(crate) item: String,
    pub(crate) repeat: u32,
}

table! {
    ReplyKey { model, controller, benchmark, item, repeat }
    known by |row| format!("{}, item {}", row.benchmark, row.item)
}
