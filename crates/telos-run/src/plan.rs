//! The plan: everything that will run, what cannot and why, and how much work it is, without loading a model.

use crate::problem::Problem;
use serde::Serialize;
use std::fmt;
use telos_core::columns::{Column, Frame, numbers, render, words};
use telos_core::record::Counts;

/// The columns of the table that a terminal shows.
const COLUMNS: [Column; 9] = [
    words("model").kept(),
    words("benchmark").kept(),
    numbers("items").kept(),
    numbers("requests"),
    numbers("tokens"),
    numbers("distinct"),
    numbers("new tokens"),
    numbers("units"),
    words("notes").kept(),
];

/// What a suite comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The suite's id.
    pub suite: String,
    /// Arms in the suite's order, `MODEL-ID/CONTROLLER-ID`.
    pub arms: Vec<String>,
    /// One for each model and benchmark, in the suite's order.
    pub rows: Vec<PlanRow>,
    /// Where the data of each benchmark come from, in the suite's order.
    pub data: Vec<DataNote>,
    /// The sums.
    pub counts: Counts,
    /// What may be meant and is probably not, such as a right answer that is always the first.
    pub warnings: Vec<Problem>,
    /// What has to be mended before the suite can run; empty where it can.
    pub problems: Vec<Problem>,
}

/// What a benchmark says of its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DataNote {
    /// The benchmark's id.
    pub benchmark: String,
    /// The licence of its data.
    pub licence: Option<String>,
    /// What is known of its items being in training data.
    pub contamination: Option<String>,
}

impl fmt::Display for DataNote {
    /// One line, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.benchmark, self.licence.as_deref().unwrap_or("no licence is named"))?;
        self.contamination.as_ref().map_or(Ok(()), |known| write!(f, "; contamination: {known}"))
    }
}

/// One model on one benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// The model's id.
    pub model: String,
    /// The benchmark's id.
    pub benchmark: String,
    /// The evaluator's kind.
    pub evaluator: String,
    /// The controllers that act, by id; empty where nothing is sampled.
    pub controllers: Vec<String>,
    /// Items that are asked.
    pub items: u64,
    /// Items that there are.
    pub available: u64,
    /// Repeats of each item.
    pub repeats: u32,
    /// Requests of the first wave that no earlier row asks.
    pub requests: u64,
    /// Their tokens, each request alone.
    pub tokens: u64,
    /// Distinct token prefixes that no earlier row of this model has.
    pub prefix_tokens: u64,
    /// Distinct token prefixes of each unit, summed: what is computed, as the work is cut.
    pub computed_tokens: u64,
    /// Tokens that may be generated at most.
    pub new_tokens: u64,
    /// Units of work.
    pub units: u64,
    /// Items that are skipped because they do not fit.
    pub skipped: u64,
    /// Items that lose ids on the left.
    pub truncated: u64,
    /// Items that lose examples.
    pub fewer_shots: u64,
}

impl Plan {
    /// How many requests that share prefixes are saved: tokens over distinct prefixes.
    pub fn sharing(&self) -> Option<f64> {
        (self.counts.prefix_tokens > 0).then(|| self.counts.tokens as f64 / self.counts.prefix_tokens as f64)
    }
}

impl fmt::Display for Plan {
    /// Lines for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "suite {}", self.suite)?;
        writeln!(f, "arms  {}", self.arms.join(", "))?;
        writeln!(f)?;
        let mut table = Vec::with_capacity(self.rows.len() + 1);
        for row in &self.rows {
            let items = if row.items == row.available {
                row.items.to_string()
            } else {
                format!("{} of {}", row.items, row.available)
            };
            table.push(vec![
                row.model.clone(),
                row.benchmark.clone(),
                if row.repeats > 1 { format!("{items} × {}", row.repeats) } else { items },
                row.requests.to_string(),
                row.tokens.to_string(),
                row.prefix_tokens.to_string(),
                row.new_tokens.to_string(),
                row.units.to_string(),
                notes(row),
            ]);
        }
        let counts = &self.counts;
        let sums = [counts.requests, counts.tokens, counts.prefix_tokens, counts.new_tokens, counts.units];
        let [requests, tokens, prefixes, new, units] = sums.map(|n| n.to_string());
        let none = String::new;
        table.push(vec!["all".into(), none(), none(), requests, tokens, prefixes, new, units, none()]);
        f.write_str(&render(&COLUMNS, &table, Frame { indent: 0, width: usize::MAX }))?;
        if let Some(sharing) = self.sharing() {
            writeln!(f, "\neach distinct token prefix stands for {sharing:.1} tokens of requests")?;
        }
        writeln!(f, "\ndata:")?;
        self.data.iter().try_for_each(|note| writeln!(f, "  {note}"))?;
        if !self.warnings.is_empty() {
            writeln!(f, "\nworth a look:")?;
            self.warnings.iter().try_for_each(|warning| writeln!(f, "  {warning}"))?;
        }
        if !self.problems.is_empty() {
            writeln!(f, "\ncannot run:")?;
            self.problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))?;
        }
        Ok(())
    }
}

fn notes(row: &PlanRow) -> String {
    let mut notes = Vec::new();
    let mut count = |n: u64, what: &str| {
        if n > 0 {
            notes.push(format!("{n} {what}"));
        }
    };
    count(row.skipped, "skipped, too long");
    count(row.truncated, "cut on the left");
    count(row.fewer_shots, "with fewer examples");
    match row.controllers.as_slice() {
        [] => {}
        controllers => notes.push(controllers.join(", ")),
    }
    notes.join("; ")
}
