//! A run's numbers for a terminal.

use crate::measure::glyph;
use crate::number;
use crate::summary::{BenchmarkSummary, Summary};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use telos_core::columns::{Column, Frame, numbers, render, words};

const COLUMNS: [Column; 10] = [
    words("metric"),
    words("arm"),
    numbers("n"),
    numbers("mean"),
    words("95 % interval"),
    words("method").dispensable(3),
    numbers("Δ free"),
    words("95 % interval"),
    numbers("p"),
    words("method of Δ").dispensable(4),
];

/// The summary for a terminal of `width` columns: of each benchmark the metric that matters most, or all.
pub fn render_text(summary: &Summary, width: usize, all: bool) -> String {
    let mut out = format!(
        "{} ({}): {}, {}\n",
        summary.suite,
        summary.status,
        number::counted(summary.arms.len(), "arm"),
        number::counted(summary.benchmarks.len(), "benchmark"),
    );
    for benchmark in &summary.benchmarks {
        render_benchmark(benchmark, (width, all), &mut out);
    }
    let replies: Vec<String> =
        summary.replies.iter().map(|(status, n)| format!("{} {status}", number::count(*n))).collect();
    // Writing into a string cannot fail; so below.
    let _ = writeln!(out, "\nreplies: {}", if replies.is_empty() { "none".to_owned() } else { replies.join(", ") });
    out
}

fn render_benchmark(benchmark: &BenchmarkSummary, (width, all): (usize, bool), out: &mut String) {
    let shown = || benchmark.rows.iter().filter(|row| all || row.metric == benchmark.headline);
    let _ = write!(out, "\n{}: {}", benchmark.id, items_text(benchmark));
    if !benchmark.about.is_empty() {
        let _ = write!(out, ". {}", benchmark.about);
    }
    out.push('\n');
    let mut before = "";
    let rows: Vec<Vec<String>> = shown()
        .map(|row| {
            let first = before != row.metric;
            before = &row.metric;
            let name = if first { format!("{} {}", glyph(row.direction), row.metric) } else { String::new() };
            let arm = if benchmark.controlled { row.arm.clone() } else { model_of(&row.arm).to_owned() };
            let mut cells = vec![
                name,
                arm,
                number::count(row.n),
                number::maybe(row.mean),
                number::interval(row.low, row.high),
                row.method.clone(),
            ];
            cells.extend(match &row.difference {
                Some(d) => [
                    d.mean.map_or_else(|| "–".to_owned(), number::signed),
                    number::signed_interval(d.low, d.high),
                    number::p_value(d.p),
                    d.method.clone(),
                ],
                None => Default::default(),
            });
            cells
        })
        .collect();
    if rows.is_empty() {
        out.push_str("  no scores\n");
    } else {
        out.push_str(&render(&COLUMNS, &rows, Frame { indent: 2, width }));
    }
    for row in shown() {
        if let Some(reason) = &row.reason {
            let _ = writeln!(out, "  no {} ({}): {reason}", row.metric, row.arm);
        }
        for missing in &row.missing {
            let why = if missing.reason.is_empty() { String::new() } else { format!(": {}", missing.reason) };
            let count = number::count(missing.count);
            let _ = writeln!(out, "  without {} ({}): {count} {}{why}", row.metric, row.arm, missing.status);
        }
    }
    let names: BTreeSet<&str> = benchmark.rows.iter().map(|row| row.metric.as_str()).collect();
    let left = if all { 0 } else { names.len().saturating_sub(1) };
    if left > 0 {
        let _ = writeln!(out, "  {} with --all, and on the page", number::counted(left, "further metric"));
    }
    if let Some(note) = &benchmark.note {
        let _ = writeln!(out, "  {note}");
    }
}

/// `MODEL-ID` of `MODEL-ID/CONTROLLER-ID`.
pub(crate) fn model_of(arm: &str) -> &str {
    arm.rsplit_once('/').map_or(arm, |(model, _)| model)
}

/// `60 of 817 items, 8 times each`.
pub(crate) fn items_text(benchmark: &BenchmarkSummary) -> String {
    let mut text = if benchmark.items == benchmark.available {
        number::counted(benchmark.items, "item")
    } else {
        format!("{} of {}", number::count(benchmark.items), number::counted(benchmark.available, "item"))
    };
    if benchmark.repeats > 1 {
        let _ = write!(text, ", {} times each", benchmark.repeats);
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::summary::summarise;
    use crate::testing::{Shape, record};

    #[test]
    fn the_text_is_as_recorded() {
        let summary = summarise(&record(&Shape::default())).unwrap();
        let text = render_text(&summary, 100, false);
        let expected = "\
quickstart (complete): 2 arms, 2 benchmarks

truth: 4 items. Does the model prefer the true answer?
  metric  arm   n   mean  95 % interval  method
  ▲ acc   tiny  4  0.750  0.301 … 0.954  wilson
  nothing is sampled here, so no controller acts: shown once for each model
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("\nreplies: 24 ok\n"), "{text}");
    }

    #[test]
    fn the_metric_that_matters_comes_alone_or_with_all() {
        let mut made = record(&Shape::default());
        let table = |made: &_, all| render_text(&summarise(made).unwrap(), 160, all);
        let few = table(&made, false);
        assert!(few.contains("stays_safe") && !few.contains("min_h"), "{few}");
        assert!(few.contains("  2 further metrics with --all, and on the page"), "{few}");
        let all = table(&made, true);
        assert!(all.contains("min_h") && all.contains("perplexity") && !all.contains("--all"), "{all}");
        made.manifest.benchmarks[1].headline = Some("min_h".into());
        assert!(table(&made, false).contains("min_h"));
    }
}
