//! Generation: running texts are leaves of the trie that grow; texts join and leave the batch at each step.

use crate::attention::Group;
use crate::causal::Causal;
use crate::decoded::Decoded;
use crate::kernel::rows;
use crate::kv::Link;
use crate::needs;
use crate::running::{Progress, Running, Turn, next_sequence};
use crate::text::side::TextSide;
use crate::walk::{Path, State, Walk, release};
use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};
use telos_control::Start;
use telos_core::{Action, Ask, Constraint, ConstraintSpec, ErrorKind, Outcome, Prompt, Reply, Request, RequestError};

/// Opens the constraints that controllers name.
pub(crate) type OpenConstraint<'a> = &'a dyn Fn(&ConstraintSpec) -> Result<Arc<dyn Constraint>, RequestError>;

/// The ids that are kept of a prompt, and how many were dropped on its left, where `positions` must hold `new` ids more.
pub(crate) fn keep_prompt(
    text: &TextSide,
    prompt: &Prompt,
    max_length: Option<usize>,
    new: usize,
    positions: usize,
) -> Result<(Vec<u32>, usize), RequestError> {
    let size = max_length.map_or(positions, |max| max.min(positions));
    if size <= new {
        return Err(RequestError::new(
            ErrorKind::TooLong,
            format!("no room for a prompt: {size} positions and `max_new_tokens` {new}; ask for fewer"),
        ));
    }
    let mut ids = text.prompt(prompt, true)?;
    let dropped = ids.len().saturating_sub(size - new);
    ids.drain(..dropped);
    Ok((ids, dropped))
}

impl Causal {
    /// Answers `generate` requests. The decoder's lock is held while it computes and at no other time, so that a constraint
    /// may ask this very model, and several calls may be under way at once.
    pub(crate) fn generate(
        &self,
        text: &TextSide,
        requests: &[(usize, &Request)],
        constraints: OpenConstraint<'_>,
        on_reply: &mut dyn FnMut(usize, Outcome),
    ) {
        let mut waiting = Vec::new();
        for (place, request) in requests {
            match self.prepare(text, *place, request, constraints) {
                Ok(running) => waiting.push(running),
                Err(error) => on_reply(*place, Err(error)),
            }
        }
        // Texts of one prompt start together, so that the prompt is computed once.
        waiting.sort_by(|a, b| a.ids.cmp(&b.ids).then(a.place.cmp(&b.place)));
        let mut waiting: VecDeque<Running> = waiting.into();
        let mut running: Vec<Running> = Vec::new();
        while !waiting.is_empty() || !running.is_empty() {
            // Joining in groups keeps the prompts of a group in one walk.
            if running.len() * 2 <= self.running && !waiting.is_empty() {
                let many = (self.running - running.len()).min(waiting.len());
                let group: Vec<Running> = waiting.drain(..many).collect();
                running.extend(self.start(group));
            }
            self.decide(text, &mut running);
            running = self.advance(text, running, on_reply);
        }
    }

    fn prepare(
        &self,
        text: &TextSide,
        place: usize,
        request: &Request,
        constraints: OpenConstraint<'_>,
    ) -> Result<Running, RequestError> {
        let Ask::Generate { prompt, sampling, controller, trace } = &request.ask else {
            return Err(RequestError::new(ErrorKind::Internal, "this kind of request is not generated"));
        };
        let d = &self.decoder.description;
        let (ids, truncated) = keep_prompt(text, prompt, request.max_length, sampling.max_new_tokens, d.positions)?;
        if let Some(id) = ids.iter().find(|id| **id as usize >= d.vocabulary) {
            return Err(RequestError::invalid(format!("id {id} is not in the vocabulary of {}", d.vocabulary)));
        }
        let parsed = telos_control::parse(controller)?;
        let opened: Vec<Arc<dyn Constraint>> = parsed.constraints.iter().map(constraints).collect::<Result<_, _>>()?;
        let start = Start { sampling: sampling.clone(), eos: self.eos.clone() };
        Ok(Running {
            place,
            sequence: next_sequence(),
            asked: prompt.clone(),
            prompt: ids.len(),
            whole: (!opened.is_empty()).then(|| Decoded::of(text, &ids)).transpose()?,
            generated: Decoded::new(),
            ids,
            truncated,
            chain: Vec::new(),
            chained: 0,
            own: 0,
            held: Vec::new(),
            controller: parsed.build(&start),
            constraints: opened,
            max_new_tokens: sampling.max_new_tokens,
            stop: sampling.stop.clone(),
            trace: *trace,
            logprobs: Vec::new(),
            steps: Vec::new(),
            spent: 0,
            logits: Vec::new(),
            ahead: VecDeque::new(),
            turn: Turn::Begin,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Computes the prompts of new texts, each distinct prefix once.
    fn start(&self, mut texts: Vec<Running>) -> Vec<Running> {
        let paths: Vec<Path> = texts.iter().map(|t| Path { first: t.ids.len() - 1, ids: t.ids.clone() }).collect();
        let read = |_: usize, _: usize, logits: &[f32]| logits.to_vec();
        let walk = Walk { decoder: &self.decoder, pool: &self.pool, budget: self.budget, read: &read };
        let mut state = self.lock();
        let chains = walk.run(&mut state, &paths, true, &mut |path, _, logits| texts[path].logits = logits);
        for (text, chain) in texts.iter_mut().zip(chains) {
            text.chained = text.prompt;
            text.chain = chain;
            text.own = state.store.open();
            text.held.clone_from(&text.ids);
        }
        texts
    }

    /// Lets every controller decide, as far as that needs no logits beyond those at hand.
    fn decide(&self, text: &TextSide, running: &mut [Running]) {
        loop {
            self.pool.chunks(running, 1, |_, texts| texts.iter_mut().for_each(Running::decide));
            if !needs::answer(&self.pool, text, running) {
                return;
            }
        }
    }

    /// Applies the decisions, replies for the texts that ended, and computes what the others want: the logits of their next
    /// position, or those after what their controllers try.
    fn advance(
        &self,
        text: &TextSide,
        running: Vec<Running>,
        on_reply: &mut dyn FnMut(usize, Outcome),
    ) -> Vec<Running> {
        let sums = self
            .pool
            .map(&running.iter().map(|r| r.logits.as_slice()).collect::<Vec<_>>(), |logits| rows::log_sum_exp(logits));
        let (mut goes, mut ended) = (Vec::with_capacity(running.len()), Vec::new());
        for (mut one, lse) in running.into_iter().zip(sums) {
            match self.step(text, &mut one, lse) {
                Ok(wants) => goes.push((one, wants)),
                Err(end) => ended.push((one, end)),
            }
        }
        if !ended.is_empty() {
            let mut state = self.lock();
            for (one, _) in &ended {
                release(&mut state.store, &one.chain);
                state.store.release(one.own);
            }
        }
        for (one, end) in ended {
            on_reply(one.place, end);
        }
        let mut wanting: Vec<(&mut Running, Vec<u32>)> =
            goes.iter_mut().filter_map(|(one, wants)| Some((one, wants.take()?))).collect();
        for batch in wanting.chunks_mut(self.budget) {
            self.compute(batch);
        }
        goes.into_iter().map(|(one, _)| one).collect()
    }

    /// Applies what a controller decided: the ids after which the text wants logits, or its end.
    fn step(&self, text: &TextSide, one: &mut Running, lse: f64) -> Result<Option<Vec<u32>>, Outcome> {
        if let Turn::Needs { .. } = one.turn {
            return one.wanted(text, &self.eos).map_err(Err);
        }
        let Turn::Decided(action) = std::mem::replace(&mut one.turn, Turn::Decided(Action::Fail(undecided()))) else {
            return Err(Err(undecided()));
        };
        match one.apply(text, &self.eos, lse, action) {
            Progress::Ended(end) => Err(end.map(Reply::Generate)),
            Progress::Goes if matches!(one.turn, Turn::Begin) => Ok(None),
            Progress::Goes => Ok(Some(one.ids.clone())),
        }
    }

    /// Computes the logits after each of some texts. A running text has one row as a rule (more after a rollback).
    fn compute(&self, batch: &mut [(&mut Running, Vec<u32>)]) {
        let mut state = self.lock();
        let (mut tokens, mut groups, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        for (one, ids) in batch.iter_mut() {
            let (chain, own, new) = Self::place(&mut state, one, ids);
            let first = tokens.len();
            tokens.extend_from_slice(&ids[ids.len() - new..]);
            groups.push(Group { chain, own, rows: first..tokens.len() });
            wanted.push(tokens.len() - 1);
        }
        let hidden = self.decoder.forward(&self.pool, &mut state.store, &tokens, &groups, &wanted);
        state.rows += tokens.len() as u64;
        drop(state);
        let logits = self.decoder.read_off(&self.pool, &hidden);
        let vocabulary = self.decoder.description.vocabulary;
        for ((one, _), logits) in batch.iter_mut().zip(logits.chunks_exact(vocabulary)) {
            if let Turn::Needs { .. } = one.turn {
                one.answer(logits);
            } else {
                one.logits.clear();
                one.logits.extend_from_slice(logits);
                one.turn = Turn::Begin;
            }
        }
    }

    /// Where ids go in the trie of which a text holds a part, and how many of them are to be computed: those that it does not
    /// hold, the last one in any case. What is computed again comes out the same.
    fn place(state: &mut State, one: &mut Running, ids: &[u32]) -> (Vec<Link>, Link, usize) {
        let common = one.held.iter().zip(ids).take_while(|(a, b)| a == b).count();
        let kept = common.min(ids.len() - 1);
        state.store.truncate(one.own, kept.saturating_sub(one.chained));
        while one.chained > kept {
            // Everything generated was taken back: the prompt's last position moves to the text's own segment.
            let Some(link) = one.chain.last_mut() else { break };
            let cut = link.len.min(one.chained - kept);
            link.len -= cut;
            one.chained -= cut;
            if link.len == 0 {
                state.store.release(link.segment);
                one.chain.pop();
            }
        }
        one.held.truncate(kept);
        one.held.extend_from_slice(&ids[kept..]);
        let own = Link { segment: one.own, len: state.store.len(one.own) };
        let new = ids.len() - kept;
        state.store.extend(one.own, new);
        (one.chain.clone(), own, new)
    }
}

fn undecided() -> RequestError {
    RequestError::new(ErrorKind::Internal, "the controller has not decided")
}
