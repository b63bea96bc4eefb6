//! What is kept of items: how they are named, and what they are told apart and grouped by.

use std::collections::{BTreeMap, HashMap};

/// The items of a benchmark, in the data's order.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Items {
    pub(crate) rows: Vec<Known>,
    pub(crate) place: HashMap<String, usize>,
}

/// An item without its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) item: String,
    pub(crate) item_hash: String,
    pub(crate) cluster: Option<String>,
    /// Columns by which some aggregate groups, with the item's value as text.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) index: u32,
}
