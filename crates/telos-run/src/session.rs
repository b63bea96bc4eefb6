//! A run at work: what its models are, which requests an item has, and what the journal answers.

use crate::bench::{Asker, Bench, PromptError, Side};
use crate::cache::Cache;
use crate::chain::{Chain, Wave};
use crate::error::RunError;
use crate::fit::Fit;
use crate::journal::{Journal, Key};
use crate::lanes::LaneId;
use crate::names::Names;
use crate::problem::Problem;
use crate::requests::redrawn;
use crate::schedule::{Prepared, Schedule};
use serde_json::{Map, Value};
use telos_core::control::ControllerSpec;
use telos_core::model::Weights;
use telos_core::{Item, ModelRef, Models, Outcome, Reply, Request};

/// What is needed to look up what was asked and answered.
pub(crate) struct Session<'a> {
    pub prepared: &'a Prepared<'a>,
    pub schedule: &'a Schedule,
    pub models: &'a dyn Models,
    pub names: Names,
    pub journal: Journal,
    pub cache: Option<Cache>,
    /// The item whose requests were rendered last: its repeats differ in their noise alone.
    pub rendered: Option<Rendered>,
}

/// An item's requests of the first wave, first repeat, without a controller.
pub(crate) struct Rendered {
    model: usize,
    benchmark: usize,
    place: usize,
    item: Item,
    requests: Vec<Request>,
    params: Map<String, Value>,
}

/// A slot: an item and repeat of one model and controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub lane: LaneId,
    /// Item × repeats + repeat.
    pub slot: usize,
}

/// A slot's waves, and the wave that has no replies yet where there is one.
pub(crate) struct Asked {
    pub chain: Chain,
    pub open: Option<Wave>,
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

    /// Whether all first requests of a slot have their replies; a slot that is skipped has none to wait for.
    pub(crate) fn begun(&self, at: At) -> bool {
        self.schedule.lanes.keys(at.lane, at.slot).iter().all(|key| self.journal.has(key))
    }

    /// The controller of a lane.
    fn controller(&self, lane: LaneId) -> &'a ControllerSpec {
        let prepared = self.prepared;
        lane.controller.map_or(&prepared.none, |c| &prepared.suite.controllers[c].controller)
    }

    /// Asks a slot's waves of the journal, up to the first that has no replies.
    pub(crate) fn asked(&mut self, at: At) -> Result<Asked, RunError> {
        let bench = self.bench(at.lane.benchmark)?;
        let told = |error: PromptError| {
            RunError::Problems(vec![Problem::new(format!("benchmark `{}`", bench.spec.id), error.to_string())])
        };
        let repeats = bench.repeats() as usize;
        let (place, repeat) = (at.slot / repeats, (at.slot % repeats) as u32);
        let usual = bench.spec.fewshot.n;
        let (shots, skipped) = match self.schedule.fit(at.lane.model, at.lane.benchmark, place, usual) {
            Fit::Shots(shots) => (shots, None),
            // The requests are shown as they would have been asked.
            Fit::Skip(reason) => (usual, Some(reason)),
        };
        self.render(at.lane, place, shots).map_err(told)?;
        let controller = self.controller(at.lane);
        let asker = Asker { controller, max_length: self.prepared.suite.models[at.lane.model].max_length };
        let Some(rendered) = &self.rendered else { return Err(lost()) };
        let mut requests: Vec<Request> =
            rendered.requests.iter().map(|request| redrawn(request, controller, repeat)).collect();
        let params = rendered.params.clone();
        let item = rendered.item.clone();
        let mut chain = Chain { item, repeat, params, waves: Vec::new(), turns: None, skipped };
        let mut keys = self.schedule.lanes.keys(at.lane, at.slot).to_vec();
        if keys.len() != requests.len() {
            keys = requests.iter().map(|request| self.key(request, at.lane.model)).collect();
        }
        if chain.skipped.is_some() {
            let wave = Wave { requests, keys, replies: Vec::new() };
            return Ok(Asked { chain, open: Some(wave) });
        }
        let forgets = controller.is_none();
        while !requests.is_empty() {
            let Some(mut replies) = self.replies(&requests, &keys)? else {
                return Ok(Asked { chain, open: Some(Wave { requests, keys, replies: Vec::new() }) });
            };
            if forgets {
                forget_steps(&mut replies);
            }
            chain.waves.push(Wave { requests, keys, replies });
            requests = chain.next(bench, asker).map_err(told)?;
            keys = requests.iter().map(|request| self.key(request, at.lane.model)).collect();
        }
        Ok(Asked { chain, open: None })
    }

    /// A slot with all that was asked. Everything has been answered by now, so a missing reply is the journal's fault.
    pub(crate) fn answered(&mut self, at: At) -> Result<Asked, RunError> {
        let asked = self.asked(at)?;
        if asked.open.is_some() && asked.chain.skipped.is_none() { Err(lost()) } else { Ok(asked) }
    }

    /// Renders an item's first requests, unless they were rendered last.
    fn render(&mut self, lane: LaneId, place: usize, shots: usize) -> Result<(), PromptError> {
        let known = |r: &Rendered| (r.model, r.benchmark, r.place) == (lane.model, lane.benchmark, place);
        if self.rendered.as_ref().is_some_and(known) {
            return Ok(());
        }
        let (Some(bench), Some(model)) = (&self.prepared.benches[lane.benchmark], &self.prepared.models[lane.model])
        else {
            return Ok(());
        };
        let max_length = self.prepared.suite.models[lane.model].max_length;
        let side = Side { model: model.as_ref(), max_length, controller: &self.prepared.none, repeat: 0, shots };
        let item = bench.items.get(place);
        let requests = bench.requests((place, &item), side)?;
        let params = bench.params(&item)?;
        self.rendered = Some(Rendered { model: lane.model, benchmark: lane.benchmark, place, item, requests, params });
        Ok(())
    }

    /// Whom a request asks.
    pub(crate) fn target<'b>(&'b self, request: &'b Request, model: usize) -> &'b ModelRef {
        request.model.as_ref().unwrap_or(&self.prepared.suite.models[model].model)
    }

    /// The hash of a request; the bytes of the models that it names are looked at first, so that they are in it.
    fn key(&mut self, request: &Request, model: usize) -> Key {
        if let Some(named) = &request.model
            && !self.names.knows(named)
            // One that cannot be opened gives an error reply, under its string form.
            && let Ok(opened) = self.models.open(named, Weights::Hash)
        {
            self.names.know(named, opened.card());
        }
        self.names.key(request, &self.prepared.suite.models[model].model)
    }

    /// The replies to some requests; none where one is missing.
    fn replies(&mut self, requests: &[Request], keys: &[Key]) -> Result<Option<Vec<Outcome>>, RunError> {
        requests.iter().zip(keys).map(|(request, key)| self.journal.get(key, request.kind())).collect()
    }
}

fn lost() -> RunError {
    RunError::Journal {
        path: crate::journal::JOURNAL.into(),
        message: "a reply that was written is not there".to_owned(),
    }
}

/// The trace of the controller that changes nothing stands in no table, so no score may depend on it.
fn forget_steps(replies: &mut [Outcome]) {
    for reply in replies {
        if let Ok(Reply::Generate(generation)) = reply {
            generation.steps = None;
        }
    }
}
