//! What lies around a file that is read.

use crate::files::EmbeddedFile;
use std::path::PathBuf;
use telos_core::shape::Catalogue;

/// What lies around a file that is read.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// Everything that can stand where a file says `kind`.
    pub catalogue: &'a Catalogue,
    /// Where `cache:` paths lie.
    pub cache_dir: PathBuf,
    /// Where relative paths of the command line start.
    pub working_dir: PathBuf,
    /// Goals and benchmarks that are compiled in; see [`crate::BUILTIN`].
    pub builtin: &'a [EmbeddedFile],
}
