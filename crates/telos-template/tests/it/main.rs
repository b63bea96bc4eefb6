//! What templates give, and what hostile ones may not do.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod hostile;
mod json;
mod operators;
