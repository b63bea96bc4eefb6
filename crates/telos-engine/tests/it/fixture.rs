//! Where models and expectations lie, and how a model is asked in the words of the probe protocol.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use telos_core::request::rebase;
use telos_core::{Model, ModelRef, Models, Outcome, Request, Weights, answer_all};
use telos_engine::{LocalModels, Options};

/// A file or folder that comes with the crate.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A file or folder of the goldens beside the repository; says so where there are none.
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    found(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/goldens").join(name))
}

/// SmolLM2 in the cache folder; says so where it is not there.
pub(crate) fn smollm2() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("TELOS_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("telos")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/telos")))?;
    found(cache.join("models/SmolLM2-135M-Instruct.Q4_1.gguf"))
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn found(path: PathBuf) -> Option<PathBuf> {
    let there = path.exists();
    if !there {
        eprintln!("skipped: there is no {}", path.display());
    }
    there.then_some(path)
}

/// Settings of two threads and no cache.
pub(crate) fn options() -> Options {
    Options::new(2, std::env::temp_dir())
}

/// The model in a folder or file, with the models that it must not outlive.
pub(crate) struct Opened {
    pub(crate) models: Arc<LocalModels>,
    pub(crate) name: ModelRef,
    pub(crate) model: Arc<dyn Model>,
}

impl Opened {
    pub(crate) fn new(path: &Path) -> Self {
        Self::with(path, options())
    }

    pub(crate) fn with(path: &Path, options: Options) -> Self {
        let models = LocalModels::new(options);
        let name = ModelRef::Local { path: path.to_path_buf() };
        let model = models.open(&name, Weights::Load).expect("the model opens");
        Self { models, name, model }
    }

    /// Replies to requests in JSON, an error as `{"error": {"kind", "message"}}`.
    pub(crate) fn ask(&self, requests: &[Value]) -> Vec<Value> {
        let requests: Vec<Request> = requests.iter().map(request).collect();
        self.outcomes(&requests).into_iter().map(in_json).collect()
    }

    /// Replies, in the order of the requests; each must come exactly once. A request that names a model is asked of that one.
    pub(crate) fn outcomes(&self, requests: &[Request]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; requests.len()];
        let mut asked: Vec<&Option<ModelRef>> = requests.iter().map(|request| &request.model).collect();
        asked.sort_by_key(|model| model.as_ref().map(ToString::to_string));
        asked.dedup();
        for whom in asked {
            let named = whom.as_ref().map(|named| self.models.open(named, Weights::Load).expect("the model opens"));
            let places: Vec<usize> = (0..requests.len()).filter(|place| requests[*place].model == *whom).collect();
            let theirs: Vec<Request> = places.iter().map(|place| requests[*place].clone()).collect();
            let model = named.as_ref().unwrap_or(&self.model);
            answer_all(model.as_ref(), &theirs, &mut |place, outcome| {
                let place = places[place];
                assert!(outcomes[place].replace(outcome).is_none(), "request {place} was answered twice");
            });
        }
        outcomes.into_iter().map(|outcome| outcome.expect("every request is answered")).collect()
    }
}

/// Reads one request.
pub(crate) fn request(json: &Value) -> Request {
    Request::from_json(json).unwrap_or_else(|e| panic!("{json} is no request: {e}"))
}

/// An outcome as the probe writes it.
pub(crate) fn in_json(outcome: Outcome) -> Value {
    match outcome {
        Ok(reply) => reply.to_json(),
        Err(e) => json!({"error": {"kind": e.kind.as_str(), "message": e.message}}),
    }
}

/// One JSON value.
pub(crate) fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// JSON Lines; relative paths of models become relative to the file.
pub(crate) fn read_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let folder = path.parent().expect("a file lies in a folder");
    let read = |line: &str| {
        let mut value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        rebase(&mut value, folder, telos_control::KINDS);
        value
    };
    text.split('\n').filter(|line| !line.is_empty()).map(read).collect()
}

/// The list under a key.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list `{key}` in {value}"))
}

/// The largest distance of two numbers, or of two lists of as many numbers; infinite where they are anything else.
pub(crate) fn distance(a: &Value, b: &Value) -> f64 {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).map(|(a, b)| distance(a, b)).fold(0.0, f64::max)
        }
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs(),
            _ => f64::INFINITY,
        },
        _ => f64::INFINITY,
    }
}

/// Fails with all differences at once.
pub(crate) fn none(differences: &[String]) {
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
