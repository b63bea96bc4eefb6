//! What a kind of evaluator is, and why none can be made. Kinds name this file, and the table names kinds.

use serde_json::{Map, Value};
use telos_core::Evaluator;
use telos_core::shape::KindShape;

/// Makes an evaluator from its parameters; the error says what was expected.
pub(crate) type Build = fn(&Map<String, Value>) -> Result<Box<dyn Evaluator>, String>;

/// One kind of evaluator.
#[derive(Debug)]
pub struct Entry {
    /// Its `kind`, its parameters and what they mean.
    pub shape: KindShape,
    /// Makes it from its parameters, whose keys are known and of which the required ones are there.
    pub(crate) build: Build,
    /// The kinds of a benchmark's `request` whose replies it can score.
    pub reads: &'static [&'static str],
    /// An example in YAML.
    pub example: &'static str,
    /// The columns of an item that the example scores, in JSON: those beside `question`, `choices`, `answer` and `text`, or
    /// that these may not be anything.
    pub item: &'static str,
}

/// Why there is no evaluator. The message says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There is no such kind.
    #[error("unknown kind of evaluator `{kind}`; {hint}Known: {known}")]
    Kind {
        /// The kind.
        kind: String,
        /// What may have been meant; empty where nothing is near.
        hint: String,
        /// Those that there are.
        known: String,
    },
    /// Its parameters are not those that the kind has.
    #[error("`{kind}`: {mistake}")]
    Shape {
        /// The kind.
        kind: &'static str,
        /// What is wrong.
        mistake: String,
    },
    /// A parameter's value is of no use.
    #[error("{0}")]
    Params(String),
}
