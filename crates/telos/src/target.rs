//! Where an output goes: what stands under its name is written to, and only a file is replaced.

use crate::failure::Failure;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Links that are followed at most, as many as Linux follows.
const LINKS: usize = 40;

/// What stands under the name of an output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file, or nothing yet: it is replaced as a whole.
    File(PathBuf),
    /// A pipe, a device or an open descriptor: it is written to.
    Stream(PathBuf),
    /// This process's standard output.
    Output,
    /// This process's standard error.
    Error,
}

/// Follows links to what an output really is. A folder, and a part of a record, are refused.
pub(crate) fn target(path: &Path) -> Result<Target, Failure> {
    let refuse = |why: &str| Failure::usage(format!("failed to write {}: {why}", path.display()));
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(refuse("it names a folder; expected a file"));
    }
    let mut at = path.to_path_buf();
    for _ in 0..=LINKS {
        match descriptor(&at) {
            Some((true, 1)) => return Ok(Target::Output),
            Some((true, 2)) => return Ok(Target::Error),
            Some(_) => return Ok(Target::Stream(at)),
            None => {}
        }
        let Some(name) = at.file_name() else { return Err(refuse("it names no file")) };
        match fs::symlink_metadata(&at) {
            Ok(found) if found.is_symlink() => {
                let to = fs::read_link(&at).map_err(|e| refuse(&e.to_string()))?;
                at = folder(&at).join(to);
            }
            Ok(found) if found.is_dir() => return Err(refuse("it is a folder; expected a file")),
            Ok(found) if !found.is_file() => return Ok(Target::Stream(at)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refuse(&error.to_string())),
            Ok(_) | Err(_) => {
                let part = name.to_str().is_some_and(telos_data::is_part_of_record);
                if part && telos_data::record_exists(folder(&at)) {
                    return Err(refuse(
                        "it is a part of a record, which nothing may be written over; name another file",
                    ));
                }
                return Ok(Target::File(at));
            }
        }
    }
    Err(refuse("its links lead in a circle"))
}

/// The folder that a file stands in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether a path names an open descriptor of a process, as `/dev/fd/63` does: whether it is this process's, and its number.
fn descriptor(path: &Path) -> Option<(bool, u32)> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let parent = fs::canonicalize(folder(path)).ok()?;
    let open = parent.starts_with("/proc") && parent.ends_with("fd");
    let own = Path::new("/proc").join(std::process::id().to_string());
    open.then(|| (parent.starts_with(own), number))
}
