//! A mean and how well it is known.

use crate::CONFIDENCE;
use crate::binary::wilson;
use crate::bootstrap::{bootstrap_means, cluster_bootstrap_means, cluster_totals, percentile_interval};
use crate::interval::Interval;
use crate::special::{normal_quantile, t_quantile};
use std::fmt;

/// What gave an interval and, where there is one, a p-value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Wilson's score interval.
    Wilson,
    /// The percentile bootstrap over items.
    Bootstrap,
    /// The percentile bootstrap over clusters of items.
    ClusterBootstrap,
    /// `McNemar`'s mid-p and Newcombe's paired score interval.
    McNemarNewcombe,
    /// `McNemar`'s mid-p and the percentile bootstrap over items.
    McNemarBootstrap,
    /// Student's t on the standard error over clusters of items.
    ClusterT,
    /// Too little data for an interval.
    None,
}

impl Method {
    /// The name in records and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::Bootstrap => "bootstrap",
            Self::ClusterBootstrap => "cluster bootstrap",
            Self::McNemarNewcombe => "mcnemar mid-p, newcombe",
            Self::McNemarBootstrap => "mcnemar mid-p, bootstrap",
            Self::ClusterT => "clustered t",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How many items.
    pub n: usize,
    /// The mean over items; NaN where there is none.
    pub mean: f64,
    /// The interval; none where there is too little data for one.
    pub interval: Option<Interval>,
    /// What gave the interval.
    pub method: Method,
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard error of the mean, s/√n with the divisor n − 1 in s; none below two values.
pub fn standard_error(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let centre = mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt())
}

/// The interval mean ± z · s/√n; none below two values.
pub fn mean_normal(values: &[f64]) -> Option<Interval> {
    around(mean(values), normal_quantile(0.5 + CONFIDENCE / 2.0) * standard_error(values)?)
}

/// The interval mean ± t · s/√n, t with n − 1 degrees of freedom; none below two values.
pub fn mean_t(values: &[f64]) -> Option<Interval> {
    let error = standard_error(values)?;
    around(mean(values), t_quantile(0.5 + CONFIDENCE / 2.0, values.len() as f64 - 1.0) * error)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends two functions that return an option")]
fn around(centre: f64, half: f64) -> Option<Interval> {
    Some(Interval { low: centre - half, high: centre + half })
}

/// The mean over items with the interval that suits the data: Wilson's where all values are 0 or 1 and no clusters are given,
/// else the percentile bootstrap, over clusters where they are given. There is no interval from a single item (or cluster), nor
/// where a value is not finite. Where all values are equal, the bootstrap's interval is that point.
///
/// `clusters`, where given, names the cluster of each value and is as long as `values`.
pub fn estimate(values: &[f64], clusters: Option<&[u32]>, seed: u64) -> Estimate {
    let n = values.len();
    let mean = mean(values);
    let none = Estimate { n, mean, interval: None, method: Method::None };
    if n == 0 || !values.iter().all(|v| v.is_finite()) {
        return none;
    }
    let (units, method) = match clusters {
        Some(clusters) => (cluster_totals(values, clusters).len(), Method::ClusterBootstrap),
        None if values.iter().all(|v| *v == 0.0 || *v == 1.0) => {
            return Estimate { interval: wilson(values.iter().sum(), n as f64), method: Method::Wilson, ..none };
        }
        None => (n, Method::Bootstrap),
    };
    if units < 2 {
        return none;
    }
    if values.iter().all(|v| *v == values[0]) {
        return Estimate { n, mean: values[0], interval: Some(Interval { low: values[0], high: values[0] }), method };
    }
    let means = match clusters {
        Some(clusters) => cluster_bootstrap_means(values, clusters, seed),
        None => bootstrap_means(values, seed),
    };
    Estimate { interval: percentile_interval(&means), method, ..none }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a missing interval fails the test")]
mod tests {
    use super::*;
    use crate::noise::Draw;

    #[test]
    fn the_method_suits_the_data() {
        for (values, clusters, method) in [
            (vec![0.0, 1.0, 1.0], None, Method::Wilson),
            (vec![1.0], None, Method::Wilson),
            (vec![0.0, 0.5, 1.0], None, Method::Bootstrap),
            (vec![0.0, 1.0, 1.0], Some(vec![1, 1, 2]), Method::ClusterBootstrap),
            (vec![0.0, 1.0], Some(vec![1, 1]), Method::None),
            (vec![0.5], None, Method::None),
            (vec![0.5, f64::INFINITY], None, Method::None),
            (vec![], None, Method::None),
        ] {
            let found = estimate(&values, clusters.as_deref(), 1);
            assert_eq!(found.method, method, "{values:?}");
            assert_eq!(found.interval.is_none(), method == Method::None, "{values:?}");
            assert_eq!(found.n, values.len());
        }
    }

    #[test]
    fn equal_values_are_a_point() {
        let found = estimate(&[0.1; 10], None, 1);
        assert_eq!((found.mean, found.interval), (0.1, Some(Interval { low: 0.1, high: 0.1 })));
    }

    #[test]
    fn student_and_normal_agree_with_scipy() {
        // SciPy 1.17.1: t.interval(.95, 9, loc=mean, scale=sem) of 0 to 9, and norm.interval.
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        let (t, z) = (mean_t(&values).unwrap(), mean_normal(&values).unwrap());
        for (got, expected) in [
            (t.low, 2.334_149_410_331_831),
            (t.high, 6.665_850_589_668_169),
            (z.low, 2.623_477_350_975_228),
            (z.high, 6.376_522_649_024_772),
        ] {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
        assert_eq!(mean_t(&[1.0]), None);
    }

    #[test]
    fn bootstrap_covers() {
        // Squares of uniform numbers: skewed, mean 1/3.
        let covered = (0..400).filter(|run| {
            let draw = Draw::new(99, *run);
            let values: Vec<f64> = (0..60).map(|i| draw.unit(i).powi(2)).collect();
            let interval = estimate(&values, None, *run).interval.unwrap();
            interval.low <= 1.0 / 3.0 && 1.0 / 3.0 <= interval.high
        });
        let share = covered.count() as f64 / 400.0;
        assert!((0.91..=0.98).contains(&share), "{share}");
    }
}
