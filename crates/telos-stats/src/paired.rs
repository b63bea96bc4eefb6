//! Two measurements of the same items: how much they differ and whether that may be chance.

use crate::binary::{PairTable, mcnemar_mid_p, newcombe_paired};
use crate::bootstrap::{bootstrap_means, percentile_interval, two_sided_p};
use crate::{Direction, Interval, Method, mean};

/// The paired difference, after − before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedResult {
    /// How many pairs.
    pub n: usize,
    /// The mean of the differences; NaN where there is no pair.
    pub mean_difference: f64,
    /// Its interval; none where there is too little data for one.
    pub interval: Option<Interval>,
    /// The two-sided p-value for no difference; 1 where there is too little data for a test.
    pub p: f64,
    /// What gave both.
    pub method: Method,
    /// Pairs whose value rose.
    pub raised: usize,
    /// Pairs whose value fell.
    pub lowered: usize,
}

impl PairedResult {
    /// Pairs that became better.
    pub fn better(&self, direction: Direction) -> usize {
        match direction {
            Direction::Higher => self.raised,
            Direction::Lower => self.lowered,
        }
    }

    /// Pairs that became worse.
    pub fn worse(&self, direction: Direction) -> usize {
        self.n_changed() - self.better(direction)
    }

    /// Pairs whose value changed.
    pub fn n_changed(&self) -> usize {
        self.raised + self.lowered
    }
}

/// Compares pairs (before, after) of the same items.
///
/// Where every difference is −1, 0 or 1, p is `McNemar`'s mid-p, and the interval is Newcombe's paired score interval (the
/// bootstrap's where values lie outside [0, 1], which that interval is not made for). Else both come from the bootstrap over
/// items: the percentile interval, and p as [`two_sided_p`] defines it. Where all differences are equal, the bootstrap's interval
/// is that point. A single pair, or a value that is not finite, gives no bootstrap, hence no interval and p = 1.
pub fn paired(pairs: &[(f64, f64)], seed: u64) -> PairedResult {
    let differences: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
    let raised = differences.iter().filter(|d| **d > 0.0).count();
    let lowered = differences.iter().filter(|d| **d < 0.0).count();
    let n = pairs.len();
    let mean_difference = mean(&differences);
    let bare = PairedResult { n, mean_difference, interval: None, p: 1.0, method: Method::None, raised, lowered };
    if n == 0 || !differences.iter().all(|d| d.is_finite()) {
        return bare;
    }
    let whole_steps = differences.iter().all(|d| [-1.0, 0.0, 1.0].contains(d));
    if whole_steps && pairs.iter().all(|(before, after)| is_share(*before) && is_share(*after)) {
        let interval = newcombe_paired(table(pairs));
        let p = mcnemar_mid_p(raised as u64, lowered as u64);
        return PairedResult { interval, p, method: Method::McNemarNewcombe, ..bare };
    }
    let (interval, p) = bootstrap(&differences, seed);
    match (whole_steps, interval) {
        (true, _) => {
            let p = mcnemar_mid_p(raised as u64, lowered as u64);
            PairedResult { interval, p, method: Method::McNemarBootstrap, ..bare }
        }
        (false, Some(_)) => PairedResult { interval, p, method: Method::Bootstrap, ..bare },
        (false, None) => bare,
    }
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

fn table(pairs: &[(f64, f64)]) -> PairTable {
    let mut table = PairTable { both: 0.0, gained: 0.0, lost: 0.0, neither: 0.0 };
    for (before, after) in pairs {
        if after > before {
            table.gained += 1.0;
        } else if after < before {
            table.lost += 1.0;
        } else {
            table.both += before;
            table.neither += 1.0 - before;
        }
    }
    table
}

/// Interval and p of the mean difference.
fn bootstrap(differences: &[f64], seed: u64) -> (Option<Interval>, f64) {
    let (n, first) = (differences.len(), differences[0]);
    if n < 2 {
        return (None, 1.0);
    }
    if differences.iter().all(|d| *d == first) {
        return (Some(Interval { low: first, high: first }), two_sided_p(&vec![first; crate::DRAWS as usize], n));
    }
    let means = bootstrap_means(differences, seed);
    (percentile_interval(&means), two_sided_p(&means, n))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a missing interval fails the test")]
mod tests {
    use super::*;
    use crate::noise::Draw;

    /// Pairs of 0 and 1 from the four counts.
    fn binary(both: usize, gained: usize, lost: usize, neither: usize) -> Vec<(f64, f64)> {
        let some = |pair, n| std::iter::repeat_n(pair, n);
        some((1.0, 1.0), both)
            .chain(some((0.0, 1.0), gained))
            .chain(some((1.0, 0.0), lost))
            .chain(some((0.0, 0.0), neither))
            .collect()
    }

    #[test]
    fn zeros_and_ones_take_the_exact_way() {
        let found = paired(&binary(36, 12, 2, 0), 1);
        assert_eq!(found.method, Method::McNemarNewcombe);
        assert_eq!((found.n, found.raised, found.lowered), (50, 12, 2));
        assert!((found.mean_difference - 0.2).abs() < 1e-15);
        let interval = found.interval.unwrap();
        // The first row of the test of `newcombe_paired`.
        assert!((interval.low - 0.0569).abs() < 5e-5 && (interval.high - 0.3404).abs() < 5e-5, "{interval:?}");
        assert_eq!((found.better(Direction::Lower), found.worse(Direction::Lower)), (2, 12));
    }

    #[test]
    fn the_method_suits_the_data() {
        for (pairs, method) in [
            (vec![(0.5, 0.5), (0.0, 1.0)], Method::McNemarNewcombe),
            (vec![(3.0, 4.0), (2.0, 2.0), (5.0, 4.0)], Method::McNemarBootstrap),
            (vec![(0.0, 0.5), (0.5, 0.5)], Method::Bootstrap),
            (vec![(0.0, 0.5)], Method::None),
            (vec![(0.0, f64::NAN)], Method::None),
            (vec![], Method::None),
        ] {
            let found = paired(&pairs, 1);
            assert_eq!(found.method, method, "{pairs:?}");
            assert_eq!(found.interval.is_none(), method == Method::None, "{pairs:?}");
        }
    }

    #[test]
    fn few_equal_differences_are_no_proof() {
        for (n, p) in [(2, 0.5), (5, 0.0625), (20, 2.0 / 10_001.0)] {
            let found = paired(&vec![(0.5, 0.2); n], 1);
            assert_eq!(found.p, p, "{n}");
            assert_eq!(found.interval, Some(Interval { low: 0.2 - 0.5, high: 0.2 - 0.5 }));
        }
    }

    #[test]
    fn bootstrap_keeps_its_level() {
        let runs = 400;
        let rejected = (0..runs).filter(|run| {
            let draw = Draw::new(5, *run);
            let pairs: Vec<(f64, f64)> = (0..60).map(|i| (draw.unit(2 * i), draw.unit(2 * i + 1))).collect();
            paired(&pairs, *run).p < 0.05
        });
        let share = rejected.count() as f64 / runs as f64;
        assert!((0.02..=0.085).contains(&share), "{share}");
    }
}
