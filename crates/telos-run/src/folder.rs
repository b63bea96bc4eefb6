//! The record's folder while a run writes it: one process at a time, known to be writable before any model loads.

use crate::error::{RunError, io_error};
use crate::journal::JOURNAL;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Its lock is the operating system's, so that a killed process leaves none; the file itself means nothing.
const LOCK: &str = "lock";

/// A folder that this process alone writes to.
pub(crate) struct Folder {
    pub path: PathBuf,
    lock: Option<File>,
    created: bool,
}

impl Folder {
    /// Takes a folder for a run. Without `resume`, one that holds a record already is refused.
    pub(crate) fn claim(path: &Path, resume: bool) -> Result<Self, RunError> {
        let refuse = || if resume || !holds_record(path) { Ok(()) } else { Err(RunError::Exists(path.to_path_buf())) };
        refuse()?;
        let created = !path.exists();
        std::fs::create_dir_all(path).map_err(io_error("create the folder", path))?;
        let folder = Self { path: path.to_path_buf(), lock: Some(lock(path)?), created };
        // Another process may have begun and ended a record since the first look.
        refuse()?;
        Ok(folder)
    }

    /// Takes the folder of a record that is there.
    pub(crate) fn of_record(path: &Path) -> Result<Self, RunError> {
        Ok(Self { path: path.to_path_buf(), lock: Some(lock(path)?), created: false })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover lock file or empty folder does no harm, so nothing depends on these.
        let _ = std::fs::remove_file(self.path.join(LOCK));
        if self.created {
            let _ = std::fs::remove_dir(&self.path);
        }
        drop(self.lock.take());
    }
}

fn holds_record(path: &Path) -> bool {
    telos_data::record_exists(path) || path.join(JOURNAL).exists()
}

fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(LOCK);
    loop {
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(io_error("write into the folder", folder))?;
        match file.try_lock() {
            // Whoever held it may have removed the file in between; a lock on a file without a name excludes nobody.
            Ok(()) if path.exists() => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RunError::Locked(folder.to_path_buf())),
            Err(TryLockError::Error(cause)) => return Err(io_error("lock the folder", folder)(cause)),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::testing::folder;

    #[test]
    fn one_process_at_a_time() {
        let path = folder("lock").join("new");
        let first = Folder::claim(&path, false).unwrap();
        assert!(matches!(Folder::claim(&path, true), Err(RunError::Locked(_))));
        drop(first);
        assert!(!path.exists(), "an empty folder that was made for nothing is gone again");
        drop(Folder::claim(&path, true).unwrap());
    }

    #[test]
    fn a_record_is_refused_without_resume() {
        let path = folder("exists");
        std::fs::write(path.join("notes.txt"), "mine").unwrap();
        drop(Folder::claim(&path, false).unwrap());
        std::fs::write(path.join(JOURNAL), "").unwrap();
        assert!(matches!(Folder::claim(&path, false), Err(RunError::Exists(_))));
        assert!(Folder::claim(&path, true).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_the_users_to_mend() {
        let file = folder("unwritable").join("file");
        std::fs::write(&file, "").unwrap();
        let error = Folder::claim(&file.join("below"), false).err().unwrap();
        assert!(error.is_input() && error.to_string().contains("create the folder"), "{error}");
    }
}
