//! `json`: every number of a run, and the verdict where there is one, for programs.

use super::entry::{Reading, Renders, View};
use crate::error::ReportError;
use crate::gate::GateReport;
use crate::summary::{Summary, summarise_index};
use serde::Serialize;

pub(super) const ENTRY: View = View {
    name: "json",
    what: "JSON",
    about: "Every number, and the verdict where there is one",
    endings: &["json"],
    example: "telos report RUN --view json -o run.json",
    renders: Renders::Record(render),
};

#[derive(Serialize)]
struct Numbers {
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<GateReport>,
}

fn render(reading: &Reading<'_>) -> Result<String, ReportError> {
    let numbers = Numbers { summary: summarise_index(reading.run), gate: reading.verdict() };
    Ok(serde_json::to_string_pretty(&numbers)? + "\n")
}
