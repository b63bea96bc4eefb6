//! Controllers: what stands between a model's logits and the next token, as state machines over slices of `f32`.
//!
//! [`parse`] reads a controller's object strictly; [`Parsed::build`] makes the state machine of one text. A new controller
//! is a file with an [`Entry`] and a line in [`CONTROLLERS`], a new constraint likewise in [`CONSTRAINTS`].
//!
//! Invariant: no tensor, no file and no clock is touched here, and no model but those that a constraint asks as a
//! [`telos_core::Model`]. A controller that needs h of a text asks the
//! engine's loop for it with [`telos_core::Action::Need`].

mod barrier;
mod blacklist;
mod cbf;
mod constraint;
mod decide;
mod draft;
mod entry;
mod error;
mod none;
mod orders;
mod read;
mod registry;
mod rule;
pub mod sampler;

pub use constraint::{CONSTRAINTS, constraint, constraint_key, constraint_shapes};
pub use entry::{Blueprint, Entry, Parsed, Plan, Start};
pub use error::SpecError;
pub use registry::{CONTROLLERS, KINDS, controller_shapes, parse};
pub use sampler::logprob;
