//! A folder to type commands in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A temporary folder, gone with the guard.
pub(crate) struct Place(pub(crate) PathBuf);

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let name = format!("telos-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&place.0).expect("a folder");
        place
    }

    /// A folder with the fixture models `llama` and `roberta-cls` in `models`.
    pub(crate) fn with_models() -> Self {
        let place = Self::new();
        for model in ["llama", "roberta-cls"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../telos-engine/tests/fixtures/models").join(model);
            for file in fs::read_dir(from).expect("the fixtures of the engine") {
                let file = file.expect("a file");
                place.make(&format!("models/{model}/{}", file.file_name().display()), |to| {
                    fs::copy(file.path(), to).expect("a copy");
                });
            }
        }
        place
    }

    fn make(&self, path: &str, make: impl FnOnce(&Path)) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        make(&path);
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.make(path, |path| fs::write(path, text).expect("a file"));
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect("a file")
    }

    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(path)).expect("JSON")
    }

    /// A command in this folder, nothing on its standard input.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telos"));
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null()).env("TELOS_CACHE", self.0.join("cache"));
        command
    }

    /// Runs a command to its end.
    pub(crate) fn telos(&self, arguments: &[&str]) -> Done {
        let output = self.command(arguments).output().expect("the program");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs a command that must succeed, and gives its output.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let done = self.telos(arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {done:?}");
        done.out
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed stays in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
