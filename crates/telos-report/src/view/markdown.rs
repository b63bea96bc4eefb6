//! A gate as Markdown, for a pull request or a CI system's summary.

use super::entry::{Renders, View};
use crate::compare::arms_text;
use crate::gate::{GateReport, interval, p_value, tally};
use crate::measure::glyph;
use crate::number;
use crate::visible::visible;
use std::fmt::Write as _;

pub(super) const ENTRY: View = View {
    name: "markdown",
    what: "Markdown",
    about: "The verdict, for a pull request or a CI system's summary",
    endings: &["md", "markdown"],
    example: "telos report RUN --view markdown --against RUN -o verdict.md",
    renders: Renders::Verdict(markdown),
};

/// A heading with the verdict, the problems or a table of the rules, the worst first.
pub fn markdown(report: &GateReport) -> String {
    let mut out = format!("## Telos gate: {}\n\n{}\n", report.verdict, cell(&tally(report)));
    if !report.integrity.is_empty() {
        out.push('\n');
        for problem in &report.integrity {
            // Writing into a string cannot fail; so below.
            let _ = writeln!(out, "- {}", cell(problem));
        }
    }
    if report.rules.is_empty() {
        return out;
    }
    out.push_str(
        "\n| verdict | benchmark | metric | arm | n | baseline | run | Δ | 95 % interval | p (Holm) | why |\n",
    );
    out.push_str("|---|---|---|---|--:|--:|--:|--:|---|--:|---|\n");
    let mut rules: Vec<_> = report.rules.iter().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.verdict));
    for rule in rules {
        let change = &rule.change;
        let _ = writeln!(
            out,
            "| {} | {} | {} {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            rule.verdict,
            cell(&change.benchmark),
            glyph(change.direction),
            cell(&change.metric),
            cell(&arms_text(change)),
            number::count(change.n),
            number::maybe(change.mean_a),
            number::maybe(change.mean_b),
            change.difference.map_or_else(|| "–".to_owned(), number::signed),
            interval(rule),
            p_value(rule),
            cell(&rule.reason),
        );
    }
    let _ = writeln!(
        out,
        "\nDifferences are run − baseline, paired by item; p-values are adjusted over all regression rules (Holm). ▲ higher is better, ▼ lower is better."
    );
    out
}

/// Text that cannot leave its cell, become markup or call anybody; hidden characters are visible.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A comment parts what would call a person, an issue or a page by name.
            '@' | '#' => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            ':' => out.push_str(":<!-- -->"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
