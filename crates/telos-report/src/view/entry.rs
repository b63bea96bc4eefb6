//! What a view is, and what it is of.

use crate::error::ReportError;
use crate::gate::{GateReport, gate_indexed};
use crate::index::Index;
use crate::page::PageOptions;
use std::fmt;

/// One way to render a record, as `telos report --view NAME` offers it.
#[derive(Clone, Copy)]
pub struct View {
    /// How it is asked for.
    pub name: &'static str,
    /// What it is, in a few words that read after "it is".
    pub what: &'static str,
    /// What it shows, in a sentence without its end.
    pub about: &'static str,
    /// The endings of its files, without the dot; the first is the usual one.
    pub endings: &'static [&'static str],
    /// A command that makes it, the record's folder called `RUN`.
    pub example: &'static str,
    /// What makes it.
    pub renders: Renders,
}

/// What a view renders.
#[derive(Clone, Copy)]
pub enum Renders {
    /// A record, with its verdict where there is one.
    Record(fn(&Reading<'_>) -> Result<String, ReportError>),
    /// The verdict alone, for which a baseline or rules are needed.
    Verdict(fn(&GateReport) -> String),
}

/// A record that has been gone through, with all that decides how it is shown.
pub struct Reading<'a> {
    /// The run.
    pub run: &'a Index<'a>,
    /// What it is held against.
    pub against: Option<&'a Index<'a>>,
    /// The rules of the verdict, and how much of the record is shown.
    pub options: &'a PageOptions,
    /// Columns of a line, where lines are for a terminal.
    pub width: usize,
    /// Whether every metric is shown where a view has room for one of each benchmark.
    pub all: bool,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("name", &self.name).finish_non_exhaustive()
    }
}

impl View {
    /// The text of the view. Equal records give equal bytes.
    pub fn render(&self, reading: &Reading<'_>) -> Result<String, ReportError> {
        match self.renders {
            Renders::Record(render) => render(reading),
            Renders::Verdict(render) => {
                let verdict = reading.verdict().ok_or(ReportError::NoVerdict { view: self.name })?;
                Ok(render(&verdict))
            }
        }
    }
}

impl Reading<'_> {
    /// The verdict on the run; none where there is neither a baseline nor a rule.
    pub fn verdict(&self) -> Option<GateReport> {
        let rules = self.options.rules.as_ref();
        (self.against.is_some() || rules.is_some()).then(|| gate_indexed(self.run, self.against, rules))
    }
}
