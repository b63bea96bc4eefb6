//! A benchmark as its own file has it, before a suite lays anything over it.

use crate::document::Document;
use crate::files::Home;
use serde_json::Value;
use std::path::PathBuf;
use telos_core::GoalId;

/// A benchmark as its own file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchmarkFile {
    /// Its id.
    pub id: String,
    /// What it asks, in a sentence; may be empty.
    pub about: String,
    /// The leaves that it is bound to.
    pub goals: Vec<GoalId>,
    /// The licence of its data.
    pub licence: Option<String>,
    /// What is known of its items being in training data.
    pub contamination: Option<String>,
    /// The file; `builtin:…` where it is compiled in.
    pub file: PathBuf,
    /// The whole file.
    pub value: Value,
    pub(crate) document: Document,
    pub(crate) home: Home,
    /// Whether nothing is wrong with it.
    pub(crate) sound: bool,
}
