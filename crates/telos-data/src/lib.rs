//! Datasets in, record tables out: rows of JSON, JSON Lines, CSV, TSV and Parquet become [`telos_core::Item`]s, and what a run produced
//! becomes Parquet tables and a manifest that outside tools can rely on.
//!
//! Reading data: [`Source`], [`load`], [`subsample`]. Tables: [`TableWriter`], [`for_each_batch`], [`read_replies`] and its
//! like. The record as a whole: [`write_manifest`], [`StoredRecord`], [`read_record`], [`NewScores`], [`for_each_line`], [`EXPORTS`].
//!
//! Invariant: this is the only crate that names polars, and no type of it stands in a public signature; nothing here
//! knows what a benchmark, a model or a metric does, opens a socket or looks at the clock.

mod atomic;
mod checksum;
mod dataset;
mod error;
mod export;
mod guard;
mod items;
#[cfg(test)]
mod published;
mod record;
mod schema;
mod source;
mod stored;
mod subsample;
mod table;

pub use checksum::sha256_file;
pub use dataset::{Dataset, digest, load};
pub use error::{DataError, Place};
pub use export::{EXPORTS, Export, Line, export_jsonl, for_each_line};
pub use items::Items;
pub use record::{
    ITEMS, JOURNAL, MANIFEST, NewScores, REPLIES, SCORES, STEPS, TIMINGS, is_part_of_record, read_manifest,
    record_exists, write_manifest,
};
pub use schema::record_schema;
pub use source::{SOURCES, Source, SourceEntry, guess, source_shapes};
pub use stored::{StoredRecord, read_record};
pub use subsample::subsample;
pub use table::{Row, TableWriter, for_each_batch, read_items, read_replies, read_rows, read_scores, read_steps};
