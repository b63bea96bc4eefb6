//! Copies of fixtures to spoil, and what must be said of them.

use crate::fixture::{fixture, options};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use telos_core::{ModelRef, Models, Weights};
use telos_engine::{LocalModels, OpenError};

/// A copy of a fixture's folder that goes away at the end.
pub(crate) struct Copy(pub(crate) PathBuf);

impl Copy {
    pub(crate) fn of(model: &str, name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("telos-bad-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        for entry in fs::read_dir(fixture("models").join(model)).expect("the fixture") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("copied");
        }
        Self(folder)
    }

    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let path = self.0.join(file);
        fs::write(&path, change(fs::read(&path).expect("read"))).expect("written");
    }

    pub(crate) fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.0.join(file), bytes).expect("written");
    }

    pub(crate) fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&fs::read(self.0.join(file)).expect("read")).expect("JSON")
    }

    pub(crate) fn edit_json(&self, file: &str, change: impl FnOnce(&mut Value)) {
        self.edit(file, |bytes| {
            let mut value = serde_json::from_slice(&bytes).expect("JSON");
            change(&mut value);
            value.to_string().into_bytes()
        });
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Opening must fail and say all of `parts`.
pub(crate) fn check(model: &ModelRef, parts: &[&str]) {
    let error = LocalModels::new(options()).open(model, Weights::Load).err();
    let error = error.unwrap_or_else(|| panic!("it opens, where {parts:?} was expected")).to_string();
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

pub(crate) fn check_path(path: &Path, parts: &[&str]) {
    check(&ModelRef::Local { path: path.to_path_buf() }, parts);
}

/// Why the model in a folder or file does not open.
pub(crate) fn refused(path: &Path) -> OpenError {
    let model = ModelRef::Local { path: path.to_path_buf() };
    let error = LocalModels::new(options()).open_local(&model, Weights::Load).err();
    error.unwrap_or_else(|| panic!("{} opens", path.display()))
}
