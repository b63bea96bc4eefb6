//! What was found, in sentences: what went wrong, what the controllers changed, what each benchmark came to.

use super::control::ControlCounts;
use super::detail::Details;
use crate::number::{self, counted};
use crate::summary::{BenchmarkSummary, MetricRow, Summary};
use crate::summary_text::model_of;
use serde::Serialize;
use telos_core::metric::Direction;

/// A sentence, and where it can be looked into.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Finding {
    class: &'static str,
    text: String,
    anchor: String,
}

/// All of them: failures first, then what controllers changed, then the rest.
pub(super) fn findings(summary: &Summary, details: &Details) -> Vec<Finding> {
    let mut out = Vec::new();
    let errors = summary.replies.get("error").copied().unwrap_or(0);
    if errors > 0 {
        let first = summary.first_error.as_deref().unwrap_or("no message");
        out.push(Finding {
            class: "bad",
            text: format!("{} ended in an error; the first: {first}.", counted(errors, "request")),
            anchor: "results".into(),
        });
    }
    let benchmarks = || summary.benchmarks.iter().enumerate().map(|(place, b)| (format!("b{place}"), b));
    for (anchor, benchmark) in benchmarks() {
        out.extend(failures(benchmark, details).into_iter().map(|(class, text)| Finding {
            class,
            text,
            anchor: anchor.clone(),
        }));
    }
    for (anchor, benchmark) in benchmarks().filter(|(_, b)| b.controlled) {
        out.extend(changes(benchmark, details).into_iter().map(|(class, text)| Finding {
            class,
            text,
            anchor: anchor.clone(),
        }));
    }
    for (anchor, benchmark) in
        benchmarks().filter(|(_, b)| !b.controlled || b.headlines().all(|row| row.difference.is_none()))
    {
        out.extend(plain(benchmark).map(|text| Finding { class: "", text, anchor }));
    }
    out
}

fn failures(benchmark: &BenchmarkSummary, details: &Details) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let id = &benchmark.id;
    if benchmark.headlines().all(|row| row.n == 0) {
        out.push(("bad", format!("{id}: not one score for {}.", benchmark.headline)));
    }
    if let Some(detail) = details.get(id).filter(|detail| detail.cut > 0 && detail.cut * 4 >= detail.texts) {
        let (cut, all) = (number::count(detail.cut), counted(detail.texts, "text"));
        out.push(("warn", format!("{id}: {cut} of {all} were cut by the token limit.")));
    }
    out
}

/// What each controller did to the headline metric.
fn changes(benchmark: &BenchmarkSummary, details: &Details) -> Vec<(&'static str, String)> {
    let free = |against: &str| benchmark.headlines().find(|row| row.arm == against).and_then(|row| row.mean);
    let told = |row: &MetricRow| {
        let difference = row.difference.as_ref()?;
        let (before, after) = (free(&difference.against)?, row.mean?);
        let acted = details.get(&benchmark.id).and_then(|detail| detail.counts.get(&row.arm)).map(ControlCounts::texts);
        let acted = acted.map_or_else(String::new, |(all, acted)| {
            format!("; it acted in {} of {}", number::count(acted), counted(all, "text"))
        });
        let certain = difference.low.zip(difference.high).is_some_and(|(low, high)| low > 0.0 || high < 0.0);
        let up = after > before;
        let class = match (certain, row.direction) {
            (false, _) | (_, Direction::None) => "",
            (true, Direction::Higher) => {
                if up {
                    "good"
                } else {
                    "bad"
                }
            }
            (true, Direction::Lower) => {
                if up {
                    "bad"
                } else {
                    "good"
                }
            }
        };
        let change = if before == after {
            format!("left {} at {}", row.metric, short(after))
        } else {
            let verb = if up { "raised" } else { "lowered" };
            let chance = if certain { "" } else { ", which may be chance" };
            format!("{verb} {} from {} to {}{chance}", row.metric, short(before), short(after))
        };
        Some((class, format!("{}: {} {change}{acted}.", benchmark.id, row.arm)))
    };
    benchmark.headlines().filter_map(told).collect()
}

/// A number within a sentence.
fn short(value: f64) -> String {
    number::minus(&number::number(value))
}

/// The headline metric of every arm.
fn plain(benchmark: &BenchmarkSummary) -> Option<String> {
    let arm = |row: &MetricRow| if benchmark.controlled { row.arm.clone() } else { model_of(&row.arm).to_owned() };
    let values: Vec<String> = benchmark
        .headlines()
        .filter(|row| row.n > 0)
        .map(|row| {
            format!(
                "{} {} ({})",
                arm(row),
                number::minus(&number::maybe(row.mean)),
                number::minus(&number::interval(row.low, row.high))
            )
        })
        .collect();
    (!values.is_empty()).then(|| format!("{}: {} of {}.", benchmark.id, benchmark.headline, values.join(", ")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use crate::index::Index;
    use crate::page::{PageOptions, detail};
    use crate::summary::summarise_index;
    use crate::testing::{Shape, record};
    use telos_core::record::Record;

    fn check(record: &Record, expected: &[&str]) {
        let index = Index::new(record).unwrap();
        let details = detail::read(&index, &PageOptions::default()).unwrap();
        let found: Vec<String> =
            super::findings(&summarise_index(&index), &details).into_iter().map(|f| f.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn findings_read_as_sentences() {
        let mut made = record(&Shape { items: 20, right: 15, ..Shape::default() });
        check(
            &made,
            &[
                "reviews: 40 of 40 texts were cut by the token limit.",
                "reviews: tiny/cbf-0.3 raised stays_safe from 0 to 1.000; it acted in 20 of 20 texts.",
                "truth: acc of tiny 0.750 (0.531 … 0.888).",
            ],
        );
        made.replies[0].status = telos_core::Status::Error;
        made.replies[0].error = Some("no answer within 60 s".into());
        let index = Index::new(&made).unwrap();
        let details = detail::read(&index, &PageOptions::default()).unwrap();
        let first = &super::findings(&summarise_index(&index), &details)[0];
        assert_eq!(
            (first.class, first.text.as_str()),
            ("bad", "1 request ended in an error; the first: no answer within 60 s.")
        );
    }
}
