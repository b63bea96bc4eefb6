//! Intervals, paired tests and verdicts: from numbers to what may be said of them.
//!
//! [`estimate`] gives a mean with its interval, [`paired`] a paired difference with interval and p-value, [`holm`] adjusts
//! p-values of a family, and [`regression`] makes a [`Verdict`] of all that. Each result names the method that gave it.
//!
//! Invariant: pure functions of `f64` without a dependency; no clock, no state, no source of randomness but counter-based
//! noise, so that equal input gives equal bits.

mod binary;
mod bootstrap;
mod estimate;
mod holm;
mod noise;
mod paired;
mod special;
mod verdict;

pub use binary::{PairTable, clopper_pearson, mcnemar_exact, mcnemar_mid_p, newcombe_paired, wilson};
pub use bootstrap::{DRAWS, bootstrap_means, cluster_bootstrap_means, percentile_interval, two_sided_p};
pub use estimate::{Estimate, Interval, Method, estimate, mean, mean_normal, mean_t, standard_error};
pub use holm::holm;
pub use paired::{PairedResult, paired};
pub use special::{inverse_regularised_beta, ln_gamma, normal_quantile, regularised_beta, t_quantile};
pub use verdict::{Direction, LEVEL, MARGIN, Verdict, regression, regression_within};

/// The coverage of every interval here.
pub const CONFIDENCE: f64 = 0.95;
