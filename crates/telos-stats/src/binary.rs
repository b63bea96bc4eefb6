//! Data of 0 and 1: intervals of a share, and the paired table.

use crate::special::{inverse_regularised_beta, ln_gamma, normal_quantile};
use crate::{CONFIDENCE, Interval};
use std::f64::consts::LN_2;

/// Wilson's score interval (Wilson 1927) for `successes` of `n`; `successes` may be a fraction. None where n is 0.
pub fn wilson(successes: f64, n: f64) -> Option<Interval> {
    if n <= 0.0 {
        return None;
    }
    let z = normal_quantile(0.5 + CONFIDENCE / 2.0);
    let z2 = z * z;
    let p = successes / n;
    let centre = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    let scale = 1.0 + z2 / n;
    // At the ends of the range the exact bounds are 0 and 1; rounding may miss them.
    let low = if successes <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if successes >= n { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Some(Interval { low, high })
}

/// Clopper and Pearson's exact interval (1934) for `successes` of `n`, from quantiles of the beta distribution. None where n is 0.
pub fn clopper_pearson(successes: u64, n: u64) -> Option<Interval> {
    if n == 0 || successes > n {
        return None;
    }
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let (k, failures) = (successes as f64, (n - successes) as f64);
    let low = if successes == 0 { 0.0 } else { inverse_regularised_beta(k, failures + 1.0, tail) };
    let high = if successes == n { 1.0 } else { inverse_regularised_beta(k + 1.0, failures, 1.0 - tail) };
    Some(Interval { low, high })
}

/// P(X = k) of the binomial distribution with n trials and probability one half.
fn fair_binomial(k: u64, n: u64) -> f64 {
    let (k, n) = (k as f64, n as f64);
    (ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0) - n * LN_2).exp()
}

/// P(X ≤ k), likewise, summed from the smallest term.
fn fair_binomial_tail(k: u64, n: u64) -> f64 {
    (0..=k).map(|i| fair_binomial(i, n)).sum()
}

/// `McNemar`'s exact test, two-sided: `one` and `other` are the two counts of discordant pairs. p is twice the smaller tail, at
/// most 1; without discordant pairs it is 1.
pub fn mcnemar_exact(one: u64, other: u64) -> f64 {
    let n = one + other;
    if one == other {
        return 1.0;
    }
    (2.0 * fair_binomial_tail(one.min(other), n)).min(1.0)
}

/// `McNemar`'s test with the mid-p-value, two-sided (Fagerland, Lydersen and Laake 2013): the probability of more extreme splits
/// of the discordant pairs and half of that of equally extreme ones. Without discordant pairs it is 1.
pub fn mcnemar_mid_p(one: u64, other: u64) -> f64 {
    let n = one + other;
    if n == 0 {
        return 1.0;
    }
    let k = one.min(other);
    if one == other {
        return 1.0 - 0.5 * fair_binomial(k, n);
    }
    (2.0 * fair_binomial_tail(k, n) - fair_binomial(k, n)).clamp(0.0, 1.0)
}

/// Counts of pairs (after, before). A pair that agrees on a share v counts v times as both right and 1 − v times as both wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairTable {
    /// Both 1.
    pub both: f64,
    /// After 1, before 0.
    pub gained: f64,
    /// After 0, before 1.
    pub lost: f64,
    /// Both 0.
    pub neither: f64,
}

/// Newcombe's interval for the difference of paired proportions, p(after) − p(before): method 10 of Newcombe 1998 (Statistics
/// in Medicine 17, 2635–2650), from Wilson's intervals of both proportions and their correlation φ, whose estimate is corrected
/// for continuity. None where there is no pair.
pub fn newcombe_paired(table: PairTable) -> Option<Interval> {
    let PairTable { both: a, gained: b, lost: c, neither: d } = table;
    let n = a + b + c + d;
    let (after, before) = (wilson(a + b, n)?, wilson(a + c, n)?);
    let (p_after, p_before) = ((a + b) / n, (a + c) / n);
    let difference = (b - c) / n;
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    let cross = a * d - b * c;
    let corrected = if cross > 0.0 { (cross - n / 2.0).max(0.0) } else { cross };
    let phi = if margins > 0.0 { corrected / margins.sqrt() } else { 0.0 };
    let distance = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let low = difference - distance(p_after - after.low, before.high - p_before);
    let high = difference + distance(p_before - before.low, after.high - p_after);
    Some(Interval { low: low.max(-1.0), high: high.min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Draw;

    fn near(what: &str, got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance, "{what}: {got} and not {expected}");
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "n is not 0")]
    fn shares_agree_with_scipy_to_four_places() {
        // SciPy 1.17.1, rounded: binomtest(k, n).proportion_ci(method="wilson") and method="exact".
        for (k, n, wilson_low, wilson_high, exact_low, exact_high) in [
            (81, 263, 0.2553, 0.3662, 0.2527, 0.3676),
            (15, 148, 0.0624, 0.1605, 0.0578, 0.1617),
            (0, 20, 0.0000, 0.1611, 0.0000, 0.1684),
            (1, 29, 0.0061, 0.1718, 0.0009, 0.1776),
        ] {
            let (score, exact) =
                (wilson(f64::from(k), f64::from(n)).unwrap(), clopper_pearson(k as u64, n as u64).unwrap());
            let what = format!("{k} of {n}");
            for (got, expected) in
                [(score.low, wilson_low), (score.high, wilson_high), (exact.low, exact_low), (exact.high, exact_high)]
            {
                near(&what, got, expected, 5.1e-5);
            }
        }
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "n is not 0")]
    fn shares_agree_with_scipy() {
        // SciPy 1.17.1: binomtest(k, n).proportion_ci(method="wilson") and method="exact".
        for (k, n, expected) in [
            (0_u32, 10_u32, [0.0, 0.277_532_799_862_889_26, 0.0, 0.308_497_107_818_762_94]),
            (10, 10, [0.722_467_200_137_110_7, 1.0, 0.691_502_892_181_237_1, 1.0]),
            (5, 10, [0.236_593_090_512_564, 0.763_406_909_487_436_1, 0.187_086_028_447_404_5, 0.812_913_971_552_595_5]),
            (
                29,
                30,
                [0.833_296_090_085_908_3, 0.994_091_409_618_387_5, 0.827_830_544_366_587, 0.999_156_429_073_350_7],
            ),
            (
                30,
                60,
                [0.377_350_242_415_557_7, 0.622_649_757_584_442_3, 0.368_062_031_942_436_7, 0.631_937_968_057_563_3],
            ),
        ] {
            let (score, exact) =
                (wilson(f64::from(k), f64::from(n)).unwrap(), clopper_pearson(k.into(), n.into()).unwrap());
            for (got, expected) in [score.low, score.high, exact.low, exact.high].into_iter().zip(expected) {
                near(&format!("{k} of {n}"), got, expected, 1e-12);
            }
        }
    }

    #[test]
    fn mcnemar_agrees_with_scipy_to_four_places() {
        // SciPy 1.17.1, rounded: binomtest(1, 8).pvalue, and 2 * binom.cdf(1, 8, .5) - binom.pmf(1, 8, .5).
        near("exact", mcnemar_exact(1, 7), 0.0703, 5e-5);
        near("mid-p", mcnemar_mid_p(7, 1), 0.0391, 5e-5);
    }

    #[test]
    fn mcnemar_agrees_with_scipy() {
        // SciPy 1.17.1: binomtest(k, n).pvalue, and 2 * binom.cdf(k, n, .5) - binom.pmf(k, n, .5).
        for (one, other, exact, mid) in [
            (0, 1, 1.0, 0.5),
            (2, 0, 0.5, 0.25),
            (30, 0, 1.862_645_149_230_957e-9, 9.313_225_746_154_769e-10),
            (10, 25, 0.016_673_847_800_120_715, 0.011_330_984_183_587_134),
            (59, 6, 4.964_650_327_128_616e-12, 2.725_803_198_606_886_7e-12),
            (3, 12, 0.035_156_25, 0.021_270_751_953_125),
            (6, 16, 0.052_478_790_283_203_125, 0.034_689_664_840_698_24),
            (80, 121, 0.004_660_051_974_640_136, 0.003_808_622_600_903_987),
        ] {
            near(&format!("exact {one} {other}"), mcnemar_exact(one, other), exact, 1e-12 * exact);
            near(&format!("mid-p {one} {other}"), mcnemar_mid_p(one, other), mid, 1e-12);
        }
        assert_eq!(mcnemar_mid_p(0, 0), 1.0);
        assert_eq!(mcnemar_exact(5, 5), 1.0);
        // P(X = 5 of 10) is 252/1024; half of it goes.
        near("even split", mcnemar_mid_p(5, 5), 1.0 - 126.0 / 1024.0, 1e-12);
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "there are pairs")]
    fn paired_differences_agree_with_a_second_implementation() {
        for (both, gained, lost, neither, low, high) in [
            // The formula of method 10 written a second time, in Python on SciPy 1.17.1's normal quantile, and rounded. These
            // are not read off a publication; only the last row was also found in another package's tests (contingencytables).
            (36.0, 12.0, 2.0, 0.0, 0.0569, 0.3404),
            (54.0, 0.0, 0.0, 0.0, -0.0664, 0.0664),
            (14.0, 5.0, 0.0, 22.0, 0.0115, 0.2265),
            (1.0, 1.0, 7.0, 12.0, -0.5069, -0.0256),
            (59.0, 6.0, 16.0, 80.0, -0.1186, -0.0046),
        ] {
            let interval = newcombe_paired(PairTable { both, gained, lost, neither }).unwrap();
            near("low", interval.low, low, 5.1e-5);
            near("high", interval.high, high, 5.1e-5);
            // Exchanging the arms turns the interval round.
            let turned = newcombe_paired(PairTable { both, gained: lost, lost: gained, neither }).unwrap();
            near("turned", turned.low, -interval.high, 1e-15);
        }
        assert_eq!(newcombe_paired(PairTable { both: 0.0, gained: 0.0, lost: 0.0, neither: 0.0 }), None);
    }

    /// The share of `runs` simulated data sets for which `hit` holds.
    fn simulate(runs: u64, hit: impl Fn(Draw) -> bool) -> f64 {
        (0..runs).filter(|run| hit(Draw::new(20_240_229, *run))).count() as f64 / runs as f64
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "n is not 0")]
    fn intervals_of_shares_cover() {
        for (n, p) in [(30_u32, 0.5), (60, 0.1), (200, 0.9)] {
            let successes = |draw: Draw| (0..u64::from(n)).filter(|i| draw.unit(*i) < p).count() as u32;
            let covered = |interval: Interval| interval.low <= p && p <= interval.high;
            let score = simulate(4000, |draw| covered(wilson(f64::from(successes(draw)), f64::from(n)).unwrap()));
            let exact = simulate(4000, |draw| covered(clopper_pearson(successes(draw).into(), n.into()).unwrap()));
            assert!((0.93..=0.98).contains(&score), "Wilson covers {score} at n = {n}, p = {p}");
            assert!(exact >= 0.945, "Clopper–Pearson covers {exact} at n = {n}, p = {p}");
        }
    }

    #[test]
    #[expect(clippy::unwrap_used, reason = "there are pairs")]
    fn paired_methods_keep_their_level() {
        // Pairs that agree in 80 %; the others fall to either side alike: the difference is 0.
        let table = |draw: Draw| {
            let mut table = PairTable { both: 0.0, gained: 0.0, lost: 0.0, neither: 0.0 };
            for i in 0..100 {
                let cell = match draw.unit(i) {
                    u if u < 0.1 => &mut table.gained,
                    u if u < 0.2 => &mut table.lost,
                    u if u < 0.7 => &mut table.both,
                    _ => &mut table.neither,
                };
                *cell += 1.0;
            }
            table
        };
        let rejected = simulate(4000, |draw| {
            let table = table(draw);
            mcnemar_mid_p(table.gained as u64, table.lost as u64) < 0.05
        });
        assert!((0.03..=0.055).contains(&rejected), "mid-p rejects {rejected}");
        let covered = simulate(4000, |draw| {
            let interval = newcombe_paired(table(draw)).unwrap();
            interval.low <= 0.0 && 0.0 <= interval.high
        });
        assert!((0.94..=0.98).contains(&covered), "Newcombe covers {covered}");
    }
}
