//! What a run measured: for each benchmark, arm and metric a number with n, interval and method, and the paired difference
//! against the free arm.

use crate::ReportError;
use crate::index::{Index, Shown};
use crate::measure::{difference, direction, measure};
use serde::Serialize;
use std::collections::BTreeMap;
use telos_core::Tables;
use telos_core::metric::{Aggregate, Direction, Metric};
use telos_core::record::BenchmarkEntry;

/// What is said of a benchmark where no controller acts.
pub const NOTHING_SAMPLED: &str = "nothing is sampled here, so no controller acts: shown once for each model";

/// A run's numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The suite's id.
    pub suite: String,
    /// `running`, `complete` or `interrupted`.
    pub status: String,
    /// The arms' ids, in the suite's order.
    pub arms: Vec<String>,
    /// How many replies have which status.
    pub replies: BTreeMap<String, usize>,
    /// The message of the first error, where there was one.
    pub first_error: Option<String>,
    /// In the suite's order.
    pub benchmarks: Vec<BenchmarkSummary>,
}

/// A benchmark's numbers.
#[derive(Debug, Clone, Serialize)]
pub struct BenchmarkSummary {
    /// The id.
    pub id: String,
    /// What it asks.
    pub about: String,
    /// The goals that it is bound to.
    pub goals: Vec<String>,
    /// Items asked.
    pub items: usize,
    /// Items that there are.
    pub available: usize,
    /// Repeats of each item.
    pub repeats: u32,
    /// Whether a controller acts.
    pub controlled: bool,
    /// What the reader should know, as where no controller acts.
    pub note: Option<String>,
    /// The metric that matters most; empty where the benchmark has none.
    pub headline: String,
    /// Metric by metric, arm by arm, in the suite's order.
    pub rows: Vec<MetricRow>,
}

impl BenchmarkSummary {
    /// The rows of the metric that matters most.
    pub fn headlines(&self) -> impl Iterator<Item = &MetricRow> {
        self.rows.iter().filter(|row| row.metric == self.headline)
    }
}

/// A metric of an arm.
#[derive(Debug, Clone, Serialize)]
pub struct MetricRow {
    /// The arm whose rows were taken; where no controller acts it stands for its model.
    pub arm: String,
    /// The metric's name.
    pub metric: String,
    /// What it says.
    pub about: String,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the largest value.
    pub range: Option<[f64; 2]>,
    /// How items make one number.
    pub aggregate: Aggregate,
    /// Items with a value; repeats are averaged within an item first.
    pub n: usize,
    /// The number; none without a value.
    pub mean: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// What gave the interval.
    pub method: String,
    /// Why there is no number, where its aggregate says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Scores without a value, by status and reason.
    pub missing: Vec<Missing>,
    /// Against the free arm of the same model, where a controller acts.
    pub difference: Option<Difference>,
}

/// Scores without a value.
#[derive(Debug, Clone, Serialize)]
pub struct Missing {
    /// Their status.
    pub status: String,
    /// Their reason.
    pub reason: String,
    /// How many rows.
    pub count: usize,
}

/// A paired difference, joined by item. A perplexity's is in nats.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// The arm that was subtracted.
    pub against: String,
    /// Pairs.
    pub n: usize,
    /// The mean difference.
    pub mean: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Two-sided, not adjusted.
    pub p: f64,
    /// What gave interval and p.
    pub method: String,
    /// Items that became better; none where the metric has no direction.
    pub better: Option<usize>,
    /// Items that became worse.
    pub worse: Option<usize>,
    /// Items whose value differs.
    pub changed: usize,
}

/// Works a record out.
pub fn summarise(record: &dyn Tables) -> Result<Summary, ReportError> {
    Ok(summarise_index(&Index::new(record)?))
}

/// The same of a record that has been gone through.
pub fn summarise_index(index: &Index<'_>) -> Summary {
    let manifest = index.manifest;
    Summary {
        suite: manifest.suite.clone(),
        status: manifest.status.to_string(),
        arms: manifest.arms.iter().map(|arm| arm.id.clone()).collect(),
        replies: index.replies.statuses.clone(),
        first_error: index.replies.first_error.clone(),
        benchmarks: manifest.benchmarks.iter().map(|benchmark| summarise_benchmark(index, benchmark)).collect(),
    }
}

fn summarise_benchmark(index: &Index<'_>, benchmark: &BenchmarkEntry) -> BenchmarkSummary {
    let shown = index.shown(benchmark);
    let rows = benchmark
        .metrics
        .iter()
        .flat_map(|metric| shown.iter().map(move |arm| (metric, *arm)))
        .filter_map(|(metric, arm)| metric_row(index, benchmark, metric, arm))
        .collect::<Vec<_>>();
    BenchmarkSummary {
        id: benchmark.id.clone(),
        about: benchmark.about.clone(),
        goals: benchmark.goals.clone(),
        items: benchmark.items,
        available: benchmark.available,
        repeats: benchmark.repeats,
        controlled: benchmark.controlled,
        note: (!benchmark.controlled && index.manifest.arms.iter().any(|arm| !arm.free))
            .then(|| NOTHING_SAMPLED.to_owned()),
        headline: headline(benchmark, &rows),
        rows,
    }
}

/// The benchmark's headline where it has a score, else the first metric that has one.
fn headline(benchmark: &BenchmarkEntry, rows: &[MetricRow]) -> String {
    let named = benchmark.headline().map(|metric| metric.name.as_str());
    let scored = named.filter(|name| rows.iter().any(|row| row.metric == *name));
    scored.or_else(|| rows.first().map(|row| row.metric.as_str())).unwrap_or_default().to_owned()
}

/// None where the evaluator never gave this metric for the arm.
fn metric_row(index: &Index<'_>, benchmark: &BenchmarkEntry, metric: &Metric, shown: Shown<'_>) -> Option<MetricRow> {
    let items = index.sees(&shown.arm.id, benchmark, metric)?;
    let column = index.column(&shown.arm.id, &benchmark.id, &metric.name);
    let key = (index.manifest.seed, benchmark.id.as_str());
    let measured = measure(&items, metric, &benchmark.metrics, key);
    let missing = column.into_iter().flat_map(|column| &column.absent).map(|((status, reason), count)| Missing {
        status: status.clone(),
        reason: reason.clone(),
        count: *count,
    });
    let free = index.free_arm(shown.arm, benchmark);
    let free = free.and_then(|free| Some((free, index.sees(&free.id, benchmark, metric)?)));
    let difference = free.and_then(|(free, before)| {
        // Where there is no difference, the reason stands with the number that is missing on one side.
        let paired = difference((&before, &items), metric, &benchmark.metrics, key).ok()?;
        let way = direction(metric);
        Some(Difference {
            against: free.id.clone(),
            n: paired.n,
            mean: (paired.n > 0).then_some(paired.mean_difference),
            low: paired.interval.map(|i| i.low),
            high: paired.interval.map(|i| i.high),
            p: paired.p,
            method: paired.method.to_string(),
            better: way.and_then(|way| paired.better(way)),
            worse: way.and_then(|way| paired.worse(way)),
            changed: paired.changed,
        })
    });
    Some(MetricRow {
        arm: shown.arm.id.clone(),
        metric: metric.name.clone(),
        about: metric.about.clone(),
        direction: metric.direction,
        range: metric.range,
        aggregate: metric.aggregate.clone(),
        n: measured.n,
        mean: measured.mean,
        low: measured.low,
        high: measured.high,
        method: measured.method.to_owned(),
        reason: measured.reason,
        missing: missing.collect(),
        difference,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::testing::{Shape, record};

    #[test]
    fn differences_are_paired_with_the_free_arm() {
        let summary = summarise(&record(&Shape { items: 20, ..Shape::default() })).unwrap();
        let rows = &summary.benchmarks[1].rows;
        assert_eq!(rows[0].difference.is_none(), rows[0].arm == "tiny/free");
        let difference = rows[1].difference.as_ref().unwrap();
        assert_eq!((difference.against.as_str(), difference.n, difference.mean), ("tiny/free", 20, Some(1.0)));
        assert_eq!((difference.better, difference.worse), (Some(20), Some(0)));
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(json["benchmarks"][1]["rows"][1]["difference"]["method"], "mcnemar mid-p, newcombe");
    }

    #[test]
    fn repeats_are_averaged_first_and_gaps_are_counted() {
        let mut two = record(&Shape { controller: false, ..Shape::default() });
        let again: Vec<_> = two
            .scores
            .iter()
            .cloned()
            .map(|s| telos_core::record::ScoreRow { repeat: 1, value: Some(0.0), ..s })
            .collect();
        two.scores.extend(again);
        two.scores[0].value = None;
        two.scores[0].status = telos_core::Status::Error;
        two.scores[0].reason = Some("no reply".into());
        let summary = summarise(&two).unwrap();
        let row = &summary.benchmarks[0].rows[0];
        // The items' means are 0, 1/2, 1/2 and 0.
        assert_eq!((row.n, row.mean, row.method.as_str()), (4, Some(0.25), "bootstrap"));
        assert_eq!((row.missing[0].count, row.missing[0].reason.as_str()), (1, "no reply"));
        let text = crate::summary_text::render_text(&summary, 100, false);
        assert!(text.contains("without acc (tiny/free): 1 error: no reply"), "{text}");
    }

    #[test]
    fn a_perplexity_is_an_exponential() {
        let mut one = record(&Shape { controller: false, ..Shape::default() });
        one.manifest.benchmarks[0].metrics[0].aggregate = Aggregate::plain("perplexity");
        one.scores.iter_mut().enumerate().for_each(|(i, s)| s.value = Some(-1.0 - i as f64));
        let row = summarise(&one).unwrap().benchmarks[0].rows[0].clone();
        assert!((row.mean.unwrap() - 2.5_f64.exp()).abs() < 1e-12);
        assert!(row.low.unwrap() < row.mean.unwrap() && row.mean.unwrap() < row.high.unwrap());
    }

    #[test]
    fn a_profile_is_centred_on_the_mean_over_all_items() {
        let mut one = record(&Shape { items: 5, controller: false, ..Shape::default() });
        let names = ["score", "centred/power", "centred/security"];
        let metrics = names.map(|name| {
            let aggregate = Aggregate::plain(if name == "score" { "mean" } else { "centred" });
            Metric { aggregate, ..Metric::unbounded(name, Direction::None, "a score") }
        });
        one.manifest.benchmarks[0].metrics = metrics.to_vec();
        let scores = one.scores.clone();
        one.scores.clear();
        for (i, (row, value)) in scores.into_iter().zip([5.0, 4.0, 2.0, 1.0, 1.5]).enumerate() {
            // Two items of the one, three of the other.
            for metric in [names[0], names[1 + usize::from(i > 1)]] {
                one.scores.push(telos_core::record::ScoreRow {
                    metric: metric.into(),
                    value: Some(value),
                    ..row.clone()
                });
            }
        }
        let rows = summarise(&one).unwrap().benchmarks[0].rows.clone();
        let found: Vec<_> = rows.iter().map(|row| (row.metric.as_str(), row.n, row.mean.unwrap())).collect();
        // The mean over all five is 2.7.
        for ((metric, n, mean), want) in found.iter().zip([("score", 5, 2.7), (names[1], 2, 1.8), (names[2], 3, -1.2)])
        {
            assert_eq!((*metric, *n), (want.0, want.1));
            assert!((mean - want.2).abs() < 1e-12, "{metric}: {mean}");
        }
        let [low, high] = [rows[1].low, rows[1].high].map(Option::unwrap);
        assert!(low < 1.8 && 1.8 < high && low > 0.0, "{low} … {high}");
        assert!(rows.iter().all(|row| row.missing.is_empty()));
    }
}
