//! Two measurements of the same items: how much they differ and whether that may be chance.

use crate::binary::{PairTable, mcnemar_mid_p, newcombe_paired};
use crate::bootstrap::{bootstrap_means, cluster_totals, percentile_interval, two_sided_p};
use crate::special::{t_quantile, t_two_sided_p};
use crate::{CONFIDENCE, Direction, Interval, Method, mean};

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
    /// Pairs whose value rose and pairs whose value fell; none where single items have no value of the metric.
    pub sides: Option<(usize, usize)>,
    /// Pairs that differ; of a metric without a value an item, what is drawn as a whole and differs.
    pub changed: usize,
}

impl PairedResult {
    /// Pairs that became better.
    pub fn better(&self, direction: Direction) -> Option<usize> {
        self.sides.map(|(raised, lowered)| match direction {
            Direction::Higher => raised,
            Direction::Lower => lowered,
        })
    }

    /// Pairs that became worse.
    pub fn worse(&self, direction: Direction) -> Option<usize> {
        self.better(direction).map(|better| self.changed - better)
    }
}

/// Compares pairs (before, after) of the same items.
///
/// Where every difference is −1, 0 or 1, p is `McNemar`'s mid-p, and the interval is Newcombe's paired score interval (the
/// bootstrap's where values lie outside [0, 1], which that interval is not made for). Else both come from the bootstrap over
/// items: the percentile interval, and p as [`two_sided_p`] defines it. Where all differences are equal, the bootstrap's interval
/// is that point. A single pair, or a value that is not finite, gives no bootstrap, hence no interval and p = 1.
///
/// Where `clusters` names the cluster of each pair and some cluster has several, pairs of one cluster are not independent, and
/// both come from the mean's cluster-robust standard error (Liang and Zeger 1986; Miller 2024, "Adding error bars to evals",
/// equation 4, here with the factor C/(C − 1) for C clusters) and Student's t with C − 1 degrees of freedom:
///
/// se² = C/(C − 1) · Σ over clusters of (Σ over its pairs of (d − mean of d))² / n²
///
/// Where no pair differs from another, the data do not show how far they scatter: values in [0, 1] then have Newcombe's interval
/// for as many pairs as there are clusters, others that point; p is 2^(1−C), and 1 where nothing changed. A single cluster gives
/// neither.
pub fn paired(pairs: &[(f64, f64)], clusters: Option<&[u32]>, seed: u64) -> PairedResult {
    let differences: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
    let raised = differences.iter().filter(|d| **d > 0.0).count();
    let lowered = differences.iter().filter(|d| **d < 0.0).count();
    let n = pairs.len();
    let mean_difference = mean(&differences);
    let (sides, changed) = (Some((raised, lowered)), raised + lowered);
    let bare = PairedResult { n, mean_difference, interval: None, p: 1.0, method: Method::None, sides, changed };
    if n == 0 || !differences.iter().all(|d| d.is_finite()) {
        return bare;
    }
    if let Some(clusters) = clusters {
        let totals = cluster_totals(&differences, clusters);
        if totals.len() < n {
            return by_cluster(pairs, &differences, &totals, bare);
        }
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

/// Interval and p from (sum, count) of the differences of each cluster.
fn by_cluster(pairs: &[(f64, f64)], differences: &[f64], totals: &[(f64, f64)], bare: PairedResult) -> PairedResult {
    let (n, c, centre) = (bare.n as f64, totals.len() as f64, bare.mean_difference);
    if totals.len() < 2 {
        return bare;
    }
    let alike = differences.iter().all(|d| *d == differences[0]);
    let squares: f64 = totals.iter().map(|(sum, count)| (sum - centre * count).powi(2)).sum();
    let error = (c / (c - 1.0) * squares).sqrt() / n;
    if alike || error == 0.0 {
        let share = pairs.iter().all(|(before, after)| is_share(*before) && is_share(*after));
        let steps = differences.iter().all(|d| [-1.0, 0.0, 1.0].contains(d));
        let p = if bare.changed == 0 { 1.0 } else { 0.5_f64.powi(totals.len() as i32 - 1) };
        let interval = if share && steps {
            let PairTable { both, gained, lost, neither } = table(pairs);
            let scale = c / n;
            let fewer =
                PairTable { both: both * scale, gained: gained * scale, lost: lost * scale, neither: neither * scale };
            newcombe_paired(fewer)
        } else {
            Some(Interval { low: centre, high: centre })
        };
        return PairedResult { interval, p, method: Method::ClusterT, ..bare };
    }
    let half = t_quantile(0.5 + CONFIDENCE / 2.0, c - 1.0) * error;
    let interval = Some(Interval { low: centre - half, high: centre + half });
    PairedResult { interval, p: t_two_sided_p(centre / error, c - 1.0), method: Method::ClusterT, ..bare }
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
        let found = paired(&binary(36, 12, 2, 0), None, 1);
        assert_eq!(found.method, Method::McNemarNewcombe);
        assert_eq!((found.n, found.sides, found.changed), (50, Some((12, 2)), 14));
        assert!((found.mean_difference - 0.2).abs() < 1e-15);
        let interval = found.interval.unwrap();
        // The first row of the test of `newcombe_paired`.
        assert!((interval.low - 0.0569).abs() < 5e-5 && (interval.high - 0.3404).abs() < 5e-5, "{interval:?}");
        assert_eq!((found.better(Direction::Lower), found.worse(Direction::Lower)), (Some(2), Some(12)));
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
            let found = paired(&pairs, None, 1);
            assert_eq!(found.method, method, "{pairs:?}");
            assert_eq!(found.interval.is_none(), method == Method::None, "{pairs:?}");
        }
    }

    #[test]
    fn few_equal_differences_are_no_proof() {
        for (n, p) in [(2, 0.5), (5, 0.0625), (20, 2.0 / 10_001.0)] {
            let found = paired(&vec![(0.5, 0.2); n], None, 1);
            assert_eq!(found.p, p, "{n}");
            assert_eq!(found.interval, Some(Interval { low: 0.2 - 0.5, high: 0.2 - 0.5 }));
        }
    }

    #[test]
    fn clusters_have_the_published_standard_error() {
        // Three clusters of unequal size. By hand, with the factor
        // (n − 1)/(n − k) taken out: C/(C − 1) · Σ (Σ (d − mean))² / n².
        let differences = [0.5, 0.1, 0.3, -0.2, 0.0, 0.4];
        let pairs: Vec<(f64, f64)> = differences.iter().map(|d| (0.25, 0.25 + d)).collect();
        let found = paired(&pairs, Some(&[7, 7, 8, 9, 9, 9]), 1);
        let mean: f64 = 1.1 / 6.0;
        let error = (1.5_f64
            * ((0.6_f64 - 2.0 * mean).powi(2) + (0.3_f64 - mean).powi(2) + (0.2_f64 - 3.0 * mean).powi(2)))
        .sqrt()
            / 6.0;
        let interval = found.interval.unwrap();
        // With 2 degrees of freedom p = 1 − t/√(2 + t²), so that the quantile 0.975 is 0.95 √(2 / (1 − 0.95²)).
        let quantile = 0.95 * (2.0_f64 / (1.0 - 0.95 * 0.95)).sqrt();
        assert!((interval.high - (mean + quantile * error)).abs() < 1e-12, "{interval:?}");
        let t = mean / error;
        assert!((found.p - (1.0 - t / (2.0 + t * t).sqrt())).abs() < 1e-12, "{}", found.p);
        assert_eq!((found.n, found.changed, found.method), (6, 5, Method::ClusterT));
        // Clusters of one are items.
        assert_eq!(paired(&pairs, Some(&[1, 2, 3, 4, 5, 6]), 1), paired(&pairs, None, 1));
        // One cluster tells nothing of how clusters scatter.
        let one = paired(&pairs, Some(&[1; 6]), 1);
        assert_eq!((one.interval, one.p, one.method), (None, 1.0, Method::None));
    }

    #[test]
    fn clusters_without_a_change_are_no_proof() {
        let clusters: Vec<u32> = (0..60).map(|i| i / 10).collect();
        let same = paired(&vec![(1.0, 1.0); 60], Some(&clusters), 1);
        // As for six items, not sixty.
        let six = newcombe_paired(PairTable { both: 6.0, gained: 0.0, lost: 0.0, neither: 0.0 });
        assert_eq!((same.p, same.interval), (1.0, six));
        let lost = paired(&vec![(1.0, 0.0); 60], Some(&clusters), 1);
        assert_eq!((lost.p, lost.sides), (0.03125, Some((0, 60))));
    }

    #[test]
    fn clusters_keep_level_and_coverage() {
        // Twenty clusters of ten pairs; differences have variance 1, of which `icc` is shared within a cluster.
        for (icc, clusters) in [(0.0, 20_u32), (0.3, 20), (0.7, 20), (0.3, 8)] {
            let (mut covered, mut rejected, mut naive) = (0, 0, 0);
            let runs = 600;
            for run in 0..runs {
                let draw = Draw::new(17, run);
                let normal = |i: u64| crate::normal_quantile(draw.unit(i).clamp(1e-12, 1.0 - 1e-12));
                let of: Vec<u32> = (0..clusters).flat_map(|c| [c; 10]).collect();
                let pairs: Vec<(f64, f64)> = (0..)
                    .zip(&of)
                    .map(|(i, c)| {
                        let shared = normal(1_000_000 + u64::from(*c)) * f64::sqrt(icc);
                        (0.0, shared + normal(i) * f64::sqrt(1.0 - icc))
                    })
                    .collect();
                let found = paired(&pairs, Some(&of), run);
                covered += i32::from(found.interval.is_some_and(|i| i.low <= 0.0 && 0.0 <= i.high));
                rejected += i32::from(found.p < 0.05);
                let differences: Vec<f64> = pairs.iter().map(|(_, d)| *d).collect();
                naive += i32::from(crate::mean_t(&differences).is_some_and(|i| i.low > 0.0 || i.high < 0.0));
            }
            let share = |n: i32| f64::from(n) / runs as f64;
            // Three standard errors of 0.95 in 600 runs are 0.027.
            assert!((0.923..=0.977).contains(&share(covered)), "icc {icc}: {}", share(covered));
            assert!((0.023..=0.077).contains(&share(rejected)), "icc {icc}: {}", share(rejected));
            // What ignoring them would do.
            assert!(icc < 0.1 || share(naive) > 0.2, "icc {icc}: {}", share(naive));
        }
    }

    #[test]
    fn bootstrap_keeps_its_level() {
        let runs = 400;
        let rejected = (0..runs).filter(|run| {
            let draw = Draw::new(5, *run);
            let pairs: Vec<(f64, f64)> = (0..60).map(|i| (draw.unit(2 * i), draw.unit(2 * i + 1))).collect();
            paired(&pairs, None, *run).p < 0.05
        });
        let share = rejected.count() as f64 / runs as f64;
        assert!((0.02..=0.085).contains(&share), "{share}");
    }
}
