//! Scores held against those that others gave for the same log-likelihoods and texts.

#![expect(clippy::print_stderr, reason = "a skipped test must be seen")]
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod ifeval;
mod lm_eval;
