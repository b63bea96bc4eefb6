//! A run at work: which requests an item has, what is asked of whom, and what the journal answers.

use crate::bench::{Bench, Side};
use crate::cache::Cache;
use crate::error::RunError;
use crate::events::{Event, Listener, UnitInfo};
use crate::fit::Fit;
use crate::journal::{Journal, Key};
use crate::names::Names;
use crate::problem::Problem;
use crate::schedule::{Prepared, Schedule};
use crate::scoring::Asked;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;
use telos_core::control::ControllerSpec;
use telos_core::model::Weights;
use telos_core::{ErrorKind, Item, Model, Models, Outcome, Request, RequestError};

/// Requests of the second wave that are asked together at most: each may stand for one text or for every prefix of one.
const FOLLOW_UPS: usize = 64;

/// What is needed to ask and to look up.
pub(crate) struct Session<'a> {
    pub prepared: &'a Prepared<'a>,
    pub schedule: &'a Schedule,
    pub models: &'a dyn Models,
    /// With weights, in the suite's order.
    pub loaded: Vec<Option<Arc<dyn Model>>>,
    pub names: Names,
    pub journal: Journal,
    pub cache: Option<Cache>,
    pub none: ControllerSpec,
}

/// An item and repeat of one model and controller, and its requests of the first wave.
pub(crate) struct Slot<'a> {
    pub bench: &'a Bench<'a>,
    pub item: &'a Item,
    pub repeat: u32,
    pub params: Map<String, Value>,
    pub requests: Vec<Request>,
    pub keys: Vec<Key>,
    /// Why it is not asked.
    pub skipped: Option<String>,
}

/// Where a slot is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub model: usize,
    pub controller: Option<usize>,
    pub benchmark: usize,
    /// Item × repeats + repeat.
    pub slot: usize,
}

/// A slot with everything that was answered.
pub(crate) struct Answered<'a> {
    pub slot: Slot<'a>,
    pub replies: Vec<Outcome>,
    pub follow_ups: Vec<Request>,
    pub follow_up_keys: Vec<Key>,
    pub follow_up_replies: Vec<Outcome>,
}

impl Slot<'_> {
    pub(crate) fn asked<'b>(&'b self, replies: &'b [Outcome]) -> Asked<'b> {
        Asked { item: self.item, params: &self.params, requests: &self.requests, replies }
    }
}

impl<'a> Session<'a> {
    /// A benchmark of the run; all are there, or the run would not have started.
    pub(crate) fn bench(&self, place: usize) -> Result<&'a Bench<'a>, RunError> {
        self.prepared.benches[place].as_ref().ok_or_else(|| {
            RunError::Problems(vec![Problem::new(
                format!("benchmark `{}`", self.prepared.suite.benchmarks[place].id),
                "it could not be prepared",
            )])
        })
    }

    /// A model under test, with weights.
    fn model(&self, place: usize) -> Result<&Arc<dyn Model>, RunError> {
        self.loaded[place].as_ref().ok_or_else(|| {
            let about = format!("model `{}`", self.prepared.suite.models[place].id);
            RunError::Problems(vec![Problem::new(about, "it is not loaded")])
        })
    }

    /// Renders the requests of the first wave.
    pub(crate) fn slot(&mut self, at: At) -> Result<Slot<'a>, RunError> {
        let bench = self.bench(at.benchmark)?;
        let repeats = bench.repeats() as usize;
        let (place, repeat) = (at.slot / repeats, (at.slot % repeats) as u32);
        let entry = &self.prepared.suite.models[at.model];
        let (shots, skipped) = match self.schedule.fit(at.model, at.benchmark, place, bench.spec.fewshot.n) {
            Fit::Shots(shots) => (shots, None),
            // The requests are shown as they would have been asked.
            Fit::Skip(reason) => (bench.spec.fewshot.n, Some(reason)),
        };
        let side = Side {
            model: self.model(at.model)?.as_ref(),
            max_length: entry.max_length,
            controller: at.controller.map_or(&self.none, |c| &self.prepared.suite.controllers[c].controller),
            repeat,
            shots,
        };
        let told =
            |message: String| RunError::Problems(vec![Problem::new(format!("benchmark `{}`", bench.spec.id), message)]);
        let requests = bench.requests(place, side).map_err(|error| told(error.to_string()))?;
        let params = bench.params(place).map_err(|error| told(error.to_string()))?;
        let keys = requests.iter().map(|request| self.key(request, at.model)).collect();
        Ok(Slot { bench, item: &bench.items[place], repeat, params, requests, keys, skipped })
    }

    /// The hash of a request; the models that it names are opened first, so that their bytes are in it.
    fn key(&mut self, request: &Request, model: usize) -> Key {
        if let Some(named) = &request.model
            && !self.names.knows(named)
            // One that cannot be opened gives an error reply, under its string form.
            && let Ok(opened) = self.models.open(named, Weights::Load)
        {
            self.names.know(named, opened.card());
        }
        self.names.key(request, &self.prepared.suite.models[model].model)
    }

    /// The replies to some requests; none where one is missing.
    fn replies(&mut self, requests: &[Request], keys: &[Key]) -> Result<Option<Vec<Outcome>>, RunError> {
        requests.iter().zip(keys).map(|(request, key)| self.journal.get(key, request.kind())).collect()
    }

    /// A slot with its replies and follow-ups; `None` where a reply of the first wave is missing.
    fn first_wave(&mut self, at: At) -> Result<Option<Answered<'a>>, RunError> {
        let slot = self.slot(at)?;
        if slot.skipped.is_some() {
            let (replies, follow_ups) = (Vec::new(), Vec::new());
            let (follow_up_keys, follow_up_replies) = (Vec::new(), Vec::new());
            return Ok(Some(Answered { slot, replies, follow_ups, follow_up_keys, follow_up_replies }));
        }
        let Some(mut replies) = self.replies(&slot.requests, &slot.keys)? else { return Ok(None) };
        if at.controller.is_none_or(|c| self.prepared.suite.controllers[c].controller.is_none()) {
            forget_steps(&mut replies);
        }
        let follow_ups = slot.bench.scoring.follow_ups(slot.asked(&replies));
        let follow_up_keys = follow_ups.iter().map(|request| self.key(request, at.model)).collect();
        Ok(Some(Answered { slot, replies, follow_ups, follow_up_keys, follow_up_replies: Vec::new() }))
    }

    /// A slot with all that was answered. Everything has been asked by now, so a missing reply is the journal's fault.
    pub(crate) fn answered(&mut self, at: At) -> Result<Answered<'a>, RunError> {
        let lost = || RunError::Journal {
            path: crate::journal::JOURNAL.into(),
            message: "a reply that was written is not there".to_owned(),
        };
        let mut answered = self.first_wave(at)?.ok_or_else(lost)?;
        answered.follow_up_replies = self.replies(&answered.follow_ups, &answered.follow_up_keys)?.ok_or_else(lost)?;
        Ok(answered)
    }

    /// Requests of the first wave in a range of slots that have no reply yet, each once.
    pub(crate) fn missing(&mut self, at: At, slots: std::ops::Range<usize>) -> Result<Vec<(Key, Request)>, RunError> {
        let (mut wanted, mut seen) = (Vec::new(), HashSet::new());
        for slot in slots {
            let slot = self.slot(At { slot, ..at })?;
            if slot.skipped.is_some() {
                continue;
            }
            let new = slot.keys.into_iter().zip(slot.requests);
            wanted.extend(new.filter(|(key, _)| !self.journal.has(key) && seen.insert(*key)));
        }
        Ok(wanted)
    }

    /// Follow-ups in a range of slots that have no reply yet, each once, in pieces.
    pub(crate) fn missing_follow_ups(
        &mut self,
        at: At,
        slots: std::ops::Range<usize>,
    ) -> Result<Vec<Vec<(Key, Request)>>, RunError> {
        let (mut wanted, mut seen) = (Vec::new(), HashSet::new());
        for slot in slots {
            let Some(answered) = self.first_wave(At { slot, ..at })? else { continue };
            let new = answered.follow_up_keys.into_iter().zip(answered.follow_ups);
            wanted.extend(new.filter(|(key, _)| !self.journal.has(key) && seen.insert(*key)));
        }
        let mut pieces = Vec::new();
        while !wanted.is_empty() {
            let rest = wanted.split_off(wanted.len().min(FOLLOW_UPS));
            pieces.push(std::mem::replace(&mut wanted, rest));
        }
        Ok(pieces)
    }

    /// Asks and writes each reply into the journal as it comes; gives the number of errors.
    pub(crate) fn ask(
        &mut self,
        model: usize,
        wanted: Vec<(Key, Request)>,
        listener: &mut dyn Listener,
    ) -> Result<u64, RunError> {
        let of = wanted.len() as u64;
        let wanted = self.answer_from_cache(model, wanted, listener)?;
        if wanted.is_empty() {
            return Ok(0);
        }
        let under_test = &self.prepared.suite.models[model].model;
        let model = self.model(model)?.clone();
        let (keys, requests): (Vec<Key>, Vec<Request>) = wanted.into_iter().unzip();
        let (mut done, mut errors, mut failure) = (of - requests.len() as u64, 0, None);
        let (journal, cache, names) = (&mut self.journal, &mut self.cache, &self.names);
        let began = Instant::now();
        model.answer(&requests, &mut |place, outcome| {
            let (Some(key), None) = (keys.get(place), &failure) else { return };
            if journal.has(key) {
                return;
            }
            let outcome = finite(outcome);
            errors += u64::from(outcome.is_err());
            if let Err(error) = journal.reply(*key, &outcome, Some(began.elapsed().as_secs_f64())) {
                failure = Some(error);
            }
            // A server may answer the same request otherwise tomorrow, and what failed may succeed.
            if let Some(cache) = cache
                && outcome.is_ok()
                && names.pinned(&requests[place], under_test)
            {
                cache.note(*key);
            }
            done += 1;
            listener.on(&Event::Replied { done, of });
        });
        if let Some(error) = failure {
            return Err(error);
        }
        for key in &keys {
            if !self.journal.has(key) {
                errors += 1;
                let error = RequestError::new(ErrorKind::Internal, "the model gave no reply to this request");
                self.journal.reply(*key, &Err(error), None)?;
            }
        }
        Ok(errors)
    }

    /// Answers what the cache can answer, and gives the rest.
    fn answer_from_cache(
        &mut self,
        model: usize,
        wanted: Vec<(Key, Request)>,
        listener: &mut dyn Listener,
    ) -> Result<Vec<(Key, Request)>, RunError> {
        let Some(cache) = &mut self.cache else { return Ok(wanted) };
        let under_test = &self.prepared.suite.models[model].model;
        let (mut done, of) = (0, wanted.len() as u64);
        let mut rest = Vec::new();
        for (key, request) in wanted {
            // Only replies of pinned requests are kept, and their keys hold the bytes of the models.
            let pinned = self.names.pinned(&request, under_test);
            if let Some(reply) = pinned.then(|| cache.get(&key, request.kind())).flatten() {
                self.journal.reply(key, &Ok(reply), None)?;
                done += 1;
                listener.on(&Event::Replied { done, of });
            } else {
                rest.push((key, request));
            }
        }
        Ok(rest)
    }

    /// What a unit is, for listeners.
    pub(crate) fn info(&self, at: At, wave: u8, id: String, slots: &Range<usize>, requests: usize) -> UnitInfo {
        let suite = self.prepared.suite;
        let bench = self.prepared.benches[at.benchmark].as_ref();
        UnitInfo {
            id,
            model: suite.models[at.model].id.clone(),
            controller: at.controller.map(|c| suite.controllers[c].id.clone()),
            benchmark: suite.benchmarks[at.benchmark].id.clone(),
            wave,
            requests: requests as u64,
            before: slots.start as u64,
            texts: slots.len() as u64,
            of: bench.map_or(0, |bench| bench.items.len() as u64 * u64::from(bench.repeats())),
        }
    }
}

/// A reply with a number that is not finite is an error: no table could hold it, and no mean could use it.
fn finite(outcome: Outcome) -> Outcome {
    match outcome.as_ref().ok().and_then(telos_core::Reply::not_finite) {
        Some(field) => Err(RequestError::new(ErrorKind::NotFinite, format!("`{field}` of the reply is not finite"))),
        None => outcome,
    }
}

/// The trace of the controller that changes nothing stands in no table, so no score may depend on it.
fn forget_steps(replies: &mut [Outcome]) {
    for reply in replies {
        if let Ok(telos_core::Reply::Generate(generation)) = reply {
            generation.steps = None;
        }
    }
}
