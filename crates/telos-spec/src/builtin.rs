//! The goals and benchmarks that are compiled into the program.

use crate::files::EmbeddedFile;

/// Every file of `goals/` and of the benchmarks' own folders, as the build script finds them.
pub static BUILTIN: &[EmbeddedFile] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
