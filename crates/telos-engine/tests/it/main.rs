//! The engine against what others computed, against itself, and against broken files and requests.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod barrier;
mod configuration;
mod copy;
mod fixture;
mod gguf;
mod identity;
mod lm_eval;
mod models;
mod no_files;
mod same_bits;
mod weights;
