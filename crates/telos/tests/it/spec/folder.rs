//! A folder of files that goes away with the test, and what lies around it.

use crate::catalogue::catalogue;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use telos_core::shape::Catalogue;
use telos_spec::{BUILTIN, Suite, Surroundings, load_suite};

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A temporary folder.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) catalogue: Catalogue,
}

impl Folder {
    /// A folder with these files in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let name = format!("telos-spec-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Self { path: std::env::temp_dir().join(name), catalogue: catalogue() };
        fs::create_dir_all(&folder.path).unwrap();
        for (path, content) in files {
            folder.write(path, content);
        }
        folder
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The cache folder is `cache`, the current folder `cwd`.
    pub(crate) fn around(&self) -> Surroundings<'_> {
        Surroundings {
            catalogue: &self.catalogue,
            cache_dir: self.path.join("cache"),
            working_dir: self.path.join("cwd"),
            builtin: BUILTIN,
        }
    }

    /// Loads `suite.yaml`; diagnostics as text, with the folder's name taken out.
    pub(crate) fn load(&self, sets: &[&str], limit: Option<usize>) -> Result<Suite, Vec<String>> {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        load_suite(&self.path.join("suite.yaml"), &sets, limit, &self.around()).map_err(|all| self.texts(&all))
    }

    /// Diagnostics as text, with the folder's name taken out.
    pub(crate) fn texts(&self, all: &[telos_spec::Diagnostic]) -> Vec<String> {
        let folder = format!("{}/", self.path.display());
        all.iter().map(|d| d.to_string().replace(&folder, "")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in the system's temporary folder harms no test.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The folder `shared` beside the repository, where there is one.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    path.is_dir().then_some(path)
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
