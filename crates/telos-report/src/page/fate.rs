//! What became of an item: whether it failed, and whether arms differ on it.

use std::collections::BTreeSet;
use telos_core::metric::{Direction, Metric};

/// What became of an item, over all arms and repeats.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fate {
    /// Whether a reply is not as it should be.
    pub(super) not_ok: bool,
    /// Repeats with such a reply, or whose headline metric is nearer to its worst end than to its best.
    pub(super) failed: BTreeSet<u32>,
    /// Repeats in which a controller acted.
    pub(super) acted: BTreeSet<u32>,
    /// The worst arm's value of the headline metric, larger being better; none without a value.
    pub(super) worst: Option<f64>,
    /// By how much the arms' values differ.
    pub(super) spread: f64,
}

impl Fate {
    /// Takes the arms' values of the headline metric.
    pub(super) fn measure(&mut self, metric: &Metric, values: &[f64]) {
        let sign = if metric.direction == Direction::Lower { -1.0 } else { 1.0 };
        let least = values.iter().map(|value| sign * value).reduce(f64::min);
        let most = values.iter().map(|value| sign * value).reduce(f64::max);
        self.worst = least;
        self.spread = most.zip(least).map_or(0.0, |(most, least)| most - least);
    }

    /// The repeats to show, `cap` of `all`: those first in which a controller acted and the text failed, then those in which either
    /// is so.
    pub(super) fn repeats(&self, all: u32, cap: u32) -> BTreeSet<u32> {
        let mut order: Vec<u32> = (0..all.max(1)).collect();
        order.sort_by_key(|repeat| {
            let (failed, acted) = (self.failed.contains(repeat), self.acted.contains(repeat));
            (!(failed && acted), !(failed || acted), *repeat)
        });
        order.into_iter().take(cap as usize).collect()
    }
}

/// Whether a value lies nearer to the worst end of its range than to the best; a metric without direction or range cannot fail.
pub(super) fn failed(metric: &Metric, value: f64) -> bool {
    let Some([low, high]) = metric.range.filter(|range| range.iter().all(|end| end.is_finite())) else { return false };
    let middle = f64::midpoint(low, high);
    match metric.direction {
        Direction::Higher => value < middle,
        Direction::Lower => value > middle,
        Direction::None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t1_repeats_that_matter_come_first() {
        let set = |repeats: &[u32]| repeats.iter().copied().collect::<BTreeSet<u32>>();
        let fate = |failed: &[u32], acted: &[u32]| Fate { failed: set(failed), acted: set(acted), ..Fate::default() };
        for (fate, cap, expected) in [
            (fate(&[], &[]), 2, &[0, 1][..]),
            (fate(&[], &[5, 6, 7]), 2, &[5, 6]),
            (fate(&[7], &[2]), 2, &[2, 7]),
            (fate(&[3, 7], &[7]), 1, &[7]),
            (fate(&[7], &[]), 3, &[0, 1, 7]),
        ] {
            assert_eq!(fate.repeats(8, cap), set(expected), "{fate:?}");
        }
    }

    #[test]
    fn failing_goes_by_range_and_direction() {
        let share = |direction| Metric::share("m", direction, "");
        assert!(failed(&share(Direction::Higher), 0.0) && !failed(&share(Direction::Higher), 1.0));
        assert!(failed(&share(Direction::Lower), 1.0) && !failed(&share(Direction::None), 0.0));
        assert!(!failed(&Metric::unbounded("m", Direction::Higher, ""), -5.0));
    }
}
