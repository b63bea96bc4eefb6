//! Local models: weights, tokenizers, chat templates, a decoder and an encoder, and the trie of token prefixes.
//!
//! [`LocalModels`] opens models by name and hands them out as [`telos_core::Model`]. A model's requests become paths in a
//! trie of token prefixes; every distinct prefix is computed once, in packed batches without padding, and a row's bits do not
//! depend on what shares its batch, on the batch's size or on the number of threads.
//!
//! Invariant: no evaluator, no benchmark and no record is known here, and nothing is fetched from a network.

mod attention;
mod builtin;
mod causal;
mod classify;
mod decoded;
mod decoder;
mod encoder;
mod error;
mod family;
mod file;
mod generate;
mod home;
mod kernel;
mod kv;
mod limits;
mod local;
mod local_models;
#[cfg(test)]
mod lock_tests;
mod needs;
mod notes;
mod pool;
mod rope;
mod running;

mod text;
mod trajectory;
mod walk;
mod weights;

pub use builtin::{BUILTIN_MODELS, BuiltinModel};
pub use error::OpenError;
pub use family::architectures;
pub use local_models::{Counters, LocalModels, Options};
pub use notes::Tell;
pub use weights::FORMATS;
