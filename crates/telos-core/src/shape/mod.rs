//! Shapes: what an object in YAML or JSON may hold. Every evaluator, controller and source describes its own; checks of files and
//! requests, JSON Schemas and help are all derived from these tables.

mod catalogue;
mod check;
mod field;
pub mod finding;
mod kinds;
pub mod trail;
mod words;

pub use catalogue::{Catalogue, MetricsOf, Misreference, ReadsOf, Refers};
pub use check::{Leaf, Meaning, Walked, check_fields, rules, walk};
pub use field::{Field, KindShape, Mistake, Shape, no_further_check};
pub use kinds::{MODELS, SOURCE_FIELDS, source_kind};
pub use words::{describe, name};
