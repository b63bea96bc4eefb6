//! `html`: the page.

use super::entry::{Renders, View};
use crate::page::html_indexed;

/// The view that `telos run` makes of every record.
pub const ENTRY: View = View {
    name: "html",
    what: "one HTML page",
    about: "The whole record on one HTML page that asks for nothing else",
    endings: &["html", "htm"],
    example: "telos report RUN --view html -o run.html",
    renders: Renders::Record(|reading| html_indexed(reading.run, reading.against, reading.options)),
};
