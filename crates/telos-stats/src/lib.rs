//! Intervals, paired tests and verdicts: from numbers to what may be said of them.
//!
//! [`aggregate`] makes one number of a metric's items, by a table of kinds. [`estimate`] gives a mean with its interval, [`paired`] a paired difference with interval and p-value, [`holm`] adjusts
//! p-values of a family, and [`regression`] makes a [`Verdict`] of all that. Each result names the method that gave it.
//!
//! Invariant: pure functions of `f64`, with no dependency but the vocabulary; no clock, no state, no source of randomness but counter-based
//! noise, so that equal input gives equal bits.

pub mod aggregate;
mod binary;
mod bootstrap;
mod direction;
mod estimate;
mod holm;
mod interval;
mod noise;
mod paired;
mod special;
mod verdict;

pub use binary::{PairTable, clopper_pearson, mcnemar_exact, mcnemar_mid_p, newcombe_paired, wilson};
pub use bootstrap::{DRAWS, bootstrap_means, cluster_bootstrap_means, percentile_interval, two_sided_p};
pub use direction::Direction;
pub use estimate::{Estimate, Method, estimate, mean, mean_normal, mean_t, standard_error};
pub use holm::holm;
pub use interval::Interval;
pub use paired::{PairedResult, paired};
pub use special::{inverse_regularised_beta, ln_gamma, normal_quantile, regularised_beta, t_quantile, t_two_sided_p};
pub use verdict::{LEVEL, MARGIN, Verdict, regression, regression_within};

/// The coverage of every interval here.
pub const CONFIDENCE: f64 = 0.95;
