//! Where local models are opened, each once.

use crate::builtin::BuiltinModel;
use crate::causal::Causal;
use crate::classify::{Classifier, RewardModel};
use crate::family::config::Config;
use crate::family::llama::{GgufNames, gguf_config};
use crate::family::{self, Body};
use crate::home::Home;
use crate::local::{Engine, Local, MarginConstraint, Opener};
use crate::notes::{Notes, Tell};
use crate::pool::Pool;
use crate::text::side::TextSide;
use crate::weights::Tensors;
use crate::weights::folder::Files;
use crate::weights::gguf::Gguf;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use telos_core::control::{ConstraintKind, ConstraintSpec};
use telos_core::model::in_cache;
use telos_core::{Constraint, ErrorKind, Model, ModelCard, ModelError, ModelRef, Models, RequestError, Weights};

/// How the engine computes. Replies do not depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Threads, 1 or more.
    pub threads: usize,
    /// Rows of a decoder's batch at most, 1 or more.
    pub batch_rows: usize,
    /// Texts that are generated at the same time at most, 1 or more.
    pub running: usize,
    /// Tokens of a classifier's batch at most, 1 or more.
    pub classifier_tokens: usize,
    /// The folder that `cache:` stands for.
    pub cache_dir: PathBuf,
}

impl Options {
    /// Settings that suit a small machine: batches whose rows fit its cache.
    pub fn new(threads: usize, cache_dir: PathBuf) -> Self {
        Self { threads, batch_rows: 512, running: 64, classifier_tokens: 1024, cache_dir }
    }
}

/// What a model has computed, for tests and benchmarks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rows that a decoder computed: one for each token of each distinct prefix.
    pub rows: u64,
}

type Key = (PathBuf, bool);

/// The local models that are open.
pub struct LocalModels {
    options: Options,
    pool: Arc<Pool>,
    open: Mutex<HashMap<Key, Arc<Local>>>,
    constraints: Mutex<HashMap<ConstraintSpec, Arc<dyn Constraint>>>,
    notes: Notes,
    own: Weak<Self>,
}

impl std::fmt::Debug for LocalModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalModels").field("options", &self.options).finish_non_exhaustive()
    }
}

impl LocalModels {
    /// No models yet, and nobody to tell of what is odd about them.
    pub fn new(options: Options) -> Arc<Self> {
        Self::telling(options, Box::new(|_| {}))
    }

    /// No models yet; `tell` hears once of each thing that is odd about a model's files but no mistake.
    pub fn telling(options: Options, tell: Box<Tell>) -> Arc<Self> {
        let pool = Arc::new(Pool::new(options.threads));
        let (open, constraints, notes) = (Mutex::default(), Mutex::default(), Notes::new(tell));
        Arc::new_cyclic(|own| Self { options, pool, open, constraints, notes, own: own.clone() })
    }

    /// What the model computed so far; zero for one that is not open.
    pub fn counters(&self, model: &ModelRef) -> Counters {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let local = self.path(model).ok().and_then(|path| open.get(&(path, true)));
        match local.map(|local| &local.engine) {
            Some(Engine::Causal(causal)) => Counters { rows: causal.rows() },
            _ => Counters::default(),
        }
    }

    fn path(&self, model: &ModelRef) -> Result<PathBuf, String> {
        match model {
            ModelRef::Local { path } => {
                let placed = in_cache(path, &self.options.cache_dir);
                if placed.exists() {
                    return Ok(placed.canonicalize().unwrap_or(placed));
                }
                Err(if placed == *path {
                    "there is no such folder or file; a model is a folder with config.json, model*.safetensors and \
                     tokenizer.json, or a .gguf file"
                        .to_owned()
                } else {
                    format!(
                        "there is no {}: put the model's file there (benchmarks/models has scripts)",
                        placed.display()
                    )
                })
            }
            // A name that is no path of a file; it is only a key.
            ModelRef::Builtin { name } => BuiltinModel::find(name).map(|_| PathBuf::from(model.to_string())),
            ModelRef::Hub { .. } => {
                Err("models from a hub are not there yet; download it and name the folder or the .gguf file".into())
            }
            ModelRef::Server { .. } => Err("servers are not there yet; name a folder or a .gguf file".into()),
        }
    }

    fn local(&self, model: &ModelRef, weights: Weights) -> Result<Arc<Local>, ModelError> {
        let fail = |message: String| ModelError { model: model.to_string(), message };
        let path = self.path(model).map_err(fail)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (path, weights == Weights::Load);
        if let Some(local) = open.get(&key) {
            return Ok(local.clone());
        }
        let local = Arc::new(self.read(model, &key.0, weights).map_err(fail)?);
        open.insert(key, local.clone());
        Ok(local)
    }

    fn read(&self, model: &ModelRef, path: &Path, weights: Weights) -> Result<Local, String> {
        match model {
            ModelRef::Builtin { name } => self.read_home(model, Home::Builtin(BuiltinModel::find(name)?), weights),
            _ if path.is_dir() => self.read_home(model, Home::Folder(path), weights),
            _ => self.read_gguf(model, path, weights),
        }
    }

    fn read_home(&self, model: &ModelRef, home: Home<'_>, weights: Weights) -> Result<Local, String> {
        let config = home.json("config.json")?.map(Config).ok_or_else(|| {
            format!("there is no config.json in {}: a model folder is in the Hugging Face layout", home.name())
        })?;
        let generation = home.json("generation_config.json")?.map(Config);
        // An architecture that is not supported is the first thing to say, whatever else is missing.
        family::find(config.architecture()?)?;
        let text = TextSide::open(home)?;
        let eos = generation.as_ref().and_then(Config::eos).or_else(|| config.eos());
        if weights == Weights::Skip {
            return self.assemble(model, &config, text, eos, None);
        }
        let files = Files::of(home)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(telos_core::digest::canonical_json(&config.0.clone().into()).as_bytes());
        files.hash(&mut hasher);
        let mut tensors = files.tensors()?;
        self.assemble(model, &config, text, eos, Some((hasher.finalize(), &mut tensors)))
    }

    fn read_gguf(&self, model: &ModelRef, path: &Path, weights: Weights) -> Result<Local, String> {
        if path.extension().is_none_or(|e| e != "gguf") {
            return Err(format!("{} is neither a folder nor a .gguf file", path.display()));
        }
        let file = Gguf::open(path)?;
        let config = gguf_config(&file)?;
        let text = crate::text::gguf::text_side(&file)?;
        let eos = config.eos();
        if weights == Weights::Skip {
            return self.assemble(model, &config, text, eos, None);
        }
        let hash = blake3::hash(file.bytes());
        let (query_heads, heads) = (config.whole("num_attention_heads")?, config.whole("num_key_value_heads")?);
        let factors = (&file).has("rope_freqs.weight");
        let mut tensors = GgufNames { file: &file, query_heads, heads, factors };
        self.assemble(model, &config, text, eos, Some((hash, &mut tensors)))
    }

    /// Puts a model together from what its files say.
    fn assemble(
        &self,
        model: &ModelRef,
        config: &Config,
        mut text: TextSide,
        eos: Option<Vec<u32>>,
        weights: Option<(blake3::Hash, &mut dyn Tensors)>,
    ) -> Result<Local, String> {
        let family = family::find(config.architecture()?)?;
        let outline = (family.outline)(config)?;
        if text.size() > outline.vocabulary {
            return Err(format!(
                "the tokenizer has {} entries and the embedding {}: they are not of the same model",
                text.size(),
                outline.vocabulary
            ));
        }
        text.covers = outline.causal;
        for note in &text.notes {
            self.notes.say(note);
        }
        // A configuration may name beginning and end where the tokenizer's own file does not.
        let named = |key: &str| {
            let id = config.whole_or_none(key)? as u32;
            text.token_text(id).map(|text| crate::text::side::Special { id, text })
        };
        let (bos, end) = (named("bos_token_id"), eos.as_ref().and_then(|ids| ids.first().copied()));
        text.bos = text.bos.take().or(bos);
        text.eos = text
            .eos
            .take()
            .or_else(|| end.and_then(|id| text.token_text(id).map(|text| crate::text::side::Special { id, text })));
        let eos = eos.or_else(|| text.eos.as_ref().map(|eos| vec![eos.id])).unwrap_or_default();
        let (hash, engine) = match weights {
            None => (None, Engine::None),
            Some((hash, tensors)) => {
                (Some(hash.to_hex().to_string()), self.engine((family.build)(config, tensors)?, eos))
            }
        };
        let card = ModelCard {
            architecture: family.architecture.to_owned(),
            weights: hash,
            tokenizer: text.hash.clone(),
            template: text.template.as_ref().map(|template| template.hash.clone()),
            max_length: outline.max_length,
            labels: outline.labels,
            causal: outline.causal,
        };
        Ok(Local { name: model.clone(), card, text, engine, opener: self.own.clone() })
    }

    fn engine(&self, body: Body, eos: Vec<u32>) -> Engine {
        let Options { batch_rows, running, classifier_tokens, .. } = self.options;
        let pool = self.pool.clone();
        match body {
            Body::Causal(decoder) => Engine::Causal(Causal::new(decoder, pool, batch_rows, running, eos)),
            Body::Reward(decoder) => Engine::Reward(RewardModel::new(decoder, pool, batch_rows)),
            Body::Classifier(encoder) => Engine::Classifier(Classifier::new(encoder, pool, classifier_tokens)),
        }
    }

    /// What computes a constraint, opened once.
    fn open_constraint(&self, spec: &ConstraintSpec) -> Result<Arc<dyn Constraint>, RequestError> {
        // The id is a name only: the same constraint under two ids is one.
        let spec = ConstraintSpec { id: None, ..spec.clone() };
        if let Some(known) = self.constraints.lock().unwrap_or_else(PoisonError::into_inner).get(&spec) {
            return Ok(known.clone());
        }
        let ConstraintKind::ClassifierMargin(margin) = &spec.kind;
        let model = self
            .local(&margin.model, Weights::Load)
            .map_err(|e| RequestError::new(ErrorKind::Model, format!("failed to open the constraint's model: {e}")))?;
        let opened: Arc<dyn Constraint> = Arc::new(MarginConstraint::new(&spec, model)?);
        self.constraints.lock().unwrap_or_else(PoisonError::into_inner).insert(spec, opened.clone());
        Ok(opened)
    }
}

impl Opener for LocalModels {
    fn model(&self, model: &ModelRef) -> Result<Arc<dyn Model>, ModelError> {
        self.open(model, Weights::Load)
    }

    fn constraint(&self, spec: &ConstraintSpec) -> Result<Arc<dyn Constraint>, RequestError> {
        self.open_constraint(spec)
    }
}

impl Models for LocalModels {
    fn open(&self, model: &ModelRef, weights: Weights) -> Result<Arc<dyn Model>, ModelError> {
        self.local(model, weights).map(|local| local as Arc<dyn Model>)
    }
}
