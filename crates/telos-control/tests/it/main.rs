//! Controllers on toy models: whole texts, driven without tensors.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod constraints;
mod laws;
mod oracle;
mod reference;
mod statistics;
mod toy;
