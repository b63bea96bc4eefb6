//! From a suite to its record: the plan, the requests, the replies as they come, the scores, the tables.
//!
//! [`plan`] says what would run without loading a model; [`run`] does it, and after a kill goes on where it was; [`score()`]
//! evaluates a stored record again. Who wants to watch is a [`Listener`]. All that is asked is keyed by what it is, so that
//! the journal is a map from requests to replies, and everything else (units, rows, scores) follows from the suite again.
//!
//! Invariant: nothing here names an engine, an HTTP client, a tensor library or a report; models are [`telos_core::Model`]s
//! that the caller opens. No result depends on the clock, on how the work was cut, or on how many sittings it took.

mod asking;
mod bench;
mod cache;
mod chain;
mod columns;
mod durable;
mod error;
mod events;
mod fingerprints;
mod fit;
mod folder;
mod frames;
mod identity;
mod journal;
mod lanes;
mod looking;
mod manifest;
mod names;
mod order;
mod plan;
mod prefixes;
mod problem;
mod progress;
mod references;
mod render;
mod requests;
mod rows;
mod run;
mod schedule;
mod score;
mod scoring;
mod session;
mod shots;
mod size;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod units;
mod warnings;

pub use columns::columns;
pub use error::{PlanError, RunError};
pub use events::{Event, Listener, Silent, UnitInfo};
pub use plan::{DataNote, Plan, PlanRow};
pub use problem::Problem;
pub use render::{RenderError, Renderer, Row};
pub use requests::{REQUESTS, RequestKind, request_shapes};
pub use run::{RunOptions, run};
pub use schedule::plan;
pub use score::{Rescored, score};
pub use size::{Size, metrics, size};
