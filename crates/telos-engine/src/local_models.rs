//! Where local models are opened, each once.

use crate::builtin::BuiltinModel;
use crate::causal::Causal;
use crate::classify::{Classifier, RewardModel};
use crate::error::OpenError;
use crate::family;
use crate::family::config::Config;
use crate::family::entry::{Body, Family, Outline};
use crate::family::llama_gguf::{self, GgufNames, gguf_config};
use crate::home::Home;
use crate::limits;
use crate::local::{Engine, Local, Opener};
use crate::notes::{Notes, Tell};
use crate::pool::Pool;
use crate::text::side::{Special, TextSide};
use crate::weights::folder::Files;
use crate::weights::gguf::Gguf;
use crate::weights::survey::Survey;
use crate::weights::tensors::Tensors;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use telos_core::digest::canonical_json;
use telos_core::model::in_cache;
use telos_core::{
    Constraint, ConstraintSpec, ErrorKind, Model, ModelCard, ModelError, ModelRef, Models, RequestError, Weights,
};

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

type Key = (PathBuf, Weights);

/// The local models that are open.
pub struct LocalModels {
    options: Options,
    pool: Arc<Pool>,
    open: Mutex<HashMap<Key, Arc<Local>>>,
    /// By what tells constraints apart.
    constraints: Mutex<HashMap<String, Arc<dyn Constraint>>>,
    /// What models read texts with: a model that was opened to plan is asked with the very same tokenizer, and no second one is in
    /// memory.
    texts: Mutex<HashMap<PathBuf, Arc<TextSide>>>,
    /// Rows that models computed before they were let go.
    closed: Mutex<HashMap<ModelRef, u64>>,
    notes: Notes,
    own: Weak<Self>,
}

/// A model's text side: the one that it was opened with before, or one that is new.
enum Text {
    Known(Arc<TextSide>),
    New(Box<TextSide>),
}

/// What a model's files say, before its weights are read.
struct Opened<'a> {
    model: &'a ModelRef,
    config: &'a Config,
    family: &'static Family,
    outline: Outline,
    path: &'a Path,
    text: Text,
    eos: Option<Vec<u32>>,
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
        let (open, constraints, texts) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (closed, notes) = (Mutex::default(), Notes::new(tell));
        Arc::new_cyclic(|own| Self { options, pool, open, constraints, texts, closed, notes, own: own.clone() })
    }

    /// Opens a model, or hands out the one that is open already. The error says of which kind it is: not supported, broken,
    /// missing, not of one model.
    pub fn open_local(&self, model: &ModelRef, weights: Weights) -> Result<Arc<dyn Model>, OpenError> {
        self.local(model, weights).map(|local| local as Arc<dyn Model>)
    }

    /// What the model computed so far; zero for one that was never open.
    pub fn counters(&self, model: &ModelRef) -> Counters {
        let before = self.closed.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied().unwrap_or(0);
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let local = self.path(model).ok().and_then(|path| open.get(&(path, Weights::Load)));
        match local.map(|local| &local.engine) {
            Some(Engine::Causal(causal)) => Counters { rows: before + causal.rows() },
            _ => Counters { rows: before },
        }
    }

    fn path(&self, model: &ModelRef) -> Result<PathBuf, OpenError> {
        match model {
            ModelRef::Local { path } => {
                let placed = in_cache(path, &self.options.cache_dir);
                if placed.exists() {
                    return Ok(placed.canonicalize().unwrap_or(placed));
                }
                Err(OpenError::Missing(if placed.is_symlink() {
                    format!("the link {} leads nowhere, or to itself", placed.display())
                } else if placed == *path {
                    "there is no such folder or file; a model is a folder with config.json, model.safetensors and \
                     tokenizer.json, or a .gguf file"
                        .to_owned()
                } else {
                    format!(
                        "there is no {}: put the model's file there (benchmarks/models has scripts)",
                        placed.display()
                    )
                }))
            }
            // A name that is no path of a file; it is only a key.
            ModelRef::Builtin { name } => BuiltinModel::find(name).map(|_| PathBuf::from(model.to_string())),
            ModelRef::Hub { .. } => Err(OpenError::Missing(
                "models from a hub are not there yet; download it and name the folder or the .gguf file".into(),
            )),
            ModelRef::Server { .. } => {
                Err(OpenError::Missing("servers are not there yet; name a folder or a .gguf file".into()))
            }
        }
    }

    /// Opens a model, with the reason in its kind where it cannot.
    pub(crate) fn local(&self, model: &ModelRef, weights: Weights) -> Result<Arc<Local>, OpenError> {
        let path = self.path(model)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (path, weights);
        if let Some(local) = open.get(&key) {
            return Ok(local.clone());
        }
        let local = Arc::new(self.read(model, &key.0, weights)?);
        open.insert(key, local.clone());
        Ok(local)
    }

    fn read(&self, model: &ModelRef, path: &Path, weights: Weights) -> Result<Local, OpenError> {
        match model {
            ModelRef::Builtin { name } => {
                self.read_home(model, (path, Home::Builtin(BuiltinModel::find(name)?)), weights)
            }
            _ if path.is_dir() => self.read_home(model, (path, Home::Folder(path)), weights),
            _ => self.read_gguf(model, path, weights),
        }
    }

    /// The text side that a model was opened with before, or else the one that `read` gives.
    fn text(&self, path: &Path, read: impl FnOnce() -> Result<TextSide, OpenError>) -> Result<Text, OpenError> {
        let known = self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        known.map_or_else(|| Ok(Text::New(Box::new(read()?))), |known| Ok(Text::Known(known)))
    }

    fn read_home(
        &self,
        model: &ModelRef,
        (path, home): (&Path, Home<'_>),
        weights: Weights,
    ) -> Result<Local, OpenError> {
        let configuration = |name: &str| Ok(home.json(name)?.map(|map| Config { map, file: home.shown(name) }));
        let config = configuration("config.json")?.ok_or_else(|| {
            OpenError::Missing(format!(
                "there is no config.json in {}: a model folder is in the Hugging Face layout",
                home.name()
            ))
        })?;
        let generation: Option<Config> = configuration("generation_config.json")?;
        // An architecture that is not supported is the first thing to say, whatever else is missing.
        let family = family::find(config.architecture()?)?;
        let outline = (family.outline)(&config)?;
        let text = self.text(path, || {
            let mut text = TextSide::open(home)?;
            text.hash = home.text_hash(&text.hash)?;
            Ok(text)
        })?;
        let stated = config.eos(outline.vocabulary)?;
        let generated = generation.as_ref().map(|generation| generation.eos(outline.vocabulary)).transpose()?;
        let eos = generated.flatten().or(stated);
        let opened = Opened { model, config: &config, family, outline, path, text, eos };
        if weights == Weights::Skip {
            return self.assemble(opened, None);
        }
        let files = Files::of(home)?;
        self.survey(&opened, &files)?;
        let mut hasher = blake3::Hasher::new();
        for config in [Some(&config), generation.as_ref()].into_iter().flatten() {
            hasher.update(canonical_json(&config.map.clone().into()).as_bytes());
        }
        self.say_that_it_takes_time(&home.name(), files.size());
        files.hash(&mut hasher);
        self.assemble(opened, Some((hasher.finalize(), (weights == Weights::Load).then_some(&files as &dyn Tensors))))
    }

    fn read_gguf(&self, model: &ModelRef, path: &Path, weights: Weights) -> Result<Local, OpenError> {
        if path.extension().is_none_or(|e| e != "gguf") {
            return Err(OpenError::Missing(format!("{} is neither a folder nor a .gguf file", path.display())));
        }
        let file = Gguf::open(path)?;
        let config = gguf_config(&file)?;
        let family = family::find(config.architecture()?)?;
        let outline = (family.outline)(&config)?;
        for key in llama_gguf::unread(&file) {
            self.notes.say(&format!("{}: `{key}` is not known here and is ignored", file.shown));
        }
        let text = self.text(path, || crate::text::gguf::text_side(&file))?;
        let eos = config.eos(outline.vocabulary)?;
        let opened = Opened { model, config: &config, family, outline, path, text, eos };
        if weights == Weights::Skip {
            return self.assemble(opened, None);
        }
        let (query_heads, heads) = (config.extent("num_attention_heads")?, config.extent("num_key_value_heads")?);
        let tensors = GgufNames { file: &file, query_heads, heads };
        self.survey(&opened, &tensors)?;
        self.say_that_it_takes_time(&file.shown, file.bytes().len() as u64);
        let kept = (weights == Weights::Load).then_some(&tensors as &dyn Tensors);
        self.assemble(opened, Some((blake3::hash(file.bytes()), kept)))
    }

    /// Holds everything that the family reads against the header, before a byte of the weights is hashed or unpacked.
    fn survey(&self, opened: &Opened<'_>, tensors: &dyn Tensors) -> Result<(), OpenError> {
        let Opened { config, family, .. } = opened;
        let survey = Survey::new(tensors);
        (family.build)(config, &survey)?;
        let (harmless, unread): (Vec<String>, Vec<String>) =
            survey.unread().into_iter().partition(|tensor| family.ignores(tensor));
        if let Some(first) = unread.first() {
            let many = unread.len();
            let others = if many > 1 { format!(" and {} others", many - 1) } else { String::new() };
            return Err(OpenError::Mismatch(format!(
                "{} of {}: nobody would read tensor `{first}`{others}; the configuration ({} layers) is not of these \
                 weights, or they are of a model that is not supported",
                opened.model,
                family.architecture,
                config.extent("num_hidden_layers")?,
            )));
        }
        if let Some(first) = harmless.first() {
            let others =
                if harmless.len() > 1 { format!(" and {} like it", harmless.len() - 1) } else { String::new() };
            self.notes.say(&format!("{}: tensor `{first}`{others} changes nothing and is ignored", opened.model));
        }
        survey.reserve()
    }

    fn say_that_it_takes_time(&self, name: &str, bytes: u64) {
        if bytes >= limits::HASHED_SILENTLY {
            self.notes.say(&format!("{name}: hashing and unpacking {} GB of weights", bytes / 1_000_000_000));
        }
    }

    /// Completes a text side by what the configuration says, and keeps it.
    fn keep_text(
        &self,
        path: &Path,
        (config, outline): (&Config, &Outline),
        mut text: TextSide,
        eos: Option<&[u32]>,
    ) -> Result<Arc<TextSide>, OpenError> {
        if text.size() > outline.vocabulary {
            return Err(OpenError::Mismatch(format!(
                "the tokenizer has {} entries and the embedding {}: they are not of the same model",
                text.size(),
                outline.vocabulary
            )));
        }
        text.covers = outline.causal;
        for note in &text.notes {
            self.notes.say(note);
        }
        // A configuration may name beginning and end where the tokenizer's own file does not.
        let special = |id: u32| text.token_text(id).map(|text| Special { id, text });
        let bos = config.id("bos_token_id", outline.vocabulary)?.and_then(special);
        let end = eos.and_then(|ids| ids.first().copied()).and_then(special);
        text.bos = text.bos.take().or(bos);
        text.eos = text.eos.take().or(end);
        let text = Arc::new(text);
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_path_buf(), text.clone());
        Ok(text)
    }

    /// Puts a model together from what its files say, with the hash of its weights where they were read, and with the weights
    /// themselves where they are kept.
    fn assemble(
        &self,
        opened: Opened<'_>,
        weights: Option<(blake3::Hash, Option<&dyn Tensors>)>,
    ) -> Result<Local, OpenError> {
        let Opened { model, config, family, outline, path, text, eos } = opened;
        let text = match text {
            Text::Known(text) => text,
            Text::New(text) => self.keep_text(path, (config, &outline), *text, eos.as_deref())?,
        };
        let eos = eos.or_else(|| text.eos.as_ref().map(|eos| vec![eos.id])).unwrap_or_default();
        let (hash, engine) = match weights {
            None => (None, Engine::None),
            Some((hash, None)) => (Some(hash), Engine::None),
            Some((hash, Some(tensors))) => (Some(hash), self.engine((family.build)(config, tensors)?, eos)),
        };
        let card = ModelCard {
            architecture: family.architecture.to_owned(),
            weights: hash.map(|hash| hash.to_hex().to_string()),
            tokenizer: Some(text.hash.clone()),
            template: text.template.as_ref().map(|template| template.hash.clone()),
            max_length: Some(outline.max_length),
            labels: outline.labels,
            causal: outline.causal,
            dtype: Some("f32".to_owned()),
        };
        let positions = outline.max_length;
        Ok(Local { name: model.clone(), card, positions, text, engine, opener: self.own.clone() })
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
        let key = telos_control::constraint_key(spec);
        if let Some(known) = self.constraints.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let plan = telos_control::constraint(spec)?;
        let open = |model: &ModelRef| {
            let told = |e| RequestError::new(ErrorKind::Model, format!("failed to open the constraint's model: {e}"));
            self.open(model, Weights::Load).map_err(told)
        };
        let models: Vec<Arc<dyn Model>> = plan.models().iter().map(open).collect::<Result<_, _>>()?;
        plan.check(&models.iter().map(|model| model.card()).collect::<Vec<_>>())?;
        let opened = plan.open(&models)?;
        self.constraints.lock().unwrap_or_else(PoisonError::into_inner).insert(key, opened.clone());
        Ok(opened)
    }
}

impl Opener for LocalModels {
    fn constraint(&self, spec: &ConstraintSpec) -> Result<Arc<dyn Constraint>, RequestError> {
        self.open_constraint(spec)
    }
}

impl Models for LocalModels {
    fn open(&self, model: &ModelRef, weights: Weights) -> Result<Arc<dyn Model>, ModelError> {
        let opened = self.open_local(model, weights);
        opened.map_err(|error| ModelError { model: model.to_string(), message: error.to_string() })
    }

    fn close(&self, model: &ModelRef) {
        // A constraint keeps the models that it asks; it is made anew where it is needed again.
        self.constraints.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let Ok(path) = self.path(model) else { return };
        let closed = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&(path, Weights::Load));
        if let Some(Engine::Causal(causal)) = closed.as_ref().map(|local| &local.engine) {
            *self.closed.lock().unwrap_or_else(PoisonError::into_inner).entry(model.clone()).or_default() +=
                causal.rows();
        }
    }
}
