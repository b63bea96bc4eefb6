//! Scores held against those that lm-evaluation-harness gave for the same log-likelihoods.

#![expect(clippy::print_stderr, reason = "a skipped test must be seen")]
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod lm_eval;
