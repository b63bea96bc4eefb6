//! The walk over the trie of token prefixes: every distinct prefix is computed once, in packed batches.
//!
//! Sorted paths are the trie in pre-order: what a path shares with the one before it is computed already, and the keys and
//! values that are alive at any moment are those of one path and of the batch at hand. That bounds the memory by the longest
//! path and the batch, however many paths there are. The last path stays warm between calls, so that a few-shot prompt that
//! the next call begins with is not computed again.

use crate::attention::Group;
use crate::decoder::Decoder;
use crate::kv::{Link, Store};
use crate::pool::Pool;

/// Wanted rows whose logits are held at a time; with a vocabulary of 50,000 they are 13 MB.
const LOGIT_ROWS: usize = 64;

/// A sequence to compute, and from which position on its outputs are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// The ids that the model reads; at least one.
    pub(crate) ids: Vec<u32>,
    /// The first position whose output is wanted; all later ones are wanted too.
    pub(crate) first: usize,
}

/// A decoder's keys and values, and how much it computed.
pub(crate) struct State {
    pub(crate) store: Store,
    warm: Vec<Link>,
    warm_ids: Vec<u32>,
    /// Rows computed since the model was opened.
    pub(crate) rows: u64,
}

impl State {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, warm: Vec::new(), warm_ids: Vec::new(), rows: 0 }
    }

    /// Shortens the warm path to its first `len` ids.
    fn cool(&mut self, len: usize) {
        let mut start: usize = self.warm.iter().map(|link| link.len).sum();
        while let Some(link) = self.warm.last_mut() {
            start -= link.len;
            if start < len {
                link.len = link.len.min(len - start);
                break;
            }
            let segment = link.segment;
            self.warm.pop();
            self.store.release(segment);
        }
        self.warm_ids.truncate(len);
    }

    /// The warm chain, each link held once more, for a text that continues it.
    fn held_chain(&mut self) -> Vec<Link> {
        self.warm.iter().for_each(|link| self.store.hold(link.segment));
        self.warm.clone()
    }
}

/// Gives a chain's links back.
pub(crate) fn release(store: &mut Store, chain: &[Link]) {
    for link in chain {
        store.release(link.segment);
    }
}

/// How a walk computes and what it hands out.
pub(crate) struct Walk<'a, R> {
    pub(crate) decoder: &'a Decoder,
    pub(crate) pool: &'a Pool,
    /// Rows of a batch at most.
    pub(crate) budget: usize,
    /// Reads what is wanted off the logits of one position: (path, position − first, logits). Runs on any thread.
    pub(crate) read: &'a (dyn Fn(usize, usize, &[f32]) -> R + Sync),
}

/// The rows that wait to be computed together.
#[derive(Default)]
struct Batch {
    tokens: Vec<u32>,
    groups: Vec<Group>,
    /// (row of the batch, path, position − first).
    wanted: Vec<(usize, usize, usize)>,
}

impl<R: Send> Walk<'_, R> {
    /// Computes all paths and hands what was read to `done`, in the order of the sorted paths. With `keep`, returns for each
    /// path the chain of its positions, held for the caller.
    pub(crate) fn run(
        &self,
        state: &mut State,
        paths: &[Path],
        keep: bool,
        done: &mut dyn FnMut(usize, usize, R),
    ) -> Vec<Vec<Link>> {
        let mut order: Vec<usize> = (0..paths.len()).collect();
        order.sort_by(|a, b| paths[*a].ids.cmp(&paths[*b].ids));
        let Some(&head) = order.first() else { return Vec::new() };
        // Outputs of what is warm are gone, so nothing that is wanted may count as computed.
        let floor = paths.iter().map(|path| path.first).min().unwrap_or(0);
        state.cool(shared(&state.warm_ids, &paths[head].ids).min(floor));

        let mut wanted = wanted_rows(paths, &order, state.warm_ids.len()).into_iter().peekable();
        let mut chains = vec![Vec::new(); paths.len()];
        let mut batch = Batch::default();
        let mut computed = 0;
        for &number in &order {
            let ids = &paths[number].ids;
            let mut at = shared(&state.warm_ids, ids);
            state.cool(at);
            while at < ids.len() {
                if batch.tokens.len() == self.budget {
                    self.flush(state, &mut batch, done);
                }
                let count = (ids.len() - at).min(self.budget - batch.tokens.len());
                let first = batch.tokens.len();
                add_rows(state, &mut batch, &ids[at..at + count]);
                while let Some((row, path, offset)) = wanted.next_if(|(row, ..)| *row < computed + count) {
                    batch.wanted.push((first + row - computed, path, offset));
                }
                at += count;
                computed += count;
            }
            if keep {
                chains[number] = state.held_chain();
            }
        }
        self.flush(state, &mut batch, done);
        chains
    }

    /// Computes the batch and reads what is wanted of it.
    fn flush(&self, state: &mut State, batch: &mut Batch, done: &mut dyn FnMut(usize, usize, R)) {
        if batch.tokens.is_empty() {
            return;
        }
        let mut rows: Vec<usize> = batch.wanted.iter().map(|(row, ..)| *row).collect();
        rows.dedup();
        let hidden = self.decoder.forward(self.pool, &mut state.store, &batch.tokens, &batch.groups, &rows);
        state.rows += batch.tokens.len() as u64;
        let (width, outputs) = (self.decoder.description.hidden, self.decoder.head.0.outputs());
        let mut wanted = batch.wanted.as_slice();
        for (rows, hidden) in rows.chunks(LOGIT_ROWS).zip(hidden.chunks(LOGIT_ROWS * width)) {
            let logits = self.decoder.read_off(self.pool, hidden);
            let last = rows.last().copied().unwrap_or(0);
            let (these, rest) = wanted.split_at(wanted.partition_point(|(row, ..)| *row <= last));
            wanted = rest;
            let read = self.pool.map(these, |(row, path, offset)| {
                let place = rows.binary_search(row).unwrap_or(0);
                (*path, *offset, (self.read)(*path, *offset, &logits[place * outputs..][..outputs]))
            });
            for (path, offset, value) in read {
                done(path, offset, value);
            }
        }
        for group in &batch.groups {
            release(&mut state.store, &group.chain);
            state.store.release(group.own.segment);
        }
        *batch = Batch::default();
    }
}

/// Adds the next ids of the warm path to the batch, in the path's last segment where nothing branches off, else in a new one.
/// The batch holds every segment that it reads until it is computed.
fn add_rows(state: &mut State, batch: &mut Batch, ids: &[u32]) {
    let whole = |link: &&Link| state.store.len(link.segment) == link.len;
    let own = if let Some(link) = state.warm.last().filter(whole) {
        *link
    } else {
        let link = Link { segment: state.store.open(), len: 0 };
        state.warm.push(link);
        link
    };
    let chain = state.warm[..state.warm.len() - 1].to_vec();
    chain.iter().chain([&own]).for_each(|link| state.store.hold(link.segment));
    state.store.extend(own.segment, ids.len());
    if let Some(last) = state.warm.last_mut() {
        last.len += ids.len();
    }
    let first = batch.tokens.len();
    batch.tokens.extend_from_slice(ids);
    state.warm_ids.extend_from_slice(ids);
    batch.groups.push(Group { chain, own, rows: first..first + ids.len() });
}

/// How many leading ids two sequences share.
fn shared(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The wanted outputs as (row in the order of computing, path, position − first), sorted by row. `warm` positions of the
/// first path are not computed.
fn wanted_rows(paths: &[Path], order: &[usize], warm: usize) -> Vec<(usize, usize, usize)> {
    let mut wanted = Vec::new();
    let mut rows: Vec<usize> = vec![usize::MAX; warm];
    let mut computed = 0;
    let mut before: Option<&[u32]> = None;
    for &number in order {
        let Path { ids, first } = &paths[number];
        rows.truncate(before.map_or(warm, |before| shared(before, ids)));
        while rows.len() < ids.len() {
            rows.push(computed);
            computed += 1;
        }
        wanted.extend((*first..ids.len()).map(|at| (rows[at], number, at - first)));
        before = Some(ids);
    }
    wanted.sort_unstable();
    wanted
}
