//! A line's place in an export.

/// Lines that are put together at a time.
pub(super) const CHUNK: usize = 1024;

/// A line's place in the export: arms and benchmarks as they stand in the suite, items as in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) arm: u32,
    pub(super) benchmark: u32,
    pub(super) item: u32,
    pub(super) repeat: u32,
}
