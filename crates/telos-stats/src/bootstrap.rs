//! The percentile bootstrap (Efron 1979) over items or over clusters of items, with counter-based noise.

use crate::noise::Draw;
use crate::{CONFIDENCE, Interval};

/// Resamples of every bootstrap.
pub const DRAWS: u64 = 10_000;

/// The means of [`DRAWS`] resamples of the items, ascending. Empty where there are no values.
pub fn bootstrap_means(values: &[f64], seed: u64) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    let n = values.len();
    sorted(|draw| (0..n as u64).map(|position| values[draw.index(position, n)]).sum::<f64>() / n as f64, seed)
}

/// The means of [`DRAWS`] resamples of whole clusters, ascending: as many clusters are drawn as there are, and the mean is
/// over all items of the drawn ones. `clusters` names the cluster of each value. Empty where there are no values.
pub fn cluster_bootstrap_means(values: &[f64], clusters: &[u32], seed: u64) -> Vec<f64> {
    let totals = cluster_totals(values, clusters);
    if totals.is_empty() {
        return Vec::new();
    }
    let n = totals.len();
    let one = |draw: Draw| {
        let (sum, count) = (0..n as u64).fold((0.0, 0.0), |(sum, count), position| {
            let (s, c) = totals[draw.index(position, n)];
            (sum + s, count + c)
        });
        sum / count
    };
    sorted(one, seed)
}

/// (sum, count) of each cluster, in the order of its first value.
pub(crate) fn cluster_totals(values: &[f64], clusters: &[u32]) -> Vec<(f64, f64)> {
    let mut places = std::collections::HashMap::new();
    let mut totals: Vec<(f64, f64)> = Vec::new();
    for (value, cluster) in values.iter().zip(clusters) {
        let place = *places.entry(*cluster).or_insert_with(|| {
            totals.push((0.0, 0.0));
            totals.len() - 1
        });
        totals[place].0 += value;
        totals[place].1 += 1.0;
    }
    totals
}

fn sorted(one: impl Fn(Draw) -> f64, seed: u64) -> Vec<f64> {
    let mut means: Vec<f64> = (0..DRAWS).map(|draw| one(Draw::new(seed, draw))).collect();
    means.sort_unstable_by(f64::total_cmp);
    means
}

/// The percentile interval of ascending resampled statistics, quantiles interpolated linearly (type 7 of Hyndman and Fan 1996).
/// None where there are none.
pub fn percentile_interval(ascending: &[f64]) -> Option<Interval> {
    let last = ascending.len().checked_sub(1)?;
    let quantile = |p: f64| {
        let place = p * last as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(last);
        ascending[below] + (place - below as f64) * (ascending[above] - ascending[below])
    };
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Some(Interval { low: quantile(tail), high: quantile(1.0 - tail) })
}

/// The two-sided p-value for a difference of 0 from B resampled differences of `n` independent units:
///
/// p = min(1, max(2 · (1 + min(#{d* ≤ 0}, #{d* ≥ 0})) / (B + 1), 2^(1−n)))
///
/// The 1 counts the observed data among the resamples (Davison and Hinkley 1997, 4.2), so p is never 0. The second term is the
/// least that any test by signs of n differences can give: without it a resample of two equal differences would seem certain.
pub fn two_sided_p(resampled: &[f64], n: usize) -> f64 {
    let at_most = resampled.iter().filter(|d| **d <= 0.0).count();
    let at_least = resampled.iter().filter(|d| **d >= 0.0).count();
    let tail = (1 + at_most.min(at_least)) as f64 / (resampled.len() + 1) as f64;
    (2.0 * tail).max(0.5_f64.powi(n as i32 - 1)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_input_gives_equal_bits() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        assert_eq!(bootstrap_means(&values, 7), bootstrap_means(&values, 7));
        assert_ne!(bootstrap_means(&values, 7), bootstrap_means(&values, 8));
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "there are values")]
    fn spread_is_that_of_the_theory() {
        // The bootstrap distribution of a mean has the standard deviation s/√n with divisor n: here √(8.25/10).
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let means = bootstrap_means(&values, 1);
        let mean = means.iter().sum::<f64>() / DRAWS as f64;
        let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / DRAWS as f64;
        // Four standard errors of room on both.
        assert!((mean - 4.5).abs() < 4.0 * (0.825_f64 / DRAWS as f64).sqrt(), "{mean}");
        assert!((variance - 0.825).abs() < 0.05, "{variance}");
        let interval = percentile_interval(&means).unwrap();
        // SciPy 1.17.1, bootstrap(method="percentile", n_resamples=200_000): 2.7 and 6.3.
        assert!((interval.low - 2.7).abs() <= 0.1 && (interval.high - 6.3).abs() <= 0.1, "{interval:?}");
    }

    #[test]
    fn clusters_of_one_are_items() {
        let values = [0.5, 0.25, 1.0, 0.0, 0.75];
        assert_eq!(cluster_bootstrap_means(&values, &[9, 3, 4, 1, 7], 5), bootstrap_means(&values, 5));
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "there are values")]
    fn copies_within_clusters_add_no_knowledge() {
        let values: Vec<f64> = (0..20).map(|i| f64::from(i % 2)).collect();
        let copies: Vec<f64> = values.iter().flat_map(|v| [*v; 5]).collect();
        let clusters: Vec<u32> = (0..20).flat_map(|i| [i; 5]).collect();
        let width = |means: &[f64]| percentile_interval(means).map(|i| i.high - i.low).unwrap();
        let (few, many) = (width(&bootstrap_means(&values, 2)), width(&bootstrap_means(&copies, 2)));
        let clustered = width(&cluster_bootstrap_means(&copies, &clusters, 2));
        assert!((clustered - few).abs() < 1e-12, "{clustered} {few}");
        assert!(many < 0.6 * few, "{many} {few}");
    }

    #[test]
    fn p_counts_the_observed_data() {
        let resampled = |below: usize, above: usize| [vec![-1.0; below], vec![1.0; above]].concat();
        for (below, above, n, p) in [
            (0, 9999, 60, 2.0 / 10_000.0),
            (99, 9900, 60, 0.02),
            (5000, 4999, 60, 1.0),
            (0, 9999, 2, 0.5),
            (0, 9999, 1, 1.0),
            (9999, 0, 6, 0.03125),
        ] {
            assert_eq!(two_sided_p(&resampled(below, above), n), p, "{below} {above} {n}");
        }
        assert_eq!(two_sided_p(&[0.0; 10], 10), 1.0);
    }
}
