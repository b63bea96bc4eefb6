//! One row of a dataset.

use crate::digest::{blake3_hex, canonical_json};
use serde_json::{Map, Value};

/// A row with the identity under which its requests, replies and scores are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The value of the benchmark's `id` column, else the row's number from 0.
    pub id: String,
    /// The row's place in the data, from 0.
    pub index: u32,
    /// The blake3 of the row as canonical JSON.
    pub hash: String,
    /// The value of the benchmark's `cluster` column: items of one cluster are not independent.
    pub cluster: Option<String>,
    /// The row, columns in the data's order.
    pub data: Map<String, Value>,
}

impl Item {
    /// A row whose hash is computed here.
    pub fn new(id: String, index: u32, cluster: Option<String>, data: Map<String, Value>) -> Self {
        let value = Value::Object(data);
        let hash = blake3_hex(canonical_json(&value).as_bytes());
        let Value::Object(data) = value else { unreachable!("made from a map just above") };
        Self { id, index, hash, cluster, data }
    }
}
