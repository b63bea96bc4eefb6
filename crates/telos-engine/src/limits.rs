//! The most that a model's files can make the program do, each with its reason.
//!
//! Beyond these, nothing that a file says is trusted for an allocation before it was held against the file's own size: counts,
//! lengths, offsets and extents are checked while the header is read, and tensors against the header before any is unpacked.

/// Bytes of `config.json`, `generation_config.json`, `tokenizer_config.json` and the like. They have some kilobytes; the
/// largest, the index of shards, has 100 for each tensor, and no model has 100,000 tensors.
pub(crate) const CONFIG_BYTES: u64 = 16 << 20;

/// Bytes of a `tokenizer.json` or a chat template. The largest known vocabularies, of 260,000 entries, make some 35 million.
pub(crate) const TEXT_BYTES: u64 = 128 << 20;

/// Bytes of a safetensors header: the format's own limit.
pub(crate) const SAFETENSORS_HEADER_BYTES: usize = 100_000_000;

/// Extents of a GGUF tensor: the format's own limit (`GGML_MAX_DIMS`).
pub(crate) const GGUF_EXTENTS: usize = 4;

/// How deep GGUF's arrays may lie in arrays. Known files have none in others; the reader recurses once for each.
pub(crate) const GGUF_NESTING: usize = 4;

/// Any extent that a configuration names: sizes, heads, layers, entries of the vocabulary. Known ones are under 2^21, and
/// sums of products of two of these still fit 64 bits, so that shapes can be computed before they are compared.
pub(crate) const EXTENT: u64 = 1 << 30;

/// Positions. Only what a text uses is ever allocated, so the limit is where sums of a position and a length would wrap.
pub(crate) const POSITIONS: u64 = 1 << 60;

/// Labels that a number alone makes (`num_labels`), as each gets a name of its own. Those that are written out are bounded by
/// the file that they are written in.
pub(crate) const LABELS: u64 = 1 << 20;

/// From how many bytes of weights on it is said that they are hashed, which takes a second for each one or two thousand
/// million.
pub(crate) const HASHED_SILENTLY: u64 = 8 << 30;

/// How many times as long a tokenizer's normaliser or decoder may make a text by replacing. Known ones replace a blank by the
/// three bytes of U+2581 and quotes by others: under 50 together.
pub(crate) const TEXT_GROWTH: u64 = 1000;
