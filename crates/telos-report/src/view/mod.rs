//! What renders a record, or the verdict on it: one view a file. A new view is a file here and a line in [`VIEWS`].

mod entry;
mod html;
mod json;
mod junit;
mod markdown;
mod registry;
mod text;

pub use entry::{Reading, Renders, View};
pub use html::ENTRY as HTML;
pub use junit::junit;
pub use markdown::markdown;
pub use registry::VIEWS;
