//! A language model: log-likelihoods, next logits, and the state that generation shares with them.

use crate::decoder::Decoder;
use crate::kernel::rows;
use crate::kv::Store;
use crate::pool::Pool;
use crate::text::side::TextSide;
use crate::walk::{Path, State, Walk};
use std::sync::{Arc, Mutex, PoisonError};
use telos_core::reply::{Loglikelihood, NextLogits, Rolling};
use telos_core::request::TextOrIds;
use telos_core::text::python_words;
use telos_core::{Ask, ErrorKind, Outcome, Reply, Request, RequestError};

/// A decoder with its text side and everything that one call leaves for the next.
pub(crate) struct Causal {
    pub(crate) decoder: Decoder,
    pub(crate) state: Mutex<State>,
    pub(crate) pool: Arc<Pool>,
    /// Rows of a batch at most.
    pub(crate) budget: usize,
    /// Texts that run at the same time at most.
    pub(crate) running: usize,
    pub(crate) eos: Vec<u32>,
}

/// How a request is encoded, without any weights.
pub(crate) enum Scoring {
    /// A context and a continuation.
    Pair { context: Vec<u32>, continuation: Vec<u32>, truncated: usize },
    /// Disjoint windows over a text: (context, predicted).
    Windows(Vec<(Vec<u32>, Vec<u32>)>),
    /// Ids as they are; the logits after the last.
    Next(Vec<u32>),
}

impl Scoring {
    /// Encodes a request that samples nothing.
    pub(crate) fn encode(text: &TextSide, request: &Request, positions: usize) -> Result<Self, RequestError> {
        let size = request.max_length.map_or(positions, |max| max.min(positions));
        match &request.ask {
            Ask::Loglikelihood { context, continuation } => {
                let (mut context, continuation) = text.context_and_continuation(context, continuation)?;
                if continuation.len() > size {
                    let many = continuation.len();
                    return Err(too_long(format!("the continuation has {many} ids and the model {size} positions")));
                }
                let truncated = (context.len() + continuation.len()).saturating_sub(size + 1);
                context.drain(..truncated);
                Ok(Self::Pair { context, continuation, truncated })
            }
            Ask::Rolling { text: document } => {
                let ids = text.encode_prompt(document)?;
                Ok(Self::Windows(windows(&ids, text.beginning()?, size)))
            }
            Ask::NextLogits(TextOrIds::Text(prompt)) => Self::next(text.encode(prompt, true)?, size),
            Ask::NextLogits(TextOrIds::Ids(ids)) => Self::next(ids.clone(), size),
            _ => Err(RequestError::new(ErrorKind::Internal, "this kind of request is not scored")),
        }
    }

    fn next(ids: Vec<u32>, size: usize) -> Result<Self, RequestError> {
        match ids.len() {
            0 => Err(RequestError::invalid("`next_logits` needs at least one id")),
            many if many > size => Err(too_long(format!("the text has {many} ids and the model {size} positions"))),
            _ => Ok(Self::Next(ids)),
        }
    }

    /// What the model has to read, and which outputs are wanted.
    pub(crate) fn paths(&self) -> Vec<Path> {
        let pair = |context: &[u32], predicted: &[u32]| {
            let ids = [context, &predicted[..predicted.len() - 1]].concat();
            Path { first: context.len() - 1, ids }
        };
        match self {
            Self::Pair { context, continuation, .. } => vec![pair(context, continuation)],
            Self::Windows(windows) => windows.iter().map(|(context, predicted)| pair(context, predicted)).collect(),
            Self::Next(ids) => vec![Path { ids: ids.clone(), first: ids.len() - 1 }],
        }
    }

    /// The reply, from what was read of all wanted outputs in order.
    fn reply(&self, ask: &Ask, read: Vec<Read>) -> Outcome {
        let mut token_logprobs = Vec::with_capacity(read.len());
        let mut is_greedy = true;
        let mut logits = Vec::new();
        for read in read {
            match read {
                Read::Target(logprob, greedy) => {
                    token_logprobs.push(logprob);
                    is_greedy &= greedy;
                }
                Read::Logits(row) => logits = row,
            }
        }
        let logprob = token_logprobs.iter().sum();
        match (self, ask) {
            (Self::Pair { context, continuation, truncated }, _) => Ok(Reply::Loglikelihood(Loglikelihood {
                logprob,
                is_greedy,
                tokens: continuation.clone(),
                token_logprobs,
                context_tokens: context.len() + truncated,
                truncated_tokens: *truncated,
            })),
            (Self::Windows(windows), Ask::Rolling { text }) => Ok(Reply::Rolling(Rolling {
                logprob,
                tokens: windows.iter().map(|(_, predicted)| predicted.len()).sum(),
                words: python_words(text),
                bytes: text.len(),
            })),
            (Self::Next(ids), _) => Ok(Reply::NextLogits(NextLogits { ids: ids.clone(), logits })),
            (Self::Windows(_), _) => {
                Err(RequestError::new(ErrorKind::Internal, "windows of something that is no text"))
            }
        }
    }

    /// The id that each wanted output of a path predicts.
    fn targets(&self, path: usize) -> &[u32] {
        match self {
            Self::Pair { continuation, .. } => continuation,
            Self::Windows(windows) => &windows[path].1,
            Self::Next(_) => &[],
        }
    }
}

/// Disjoint parts of `ids` to predict, with the ids before them; every context reaches back until the window is full. The
/// first one is the beginning token alone (lm-evaluation-harness, `get_rolling_token_windows` and `make_disjoint_window`).
pub(crate) fn windows(ids: &[u32], first: u32, size: usize) -> Vec<(Vec<u32>, Vec<u32>)> {
    let mut found = Vec::new();
    let mut done = ids.len().min(size);
    if done > 0 {
        found.push((vec![first], ids[..done].to_vec()));
    }
    while done < ids.len() {
        let end = (done + size).min(ids.len());
        found.push((ids[end.saturating_sub(size + 1)..done].to_vec(), ids[done..end].to_vec()));
        done = end;
    }
    found
}

fn too_long(message: String) -> RequestError {
    RequestError::new(ErrorKind::TooLong, message + "; shorten the text, or let it be truncated")
}

/// What is read off one position.
enum Read {
    /// The target's log-probability, and whether it is the arg-max.
    Target(f64, bool),
    /// Everything.
    Logits(Vec<f32>),
}

impl Causal {
    /// A language model with an empty store.
    pub(crate) fn new(decoder: Decoder, pool: Arc<Pool>, budget: usize, running: usize, eos: Vec<u32>) -> Self {
        let state = Mutex::new(State::new(Store::new(decoder.extents())));
        Self { decoder, state, pool, budget: budget.max(1), running: running.max(1), eos }
    }

    /// Rows computed since the model was opened.
    pub(crate) fn rows(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).rows
    }

    /// Answers requests that sample nothing.
    pub(crate) fn score(
        &self,
        text: &TextSide,
        requests: &[(usize, &Request)],
        on_reply: &mut dyn FnMut(usize, Outcome),
    ) {
        let positions = self.decoder.description.positions;
        let encoded = self.pool.map(requests, |(_, request)| Scoring::encode(text, request, positions));
        let mut open = Vec::new();
        let mut paths = Vec::new();
        let mut owners = Vec::new();
        for ((place, request), encoded) in requests.iter().zip(encoded) {
            match encoded.and_then(|scoring| self.in_vocabulary(scoring)) {
                Err(error) => on_reply(*place, Err(error)),
                Ok(scoring) => {
                    let own = scoring.paths();
                    let wanted: usize = own.iter().map(|path| path.ids.len() - path.first).sum();
                    if wanted == 0 {
                        on_reply(*place, scoring.reply(&request.ask, Vec::new()));
                    } else {
                        owners.extend((0..own.len()).map(|part| (open.len(), part)));
                        paths.extend(own);
                        open.push(Open { place: *place, request, scoring, wanted });
                    }
                }
            }
        }
        let read = |path: usize, offset: usize, logits: &[f32]| {
            let (owner, part) = owners[path];
            match open[owner].scoring.targets(part).get(offset) {
                Some(target) => {
                    let logprob = f64::from(logits[*target as usize]) - rows::log_sum_exp(logits);
                    Read::Target(logprob, rows::argmax(logits) == *target as usize)
                }
                None => Read::Logits(logits.to_vec()),
            }
        };
        let mut results: Vec<Vec<(usize, usize, Read)>> = open.iter().map(|_| Vec::new()).collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let walk = Walk { decoder: &self.decoder, pool: &self.pool, budget: self.budget, read: &read };
        walk.run(&mut state, &paths, false, &mut |path, offset, value| {
            let (owner, part) = owners[path];
            results[owner].push((part, offset, value));
            let Open { place, request, scoring, wanted } = &open[owner];
            if results[owner].len() == *wanted {
                let mut found = std::mem::take(&mut results[owner]);
                found.sort_by_key(|(part, offset, _)| (*part, *offset));
                on_reply(*place, scoring.reply(&request.ask, found.into_iter().map(|(_, _, read)| read).collect()));
            }
        });
    }

    /// Refuses ids that the embedding does not have.
    fn in_vocabulary(&self, scoring: Scoring) -> Result<Scoring, RequestError> {
        let size = self.decoder.description.vocabulary;
        let check = |ids: &[u32]| match ids.iter().find(|id| **id as usize >= size) {
            Some(id) => Err(RequestError::invalid(format!("id {id} is not in the vocabulary of {size}"))),
            None => Ok(()),
        };
        match &scoring {
            Scoring::Pair { context, continuation, .. } => check(context).and_then(|()| check(continuation)),
            Scoring::Windows(windows) => windows.iter().try_for_each(|(a, b)| check(a).and_then(|()| check(b))),
            Scoring::Next(ids) => check(ids),
        }?;
        Ok(scoring)
    }
}

/// A request whose outputs are being computed.
struct Open<'a> {
    place: usize,
    request: &'a Request,
    scoring: Scoring,
    /// How many outputs it needs.
    wanted: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_disjoint_and_reach_back() {
        let ids: Vec<u32> = (1..=10).collect();
        let found = windows(&ids, 0, 4);
        assert_eq!(found[0], (vec![0], vec![1, 2, 3, 4]));
        assert_eq!(found[1], (vec![4], vec![5, 6, 7, 8]));
        assert_eq!(found[2], (vec![6, 7, 8], vec![9, 10]));
        assert!(windows(&[], 0, 4).is_empty());
    }
}
