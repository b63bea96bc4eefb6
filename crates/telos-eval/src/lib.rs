//! Evaluators: what replies are worth. One kind, one file, one line in [`EVALUATORS`].
//!
//! [`build`] checks what a benchmark's YAML says of its evaluator; the evaluator then gives one score for each metric and
//! item. A value that depends on the item (the right choice, a target) is a template in the YAML and arrives filled in
//! [`telos_core::Case::params`].
//!
//! Invariant: everything here is a pure function. No file is read, no model is called, no clock and no randomness is used:
//! an evaluator that needs a model says so in its follow-ups and is given the replies.

mod bbq;
mod classifier;
mod control;
mod entry;
mod instructions;
mod label;
mod likelihood;
mod likert;
mod matching;
mod multiple_choice;
mod params;
mod preference_pair;
mod registry;
mod replies;
mod sentence_pair;
mod verifiable_instructions;

pub use entry::{BuildError, Entry};
pub use registry::{EVALUATORS, build, evaluator_shapes, reads};

#[cfg(test)]
mod testing;
