//! Columns of item values to estimates and paired differences.

use telos_core::digest::item_seed;
use telos_core::metric::{Direction, Metric};
use telos_stats::aggregate::{self, Items};
use telos_stats::{Estimate, Method, PairedResult};

/// A metric's number for one arm.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) n: usize,
    pub(crate) mean: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) method: &'static str,
    /// Why there is no number, where the aggregate says so.
    pub(crate) reason: Option<String>,
}

/// The seed of a metric's resamples: the same for all arms.
fn seed(suite_seed: u64, benchmark: &str, metric: &Metric) -> u64 {
    item_seed(suite_seed, benchmark, &metric.name)
}

/// What a metric's items come to.
pub(crate) fn measure(
    items: &Items<'_>,
    metric: &Metric,
    metrics: &[Metric],
    (suite_seed, benchmark): (u64, &str),
) -> Measured {
    match aggregate::measure(metric, metrics, items, seed(suite_seed, benchmark, metric)) {
        Ok(Estimate { n, mean, interval, method }) => Measured {
            n,
            mean: (n > 0).then_some(mean),
            low: interval.map(|i| i.low),
            high: interval.map(|i| i.high),
            method: method.as_str(),
            reason: None,
        },
        Err(reason) => {
            Measured { n: 0, mean: None, low: None, high: None, method: Method::None.as_str(), reason: Some(reason) }
        }
    }
}

/// The paired difference of two arms over the same items, by place; items without a value on either side are left out. The error
/// is the reason why there is none.
pub(crate) fn difference(
    sides: (&Items<'_>, &Items<'_>),
    metric: &Metric,
    metrics: &[Metric],
    (suite_seed, benchmark): (u64, &str),
) -> Result<PairedResult, String> {
    aggregate::compare(metric, metrics, sides, seed(suite_seed, benchmark, metric))
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
