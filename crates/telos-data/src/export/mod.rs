//! A record in other forms, one form a file. A new form is a file here and a line in [`EXPORTS`].

mod entry;
mod groups;
mod jsonl;
mod key;
mod line;
mod lines;
mod names;
mod registry;
#[cfg(test)]
mod tests;

pub use entry::Export;
pub use jsonl::export_jsonl;
pub use lines::{Line, for_each_line};
pub use registry::EXPORTS;
