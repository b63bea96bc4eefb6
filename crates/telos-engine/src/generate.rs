//! Generation: running texts are leaves of the trie that grow; texts join and leave the batch at each step.

use crate::attention::Group;
use crate::causal::Causal;
use crate::kernel::rows;
use crate::kv::Link;
use crate::pool::Pool;
use crate::running::{Progress, Running};
use crate::text::side::TextSide;
use crate::walk::{Path, State, Walk, release};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError};
use telos_control::Start;
use telos_core::control::{ConstraintSpec, Probe};
use telos_core::{Action, Ask, Constraint, ErrorKind, Outcome, Prompt, Reply, Request, RequestError};

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
    /// Answers `generate` requests.
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
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running: Vec<Running> = Vec::new();
        while !waiting.is_empty() || !running.is_empty() {
            // Joining in groups keeps the prompts of a group in one walk.
            if running.len() * 2 <= self.running && !waiting.is_empty() {
                let many = (self.running - running.len()).min(waiting.len());
                let group: Vec<Running> = waiting.drain(..many).collect();
                running.extend(self.start(&mut state, group));
            }
            self.decide(text, &mut running);
            running = self.advance(text, &mut state, running, on_reply);
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
        let parsed = telos_control::parse(controller).map_err(RequestError::invalid)?;
        let opened = parsed.constraints.iter().map(constraints).collect::<Result<_, _>>()?;
        let start = Start { sampling: sampling.clone(), eos: self.eos.clone(), first_step: 0 };
        Ok(Running {
            place,
            prompt: ids.len(),
            ids,
            truncated,
            chain: Vec::new(),
            chained: 0,
            own: 0,
            controller: parsed.build(&start),
            constraints: opened,
            max_new_tokens: sampling.max_new_tokens,
            stop: sampling.stop.clone(),
            trace: *trace,
            logprobs: Vec::new(),
            steps: Vec::new(),
            logits: Vec::new(),
            action: None,
            texts: HashMap::new(),
        })
    }

    /// Computes the prompts of new texts, each distinct prefix once.
    fn start(&self, state: &mut State, mut texts: Vec<Running>) -> Vec<Running> {
        let paths: Vec<Path> = texts.iter().map(|t| Path { first: t.ids.len() - 1, ids: t.ids.clone() }).collect();
        let read = |_: usize, _: usize, logits: &[f32]| logits.to_vec();
        let walk = Walk { decoder: &self.decoder, pool: &self.pool, budget: self.budget, read: &read };
        let chains = walk.run(state, &paths, true, &mut |path, _, logits| texts[path].logits = logits);
        for (text, chain) in texts.iter_mut().zip(chains) {
            text.chained = text.prompt;
            text.chain = chain;
            text.own = state.store.open();
        }
        texts
    }

    /// Lets every controller decide. The needs of all texts are gathered, and each constraint is asked once a round.
    fn decide(&self, text: &TextSide, running: &mut [Running]) {
        self.pool.chunks(running, 1, |_, texts| {
            for text in texts {
                text.action = Some(text.controller.begin(&text.logits));
            }
        });
        loop {
            let needs = needs_of(&self.pool, text, running);
            if needs.is_empty() {
                return;
            }
            let values = ask_constraints(running, &needs);
            for ((i, texts), values) in needs.into_iter().zip(values) {
                match texts.and_then(|texts| values.map(|values| (texts, values))) {
                    Ok((texts, values)) => running[i].resume(&texts, values),
                    Err(error) => running[i].action = Some(Action::Fail(error)),
                }
            }
        }
    }

    /// Applies the decisions, replies for the texts that ended, and computes the next position of the others.
    fn advance(
        &self,
        text: &TextSide,
        state: &mut State,
        running: Vec<Running>,
        on_reply: &mut dyn FnMut(usize, Outcome),
    ) -> Vec<Running> {
        let sums = self
            .pool
            .map(&running.iter().map(|r| r.logits.as_slice()).collect::<Vec<_>>(), |logits| rows::log_sum_exp(logits));
        let mut goes = Vec::with_capacity(running.len());
        for (mut one, lse) in running.into_iter().zip(sums) {
            let Some(action) = one.action.take() else { continue };
            match one.apply(text, &self.eos, lse, action) {
                Progress::Goes => goes.push(one),
                Progress::Ended(end) => {
                    release(&mut state.store, &one.chain);
                    state.store.release(one.own);
                    on_reply(one.place, end.map(Reply::Generate));
                }
            }
        }
        // A running text has one row (more only after a rollback).
        for batch in goes.chunks_mut(self.budget) {
            let mut tokens = Vec::new();
            let mut groups = Vec::new();
            let mut wanted = Vec::new();
            for one in batch.iter_mut() {
                let (chain, own, new) = Self::place(state, one);
                let first = tokens.len();
                tokens.extend_from_slice(&one.ids[one.ids.len() - new..]);
                groups.push(Group { chain, own, rows: first..tokens.len() });
                wanted.push(tokens.len() - 1);
            }
            let hidden = self.decoder.forward(&self.pool, &mut state.store, &tokens, &groups, &wanted);
            state.rows += tokens.len() as u64;
            let logits = self.decoder.read_off(&self.pool, &hidden);
            let vocabulary = self.decoder.description.vocabulary;
            for (one, logits) in batch.iter_mut().zip(logits.chunks_exact(vocabulary)) {
                one.logits.clear();
                one.logits.extend_from_slice(logits);
            }
        }
        goes
    }

    /// Where a text's next ids go in the trie, and how many they are. After a rollback, the position before the one that is
    /// due is computed again; its keys and values come out the same.
    fn place(state: &mut State, one: &mut Running) -> (Vec<Link>, Link, usize) {
        let kept = (one.chained + state.store.len(one.own)).min(one.ids.len() - 1);
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
        let own = Link { segment: one.own, len: state.store.len(one.own) };
        let new = one.ids.len() - kept;
        state.store.extend(one.own, new);
        (one.chain.clone(), own, new)
    }
}

/// Which texts' h each asking text needs.
fn needs_of(pool: &Pool, text: &TextSide, running: &[Running]) -> Vec<(usize, Result<Vec<String>, RequestError>)> {
    let asking: Vec<(usize, &[u32], &[Probe])> = running
        .iter()
        .enumerate()
        .filter_map(|(i, one)| match &one.action {
            Some(Action::Need(probes)) => Some((i, one.ids.as_slice(), probes.as_slice())),
            _ => None,
        })
        .collect();
    pool.map(&asking, |(i, ids, probes)| (*i, texts_of(text, ids, probes)))
}

/// The texts that a controller's needs stand for.
fn texts_of(text: &TextSide, ids: &[u32], probes: &[Probe]) -> Result<Vec<String>, RequestError> {
    let mut ids = ids.to_vec();
    probes
        .iter()
        .map(|probe| match probe {
            Probe::Here => text.decode(&ids),
            Probe::After(token) => {
                ids.push(*token);
                let decoded = text.decode(&ids);
                ids.pop();
                decoded
            }
        })
        .collect()
}

type Values = Result<Vec<Vec<f64>>, RequestError>;

/// h of all texts that are asked for, one list for each asking text, in order of its probes.
fn ask_constraints(running: &[Running], needs: &[(usize, Result<Vec<String>, RequestError>)]) -> Vec<Values> {
    let mut answers: Vec<Values> =
        needs.iter().map(|(_, texts)| Ok(vec![Vec::new(); texts.as_ref().map_or(0, Vec::len)])).collect();
    let most = needs.iter().map(|(i, _)| running[*i].constraints.len()).max().unwrap_or(0);
    for number in 0..most {
        // Texts of several controllers may share a constraint; it is asked once with the texts of all of them.
        let mut shared: Vec<(Arc<dyn Constraint>, Vec<usize>)> = Vec::new();
        for (asking, (i, texts)) in needs.iter().enumerate() {
            let Some(constraint) = running[*i].constraints.get(number) else { continue };
            if texts.is_err() {
                continue;
            }
            match shared.iter_mut().find(|(known, _)| Arc::ptr_eq(known, constraint)) {
                Some((_, askers)) => askers.push(asking),
                None => shared.push((constraint.clone(), vec![asking])),
            }
        }
        for (constraint, askers) in shared {
            let texts: Vec<&str> =
                askers.iter().flat_map(|a| needs[*a].1.iter().flatten().map(String::as_str)).collect();
            let mut values = constraint.values(&texts).into_iter();
            for asker in askers {
                let many = needs[asker].1.as_ref().map_or(0, Vec::len);
                for at in 0..many {
                    match (values.next(), &mut answers[asker]) {
                        (Some(Ok(h)), Ok(answer)) => answer[at].push(h),
                        (Some(Err(error)), answer @ Ok(_)) => *answer = Err(error),
                        (None, answer @ Ok(_)) => {
                            let message = "a constraint answered too few texts";
                            *answer = Err(RequestError::new(ErrorKind::Internal, message));
                        }
                        (_, Err(_)) => {}
                    }
                }
            }
        }
    }
    answers
}
