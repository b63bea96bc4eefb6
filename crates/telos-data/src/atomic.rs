//! Files that appear whole or not at all: written under a temporary name, flushed to the disk, then renamed.

use crate::DataError;
use crate::error::io_error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The name under which a file is written until it is complete: the final one with `.tmp` after it.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Flushes a complete temporary file to the disk and gives it its final name, replacing what was there.
pub(crate) fn publish(file: &File, temporary: &Path, path: &Path) -> Result<(), DataError> {
    file.sync_all().map_err(io_error("write", temporary))?;
    fs::rename(temporary, path).map_err(io_error("give its final name to", temporary))?;
    sync_folder(path)
}

/// Writes a whole file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let temporary = temporary(path);
    let mut file = File::create(&temporary).map_err(io_error("create", &temporary))?;
    let written = file.write_all(bytes).map_err(io_error("write", &temporary));
    let published = written.and_then(|()| publish(&file, &temporary, path));
    if published.is_err() {
        // The first error is the one to report; a leftover under a temporary name is harmless.
        let _ = fs::remove_file(&temporary);
    }
    published
}

/// Makes a rename durable, where the system lets a folder be flushed.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> Result<(), DataError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|f| f.sync_all()).map_err(io_error("write", folder))
}

/// Elsewhere a rename is as durable as the system makes it.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> Result<(), DataError> {
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of a test's own, removed with all that is in it.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("telos-data-{}-{n}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(crate) fn path(&self) -> &Path {
            &self.0
        }

        pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            path
        }

        /// The names in it, sorted.
        pub(crate) fn names(&self) -> Vec<String> {
            let mut names: Vec<_> =
                fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = Folder::new();
        let path = folder.file("x.json", "old");
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(folder.names(), ["x.json"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_old_file() {
        let folder = Folder::new();
        let path = folder.file("x.json", "old");
        std::os::unix::fs::symlink("/dev/full", temporary(&path)).unwrap();
        let error = write(&path, b"new").unwrap_err().to_string();
        assert!(error.contains("x.json.tmp: ") && error.contains("No space left"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.names(), ["x.json"]);
    }
}
