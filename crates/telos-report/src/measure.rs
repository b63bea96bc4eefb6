//! Columns of item values to estimates and paired differences.

use telos_core::digest::item_seed;
use telos_core::metric::{Aggregate, Direction, Metric};
use telos_stats::{Estimate, PairedResult};

/// A metric's number for one arm.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) n: usize,
    pub(crate) mean: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) method: &'static str,
}

/// The seed of a metric's resamples: the same for all arms.
fn seed(suite_seed: u64, benchmark: &str, metric: &Metric) -> u64 {
    item_seed(suite_seed, benchmark, &metric.name)
}

/// The scale on which items are averaged: a perplexity's log-probabilities turn into nats, so that lower is better there as well.
fn on_scale(metric: &Metric, value: f64) -> f64 {
    match metric.aggregate {
        // What is centred has been centred with the columns.
        Aggregate::Mean | Aggregate::Centred => value,
        Aggregate::Perplexity => -value,
    }
}

/// What a metric's items come to. `clusters` is by place, as the values are.
pub(crate) fn measure(
    values: &[Option<f64>],
    clusters: Option<&[u32]>,
    metric: &Metric,
    (suite_seed, benchmark): (u64, &str),
) -> Measured {
    let present: Vec<f64> = values.iter().flatten().map(|v| on_scale(metric, *v)).collect();
    let clusters: Option<Vec<u32>> =
        clusters.map(|all| values.iter().zip(all).filter(|(v, _)| v.is_some()).map(|(_, c)| *c).collect());
    let Estimate { n, mean, interval, method } =
        telos_stats::estimate(&present, clusters.as_deref(), seed(suite_seed, benchmark, metric));
    let shown = |v: f64| match metric.aggregate {
        Aggregate::Mean | Aggregate::Centred => v,
        Aggregate::Perplexity => v.exp(),
    };
    Measured {
        n,
        mean: (n > 0).then(|| shown(mean)),
        low: interval.map(|i| shown(i.low)),
        high: interval.map(|i| shown(i.high)),
        method: method.as_str(),
    }
}

/// The paired difference of two columns, by place; items without a value on either side are left out.
pub(crate) fn difference(
    before: &[Option<f64>],
    after: &[Option<f64>],
    metric: &Metric,
    (suite_seed, benchmark): (u64, &str),
) -> PairedResult {
    let pairs: Vec<(f64, f64)> = before
        .iter()
        .zip(after)
        .filter_map(|(b, a)| Some((on_scale(metric, (*b)?), on_scale(metric, (*a)?))))
        .collect();
    telos_stats::paired(&pairs, seed(suite_seed, benchmark, metric))
}

/// The direction as statistics know it; none where the metric only describes.
pub(crate) fn direction(metric: &Metric) -> Option<telos_stats::Direction> {
    match metric.direction {
        Direction::Higher => Some(telos_stats::Direction::Higher),
        Direction::Lower => Some(telos_stats::Direction::Lower),
        Direction::None => None,
    }
}

/// The sign for it: ▲ higher is better, ▼ lower is better.
pub(crate) fn glyph(direction: Direction) -> &'static str {
    match direction {
        Direction::Higher => "▲",
        Direction::Lower => "▼",
        Direction::None => "·",
    }
}
