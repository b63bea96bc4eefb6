//! The table of exports.

use super::entry::Export;
use super::jsonl;

/// Every form that a record can be written in, in the order of help.
pub static EXPORTS: &[Export] = &[jsonl::ENTRY];
