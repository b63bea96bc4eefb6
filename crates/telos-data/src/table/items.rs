//! `items.parquet`: one row for each benchmark and item.

use super::table;
use telos_core::record::ItemRow;

table! {
    ItemRow { benchmark, item, index, item_hash, cluster, goals, data }
    known by |row| format!("{}, item {}", row.benchmark, row.item)
}

/// The columns of `items.parquet` that say which item is where.
#[derive(Debug)]
pub(crate) struct ItemKey {
    pub(crate) benchmark: String,
    pub(crate) item: String,
    pub(crate) index: u32,
}

table! {
    ItemKey { benchmark, item, index }
    known by |row| format!("{}, item {}", row.benchmark, row.item)
}
