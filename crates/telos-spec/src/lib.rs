//! YAML to checked values: suites, benchmarks and goals, every mistake with its place and a hint, and their JSON Schemas.
//!
//! One table of shapes says what a file may hold; checks and schemas are both derived from it. What stands where a file
//! says `kind` comes in through a [`telos_core::shape::Catalogue`], so that this crate knows no evaluator or controller.
//!
//! Invariant: no model is opened and no row of a dataset is read here; of the files that a suite names, only whether they
//! are there is looked at. No other crate names `serde_yaml`.

mod benchmark;
mod benchmark_file;
mod builtin;
mod check;
mod compose;
mod constraints;
mod diagnostic;
mod document;
mod entries;
mod files;
mod gates;
mod goal;
mod ids;
mod load;
mod metrics;
mod registry;
mod resolve;
mod schema;
mod set;
mod shapes;
pub mod suite;
mod surroundings;
mod yaml;

pub use benchmark_file::BenchmarkFile;
pub use builtin::BUILTIN;
pub use check::{Checked, Reads, check};
pub use compose::{Composed, Composition};
pub use diagnostic::{Diagnostic, listing};
pub use document::to_yaml;
pub use files::EmbeddedFile;
pub use gates::load_gates;
pub use goal::view::{BenchmarkView, Coverage, GoalTree, GoalView};
pub use load::load_suite;
pub use registry::{Registry, load_registry};
pub use schema::{SchemaKind, schema};
pub use suite::Suite;
pub use surroundings::Surroundings;
pub use yaml::file_kind;
