//! The plan: everything that will run, what cannot and why, and how much work it is, without loading a model.

use crate::problem::Problem;
use serde::Serialize;
use std::fmt;
use telos_core::record::Counts;

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
        let head = ["model", "benchmark", "items", "requests", "tokens", "distinct", "new tokens", "units", "notes"];
        let mut table = vec![head.map(str::to_owned)];
        for row in &self.rows {
            let items = if row.items == row.available {
                row.items.to_string()
            } else {
                format!("{} of {}", row.items, row.available)
            };
            table.push([
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
        table.push(["all".into(), String::new(), String::new(), requests, tokens, prefixes, new, units, String::new()]);
        write_table(f, &table)?;
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

/// Columns of text as wide as they need to be; numbers, the columns after the second, to the right.
fn write_table<const N: usize>(f: &mut fmt::Formatter<'_>, rows: &[[String; N]]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let pad = " ".repeat(width - cell.chars().count());
            if column < 2 || column == N - 1 { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
        });
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
