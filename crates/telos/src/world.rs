//! The wiring: which tables there are, where the cache lies, how the engine computes.

use crate::catalogue::catalogue;
use crate::failure::Failure;
use crate::machine;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use telos_core::Gates;
use telos_core::shape::Catalogue;
use telos_engine::{LocalModels, Options};
use telos_spec::suite::Suite;
use telos_spec::{BUILTIN, Diagnostic, Registry, Surroundings, load_gates, load_registry, load_suite};

/// What commands share.
pub(crate) struct World {
    catalogue: Catalogue,
    cache_dir: PathBuf,
    working_dir: PathBuf,
    threads: usize,
    quiet: bool,
}

impl World {
    /// Looks at the environment. A quiet world keeps to itself what is odd about a model but no mistake.
    pub(crate) fn new(quiet: bool) -> Result<Self, Failure> {
        let working_dir =
            std::env::current_dir().map_err(|e| Failure::usage(format!("failed to find the current folder: {e}")))?;
        Ok(Self { catalogue: catalogue(), cache_dir: cache_dir(), working_dir, threads: threads()?, quiet })
    }

    /// What files are checked against.
    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            catalogue: &self.catalogue,
            cache_dir: self.cache_dir.clone(),
            working_dir: self.working_dir.clone(),
            builtin: BUILTIN,
        }
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The engine.
    pub(crate) fn models(&self) -> Arc<LocalModels> {
        let quiet = self.quiet;
        let tell = move |note: &str| {
            if !quiet {
                crate::progress::say(&format!("note: {note}"));
            }
        };
        LocalModels::telling(self.options(), Box::new(tell))
    }

    fn options(&self) -> Options {
        Options::new(self.threads, self.cache_dir.clone())
    }

    /// Reads and checks a suite.
    pub(crate) fn suite(&self, path: &Path, sets: &[String], limit: Option<usize>) -> Result<Suite, Failure> {
        load_suite(path, sets, limit, &self.surroundings()).map_err(|diagnostics| mistakes(&diagnostics))
    }

    /// Reads and checks the registry, with a user's folders laid over it.
    pub(crate) fn registry(&self, folders: &[PathBuf]) -> Result<Registry, Failure> {
        let (registry, diagnostics) = load_registry(folders, &self.surroundings());
        if diagnostics.is_empty() { Ok(registry) } else { Err(mistakes(&diagnostics)) }
    }

    /// Reads and checks a file of rules.
    pub(crate) fn gates(&self, path: &Path) -> Result<Gates, Failure> {
        load_gates(path, &self.surroundings()).map_err(|diagnostics| mistakes(&diagnostics))
    }

    /// What a record says of how it was computed.
    pub(crate) fn environment(&self) -> Map<String, Value> {
        let options = self.options();
        let value = json!({
            "telos": env!("CARGO_PKG_VERSION"),
            "threads": options.threads,
            "dtype": "f32",
            "batch_rows": options.batch_rows,
            "system": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "processor": machine::processor(),
            "cores": std::thread::available_parallelism().map_or(1, usize::from),
            "libraries": machine::versions(),
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// All mistakes of a file or a registry, as one failure.
pub(crate) fn mistakes(diagnostics: &[Diagnostic]) -> Failure {
    let lines = telos_spec::listing(diagnostics);
    let nothing = !diagnostics.is_empty() && diagnostics.iter().all(|d| d.message.starts_with("nothing would run"));
    Failure { message: lines.join("\n"), code: if nothing { crate::exit::NOTHING } else { crate::exit::USAGE } }
}

/// `$TELOS_CACHE`, else `$XDG_CACHE_HOME/telos`, else `~/.cache/telos`.
fn cache_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("TELOS_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("telos")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/telos")))
        .unwrap_or_else(|| PathBuf::from(".cache/telos"))
}

/// Threads at most: more than any machine has cores, and few enough for a system to give.
const THREADS: usize = 512;

/// `$TELOS_THREADS`, else the number of cores.
fn threads() -> Result<usize, Failure> {
    match std::env::var("TELOS_THREADS") {
        Err(std::env::VarError::NotPresent) => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        Err(std::env::VarError::NotUnicode(text)) => {
            Err(Failure::usage(format!("TELOS_THREADS is `{}`: expected a number of threads", text.display())))
        }
        Ok(text) => match text.parse() {
            Ok(threads) if (1..=THREADS).contains(&threads) => Ok(threads),
            _ => Err(Failure::usage(format!(
                "TELOS_THREADS is `{text}`: expected a number of threads from 1 to {THREADS}; without it there is one for each core"
            ))),
        },
    }
}

/// The time as RFC 3339, in UTC, to the second.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| jiff::Timestamp::now()).to_string()
}
