//! Classifiers and reward models: a text to logits, each distinct text once.

use crate::decoder::Decoder;
use crate::encoder::{Encoded, Encoder, Problem};
use crate::kv::Store;
use crate::pool::Pool;
use crate::text::side::TextSide;
use crate::walk::{Path, State, Walk};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use telos_core::reply::Classification;
use telos_core::{ErrorKind, RequestError};

/// Texts whose logits are remembered; the memo is emptied when it is full. An entry is some 100 bytes.
const MEMO: usize = 500_000;

type Key = blake3::Hash;

/// A sequence classifier.
pub(crate) struct Classifier {
    encoder: Encoder,
    pool: Arc<Pool>,
    /// Tokens of a batch at most; a longer text is a batch of its own.
    budget: usize,
    memo: Mutex<HashMap<Key, Arc<[f32]>>>,
}

impl Classifier {
    pub(crate) fn new(encoder: Encoder, pool: Arc<Pool>, budget: usize) -> Self {
        Self { encoder, pool, budget, memo: Mutex::default() }
    }

    /// The logits of each text or pair. What was asked before is not computed again: a text's logits do not depend on what
    /// it is computed with, so that a remembered value is the same bits.
    pub(crate) fn logits(
        &self,
        text: &TextSide,
        texts: &[(&str, Option<&str>)],
    ) -> Vec<Result<Arc<[f32]>, RequestError>> {
        let keys: Vec<Key> = texts.iter().map(|(text, pair)| key(text, *pair)).collect();
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing: Vec<usize> = (0..texts.len()).filter(|i| !memo.contains_key(&keys[*i])).collect();
        missing.sort_by_key(|i| *keys[*i].as_bytes());
        missing.dedup_by_key(|i| keys[*i]);
        let encoded = self.pool.map(&missing, |i| self.encode(text, texts[*i]));
        let mut failed: HashMap<Key, RequestError> = HashMap::new();
        let mut ready: Vec<(Key, Encoded)> = Vec::new();
        for (i, encoded) in missing.into_iter().zip(encoded) {
            match encoded {
                Ok(encoded) => ready.push((keys[i], encoded)),
                Err(error) => drop(failed.insert(keys[i], error)),
            }
        }
        if memo.len() + ready.len() > MEMO {
            // Values of this very call must survive, so what is asked again is computed again.
            memo.clear();
            drop(memo);
            return if texts.len() > MEMO {
                let halves = texts.split_at(texts.len() / 2);
                [self.logits(text, halves.0), self.logits(text, halves.1)].concat()
            } else {
                self.logits(text, texts)
            };
        }
        let mut at = 0;
        while at < ready.len() {
            let mut tokens = ready[at].1.ids.len();
            let mut end = at + 1;
            while end < ready.len() && tokens + ready[end].1.ids.len() <= self.budget {
                tokens += ready[end].1.ids.len();
                end += 1;
            }
            let batch: Vec<&Encoded> = ready[at..end].iter().map(|(_, encoded)| encoded).collect();
            for ((key, _), logits) in ready[at..end].iter().zip(self.encoder.logits(&self.pool, &batch)) {
                memo.insert(*key, logits.into());
            }
            at = end;
        }
        keys.iter()
            .map(|key| match (memo.get(key), failed.get(key)) {
                (Some(logits), _) => Ok(logits.clone()),
                (None, Some(error)) => Err(error.clone()),
                (None, None) => Err(RequestError::new(ErrorKind::Internal, "a text was neither computed nor refused")),
            })
            .collect()
    }

    /// Labels with logits and what these stand for, as transformers' `text-classification` reads them.
    pub(crate) fn classification(&self, logits: &[f32]) -> Classification {
        let d = &self.encoder.description;
        let probabilities = d.labels.iter().cloned().zip(read_off(d.problem, logits)).collect();
        Classification { logits: logits.to_vec(), probabilities }
    }

    fn encode(&self, text: &TextSide, (first, second): (&str, Option<&str>)) -> Result<Encoded, RequestError> {
        let d = &self.encoder.description;
        let (ids, types) = text.encode_pair(first, second, true)?;
        if ids.len() > d.max_length() {
            let (many, room) = (ids.len(), d.max_length());
            let message = format!("the text has {many} ids and the classifier {room} positions; shorten it");
            return Err(RequestError::new(ErrorKind::TooLong, message));
        }
        if ids.is_empty() {
            return Err(RequestError::invalid("the text has no ids, so there is nothing to classify"));
        }
        // A model with one row of types has none to tell apart.
        let types = if d.types > 1 && second.is_some() { types } else { vec![0; ids.len()] };
        if let Some(id) = ids.iter().find(|id| **id as usize >= d.vocabulary) {
            let size = d.vocabulary;
            return Err(RequestError::invalid(format!("the tokenizer gave id {id}, and the vocabulary has {size}")));
        }
        if let Some(kind) = types.iter().find(|kind| **kind as usize >= d.types) {
            let size = d.types;
            return Err(RequestError::invalid(format!(
                "the tokenizer gave token type {kind}, and the model has {size}"
            )));
        }
        Ok(Encoded { ids, types })
    }
}

/// What logits stand for, in f64.
fn read_off(problem: Problem, logits: &[f32]) -> Vec<f64> {
    let values = logits.iter().map(|x| f64::from(*x));
    match problem {
        Problem::SingleLabel => {
            let top = values.clone().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = values.map(|x| (x - top).exp()).collect();
            let total: f64 = weights.iter().sum();
            weights.into_iter().map(|w| w / total).collect()
        }
        Problem::MultiLabel => values.map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
        Problem::Regression => values.collect(),
    }
}

fn key(text: &str, pair: Option<&str>) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    if let Some(pair) = pair {
        hasher.update(b"+").update(pair.as_bytes());
    }
    hasher.finalize()
}

/// A decoder whose one output is a reward, read at the last token that is no padding.
pub(crate) struct RewardModel {
    decoder: Decoder,
    state: Mutex<State>,
    pool: Arc<Pool>,
    budget: usize,
}

impl RewardModel {
    pub(crate) fn new(decoder: Decoder, pool: Arc<Pool>, budget: usize) -> Self {
        let state = Mutex::new(State::new(Store::new(decoder.extents())));
        Self { decoder, state, pool, budget }
    }

    /// Positions.
    pub(crate) fn positions(&self) -> usize {
        self.decoder.description.positions
    }

    /// The reward of each sequence of ids.
    pub(crate) fn rewards(&self, padding: Option<u32>, sequences: Vec<Vec<u32>>) -> Vec<f32> {
        let paths: Vec<Path> = sequences
            .into_iter()
            .map(|mut ids| {
                // What comes after the last real token cannot change a causal model's value there.
                while ids.len() > 1 && ids.last().copied() == padding {
                    ids.pop();
                }
                Path { first: ids.len() - 1, ids }
            })
            .collect();
        let mut rewards = vec![f32::NAN; paths.len()];
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |_: usize, _: usize, output: &[f32]| output[0];
        let walk = Walk { decoder: &self.decoder, pool: &self.pool, budget: self.budget, read: &read };
        walk.run(&mut state, &paths, false, &mut |path, _, reward| rewards[path] = reward);
        rewards
    }
}
