//! A model that answers everything from hashes, so that a run is a matter of milliseconds and any two runs agree.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use telos_core::feed::pull;
use telos_core::model::Weights;
use telos_core::noise::mix;
use telos_core::reply::{Classification, FinishReason, Generation, Ids, Loglikelihood, Rendered, Rolling, Trajectory};
use telos_core::request::Naming;
use telos_core::{
    Ask, ErrorKind, Feed, Message, Model, ModelCard, ModelError, ModelRef, Models, Next, Outcome, Prompt, Reply,
    Request, RequestError,
};
use telos_core::{Levels, Step};

/// A new, empty folder for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("telos-run-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder for temporary files");
    path
}

/// What all models of a test share.
#[derive(Default)]
pub(crate) struct World {
    /// Requests that were answered, as JSON, in order.
    pub asked: Mutex<Vec<String>>,
    /// Set after that many more replies.
    pub stop: AtomicBool,
    pub stop_after: AtomicUsize,
    /// Weights of the models, by path; a model that is not here cannot be opened.
    pub weights: Mutex<HashMap<String, String>>,
    pub max_length: AtomicUsize,
    /// Answers in the opposite order.
    pub backwards: AtomicBool,
    /// Texts that end in an error.
    pub poison: Mutex<Option<String>>,
    pub opened: Mutex<Vec<(String, Weights)>>,
    pub closed: Mutex<Vec<String>>,
    /// Texts whose requests fail so many times in a way that passes, and then no more.
    pub busy: Mutex<HashMap<String, usize>>,
    /// Has so many requests under way at a time, whatever a unit is, and replies in no order; 0 answers unit by unit.
    pub under_way: AtomicUsize,
    /// Takes requests that hold this text and never replies to them.
    pub deaf: Mutex<Option<String>>,
    /// Whether tokens and positions are unknown.
    pub opaque: AtomicBool,
    /// What one reply takes.
    pub delay: Mutex<std::time::Duration>,
}

/// Opens the models `lm`, `other` and `sentiment` of a world.
pub(crate) struct Zoo(pub Arc<World>);

impl Zoo {
    pub(crate) fn new() -> Self {
        let world = World::default();
        for name in ["lm", "other", "sentiment"] {
            world.weights.lock().expect("a lock").insert(name.into(), format!("weights-of-{name}"));
        }
        world.stop_after.store(usize::MAX, Ordering::Relaxed);
        world.max_length.store(4096, Ordering::Relaxed);
        Self(Arc::new(world))
    }

    /// Requests answered so far, chat templates and encodings left out.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.asked.lock().expect("a lock").clone()
    }
}

impl Models for Zoo {
    fn open(&self, model: &ModelRef, weights: Weights) -> Result<Arc<dyn Model>, ModelError> {
        let name = model.to_string();
        let hash = self.0.weights.lock().expect("a lock").get(&name).cloned();
        let Some(hash) = hash else {
            return Err(ModelError { model: name, message: "there is no such folder".into() });
        };
        self.0.opened.lock().expect("a lock").push((name.clone(), weights));
        let classifier = name == "sentiment";
        let opaque = self.0.opaque.load(Ordering::Relaxed);
        let card = ModelCard {
            architecture: if classifier { "FakeForSequenceClassification" } else { "FakeForCausalLM" }.into(),
            weights: (weights != Weights::Skip).then_some(hash),
            tokenizer: (!opaque).then(|| "characters".into()),
            template: (!classifier).then(|| "tags".into()),
            max_length: (!opaque).then(|| self.0.max_length.load(Ordering::Relaxed)),
            labels: if classifier { vec!["positive".into(), "negative".into()] } else { Vec::new() },
            causal: !classifier,
            dtype: None,
        };
        let loaded = weights == Weights::Load;
        Ok(Arc::new(Fake { name, card, loaded, world: self.0.clone() }))
    }

    fn close(&self, model: &ModelRef) {
        self.0.closed.lock().expect("a lock").push(model.to_string());
    }
}

struct Fake {
    name: String,
    card: ModelCard,
    loaded: bool,
    world: Arc<World>,
}

fn ids(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

fn chat(messages: &[Message]) -> String {
    let turns: Vec<String> = messages.iter().map(|m| format!("<{}>{}", m.role, m.content)).collect();
    turns.concat() + "<assistant>"
}

fn prompt_ids(prompt: &Prompt) -> Vec<u32> {
    match prompt {
        Prompt::Text(text) => ids(text),
        Prompt::Messages(messages) => ids(&chat(messages)),
    }
}

fn hash(ids: &[u32], salt: u64) -> u64 {
    ids.iter().fold(mix(salt), |h, id| mix(h ^ u64::from(*id)))
}

fn share(hash: u64) -> f64 {
    (hash >> 11) as f64 / 9_007_199_254_740_992.0
}

fn last(ids: &[u32], n: usize) -> Vec<u32> {
    ids[ids.len().saturating_sub(n)..].to_vec()
}

impl Fake {
    fn length(&self, request: &Request) -> usize {
        let own = self.card.max_length.unwrap_or(4096);
        request.max_length.map_or(own, |n| n.min(own))
    }

    fn salt(&self) -> u64 {
        hash(&ids(&self.name), 1)
    }

    fn h(text: &[u32]) -> f64 {
        share(hash(text, 77)) * 2.0 - 1.0
    }

    fn reply(&self, request: &Request) -> Outcome {
        let length = self.length(request);
        Ok(match &request.ask {
            Ask::Tokenize { text, .. } => Reply::Tokenize(Ids { ids: ids(text) }),
            Ask::ChatTemplate { messages, .. } => {
                let text = chat(messages);
                Reply::ChatTemplate(Rendered { ids: ids(&text), text })
            }
            Ask::Loglikelihood { context, continuation } => {
                let (context, tokens) = (ids(context), ids(continuation));
                let whole: Vec<u32> = context.iter().chain(&tokens).copied().collect();
                let read = last(&whole, length + 1);
                let of = |i: usize| -5.0 * share(hash(&read[..read.len() - i], self.salt()));
                let token_logprobs: Vec<f64> = (0..tokens.len().min(read.len())).rev().map(of).collect();
                Reply::Loglikelihood(Loglikelihood {
                    logprob: token_logprobs.iter().sum(),
                    is_greedy: false,
                    tokens,
                    token_logprobs,
                    context_tokens: context.len(),
                    truncated_tokens: whole.len() - read.len(),
                })
            }
            Ask::Rolling { text } => Reply::Rolling(Rolling {
                logprob: -3.0 * share(hash(&ids(text), self.salt())),
                tokens: text.chars().count(),
                words: telos_core::text::python_words(text),
                bytes: text.len(),
            }),
            Ask::Generate { prompt, sampling, controller, trace } => {
                let all = prompt_ids(prompt);
                let Some(room) = length.checked_sub(sampling.max_new_tokens).filter(|room| *room > 0) else {
                    return Err(RequestError::new(ErrorKind::TooLong, "no room for new tokens"));
                };
                let kept = last(&all, room);
                let mut text = kept.clone();
                let (mut token_logprobs, mut steps) = (Vec::new(), Vec::new());
                for step in 0..sampling.max_new_tokens {
                    let drawn = hash(&text, self.salt() ^ mix(sampling.seed) ^ mix(sampling.sample + 9));
                    let proposed = 97 + (drawn % 26) as u32;
                    let changed = !controller.is_none() && drawn.is_multiple_of(5);
                    let token = if changed { 122 } else { proposed };
                    let before = Self::h(&text);
                    text.push(token);
                    token_logprobs.push(-share(drawn) - 0.1);
                    let level = |value: f64| Some(Levels { values: vec![value], listed: false });
                    steps.push(Step {
                        token: Some(token),
                        rank: Some(step as u32),
                        h_before: level(before),
                        threshold: level(before * 0.5),
                        h_after: level(Self::h(&text)),
                        evaluations: 1 + u32::from(changed),
                        rejected: if changed { vec![proposed] } else { Vec::new() },
                        proposed,
                        changed,
                        fallback: None,
                        numbers: None,
                        spent: 0,
                    });
                }
                let token_ids = text[kept.len()..].to_vec();
                Reply::Generate(Generation {
                    text: token_ids.iter().filter_map(|id| char::from_u32(*id)).collect(),
                    token_ids,
                    token_logprobs,
                    finish_reason: FinishReason::Length,
                    prompt_tokens: kept.len(),
                    truncated_tokens: all.len() - kept.len(),
                    steps: trace.then_some(steps),
                })
            }
            Ask::Classify { text, .. } => {
                let p = share(hash(&ids(text), 77));
                Reply::Classify(Classification {
                    logits: vec![p as f32, 1.0 - p as f32],
                    probabilities: vec![("positive".into(), p), ("negative".into(), 1.0 - p)],
                })
            }
            Ask::Trajectory { prompt, token_ids, .. } => {
                let prompt = prompt_ids(prompt);
                let text: Vec<u32> = prompt.iter().chain(token_ids).copied().collect();
                let h = (prompt.len()..=text.len()).map(|n| Self::h(&text[..n])).collect();
                let offsets = (prompt.len()..=text.len()).collect();
                Reply::Trajectory(Trajectory {
                    h,
                    text: text.iter().filter_map(|id| char::from_u32(*id)).collect(),
                    offsets,
                })
            }
            _ => return Err(RequestError::invalid("the fake does not answer this")),
        })
    }
}

impl Fake {
    /// Answers as a server does: many at a time, in no order.
    fn serve(&self, feed: &mut dyn Feed, stop: &AtomicBool, most: usize) {
        let mut under_way = Vec::new();
        loop {
            while under_way.len() < most {
                match feed.next() {
                    Next::Ask(ticket, request) => under_way.push((ticket, request)),
                    Next::Cut => {}
                    Next::Later | Next::End => break,
                }
            }
            if under_way.is_empty() || stop.load(Ordering::Relaxed) {
                return;
            }
            let any = mix(under_way.len() as u64 + 3) as usize % under_way.len();
            let (ticket, request) = under_way.swap_remove(any);
            self.one(&request, &mut |outcome| feed.reply(ticket, outcome));
        }
    }

    fn one(&self, request: &Request, reply: &mut dyn FnMut(Outcome)) {
        let asks_weights = !matches!(request.ask, Ask::Tokenize { .. } | Ask::ChatTemplate { .. });
        if !asks_weights {
            return reply(self.reply(request));
        }
        let naming = Naming { model: &ToString::to_string, constraint_ids: false, kinds: telos_control::KINDS };
        let written = request.to_json(naming).to_string();
        let poison = self.world.poison.lock().expect("a lock").clone();
        if poison.is_some_and(|poison| written.contains(&poison)) {
            return reply(Err(RequestError::new(ErrorKind::Internal, "poisoned")));
        }
        if self.world.deaf.lock().expect("a lock").as_ref().is_some_and(|text| written.contains(text)) {
            return;
        }
        assert!(self.loaded, "asked without weights: {written}");
        self.world.asked.lock().expect("a lock").push(format!("{}: {written}", self.name));
        std::thread::sleep(*self.world.delay.lock().expect("a lock"));
        let mut busy = self.world.busy.lock().expect("a lock");
        let fails = busy.iter_mut().find(|(text, left)| **left > 0 && written.contains(*text));
        if let Some((_, left)) = fails {
            *left -= 1;
            drop(busy);
            reply(Err(RequestError::new(ErrorKind::Busy, "too many requests")));
        } else {
            drop(busy);
            reply(self.reply(request));
        }
        if self.world.stop_after.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.world.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl Model for Fake {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn answer(&self, feed: &mut dyn Feed, stop: &AtomicBool) {
        let most = self.world.under_way.load(Ordering::Relaxed);
        if most > 0 {
            return self.serve(feed, stop, most);
        }
        loop {
            let (mut unit, more) = pull(feed);
            if self.world.backwards.load(Ordering::Relaxed) {
                unit.reverse();
            }
            for (ticket, request) in unit {
                self.one(&request, &mut |outcome| feed.reply(ticket, outcome));
            }
            if !more {
                return;
            }
        }
    }

    fn token_paths(&self, request: &Request) -> Result<Option<Vec<Vec<u32>>>, RequestError> {
        if self.card.max_length.is_none() {
            return Ok(None);
        }
        let length = self.length(request);
        Ok(Some(match &request.ask {
            Ask::Loglikelihood { context, continuation } => {
                let mut path = last(&ids(&format!("{context}{continuation}")), length + 1);
                path.pop();
                vec![path]
            }
            Ask::Generate { prompt, sampling, .. } => vec![last(&prompt_ids(prompt), length - sampling.max_new_tokens)],
            Ask::Rolling { text } => ids(text).chunks(length).map(<[u32]>::to_vec).collect(),
            Ask::Classify { text, .. } => vec![ids(text)],
            _ => Vec::new(),
        }))
    }
}

/// Every line of the export of a record.
pub(crate) fn export(folder: &Path) -> String {
    let mut lines = Vec::new();
    telos_data::export_jsonl(folder, &mut lines).expect("a whole record");
    String::from_utf8(lines).expect("text")
}
