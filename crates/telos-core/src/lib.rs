//! The vocabulary of Telos: what a model is asked, what it answers, what an answer is worth, and how all of it is kept.
//!
//! Every other crate speaks in these types. The four traits [`Model`], [`Controller`], [`Evaluator`] and [`Constraint`]
//! are the seams of the program: an engine implements the first, everything else only knows the trait.
//!
//! Invariant: nothing here reads or writes a file, opens a socket, looks at the clock or names a tensor library.

mod batch;
pub mod columns;
pub mod constraint;
pub mod control;
pub mod digest;
pub mod error;
pub mod evaluate;
pub mod feed;
pub mod file;
pub mod gate;
pub mod goal;
pub mod item;
pub mod json;
pub mod metric;
pub mod model;
mod model_ref;
pub mod named;
pub mod noise;
pub mod record;
pub mod reply;
pub mod request;
pub mod shape;
pub mod step;
pub mod tables;
pub mod text;
pub mod value;

pub use batch::{answer_all, ask_all};
pub use constraint::{Constraint, ConstraintSpec, Look};
pub use control::{Action, Answers, At, Controller, ControllerSpec, Probe, Valued};
pub use error::{ErrorKind, RequestError};
pub use evaluate::{Asks, Case, Evaluator, Exchange, Score, Status};
pub use feed::{Feed, Next, Ticket};
pub use gate::{Gates, Rule, RuleShape};
pub use goal::{Band, Facet, Goal, GoalId, Level, Work, WorkStatus};
pub use item::Item;
pub use metric::{Aggregate, Direction, Metric, MetricOverride};
pub use model::{Model, ModelCard, ModelError, Models, Weights};
pub use model_ref::{ModelRef, NoModel};
pub use named::{Kinds, Named};
pub use reply::{Outcome, Reply};
pub use request::{Ask, Message, Prompt, Request, Sampling};
pub use step::{Levels, Step};
pub use tables::{Tables, Unreadable};
pub use value::{Dimension, DimensionGroup, DimensionSet, Principle, PrincipleList};
