//! From a record to what people and machines read of it: tables, comparisons, gates, `JUnit`, Markdown, and one HTML page.
//!
//! Everything here is a function of a record's [`telos_core::Tables`], and equal records give equal bytes. A record is gone through
//! row by row; what is kept of it are numbers for each item, and the rows of the items that a page shows.
//! [`summary`] says what a run measured, [`compare()`] how two sides differ, [`gate()`] whether that is a regression; [`page`] draws all
//! of it, and [`VIEWS`] lists what a record can be rendered as. Every number carries n, an interval and the method that gave it.
//!
//! Invariant: nothing here reads or writes a file, runs a model, looks at the clock or trusts a model's text.

pub mod baseline;
pub mod charts;
pub mod compare;
pub mod error;
pub mod gate;
pub mod page;
pub mod summary;
pub mod view;

mod index;
mod integrity;
mod items;
mod measure;
#[cfg(test)]
mod missing_tests;
mod number;
mod replies;
mod summary_text;
#[cfg(test)]
mod testing;
mod visible;

pub use baseline::Baseline;
pub use compare::{Change, Comparison, Side, compare};
pub use error::ReportError;
pub use gate::{GateReport, RuleResult, gate, gate_indexed};
pub use index::Index;
pub use number::counted;
pub use page::{PageOptions, html, html_indexed};
pub use summary::{Summary, summarise, summarise_index};
pub use summary_text::render_text;
pub use view::{Reading, VIEWS, View, junit, markdown};
pub use visible::{hidden, visible};
