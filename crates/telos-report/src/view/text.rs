//! `text`: what a terminal shows at the end of a run.

use super::entry::{Reading, Renders, View};
use crate::gate;
use crate::summary::summarise_index;
use crate::summary_text::render_text;
use crate::visible::visible;

pub(super) const ENTRY: View = View {
    name: "text",
    what: "text",
    about: "The tables that a run ends with, and the verdict where there is one",
    endings: &["txt"],
    example: "telos report RUN --view text -o run.txt",
    renders: Renders::Record(|reading| Ok(render(reading))),
};

fn render(reading: &Reading<'_>) -> String {
    let mut out = render_text(&summarise_index(reading.run), reading.width, reading.all);
    if let Some(verdict) = reading.verdict() {
        out.push('\n');
        out.push_str(&gate::render_text(&verdict, reading.width));
    }
    visible(&out)
}
