//! Prompt templates: the Jinja of chat templates and benchmarks, as Python renders it, and within limits.
//!
//! A template comes from a stranger's model or benchmark. What it can make the program do is bounded before it is compiled
//! (size, depth) and while it is rendered (steps, and everything that is written or allocated).
//!
//! Invariant: no file is read here and no clock is looked at; but for the page, which has no strangers' templates, no other
//! crate makes an environment of minijinja.

mod error;
mod filters;
mod guard;
mod hooks;
mod json;
mod known;
mod language;
pub mod limits;
mod methods;
mod names;
mod program;
mod python;
mod source;
mod strip;
mod undeclared;
mod weight;

pub use error::TemplateError;
pub use language::{Compiled, Language};
pub use names::{Names, names};
