//! An item's repeat, asked wave by wave: the turns of the benchmark's chat, then what its evaluator asks. What comes next follows
//! from what was answered, so that nothing but the requests' hashes and their replies has to be kept.

use crate::bench::{Asker, Bench, PromptError};
use crate::journal::Key;
use crate::scoring::Scoring;
use serde_json::{Map, Value};
use telos_core::{Case, Exchange, Item, Outcome, Request, Score, Status};

/// One wave: what was asked at one time, and what came back.
#[derive(Debug, Default)]
pub(crate) struct Wave {
    pub requests: Vec<Request>,
    /// What each request is kept under.
    pub keys: Vec<Key>,
    /// One for each request; empty while the wave is open.
    pub replies: Vec<Outcome>,
}

/// An item and repeat with its waves so far.
pub(crate) struct Chain {
    pub item: Item,
    pub repeat: u32,
    /// The evaluator's parameters, filled.
    pub params: Map<String, Value>,
    /// Answered waves.
    pub waves: Vec<Wave>,
    /// How many of them are the benchmark's own; none while it may still ask.
    pub turns: Option<usize>,
    /// Why it is not asked.
    pub skipped: Option<String>,
}

impl Chain {
    /// The requests of the next wave; none where all has been asked. An answered wave that holds an error ends the benchmark's
    /// own waves, and its evaluator asks nothing then.
    pub(crate) fn next(&mut self, bench: &Bench<'_>, asker: Asker<'_>) -> Result<Vec<Request>, PromptError> {
        if self.skipped.is_some() {
            return Ok(Vec::new());
        }
        if self.turns.is_none() {
            let turn = self.waves.len();
            let failed = self.waves.last().is_some_and(|wave| wave.replies.iter().any(Result::is_err));
            if !failed && turn < bench.scoring.recipe.turns() {
                let exchanges = self.exchanges();
                let requests = bench.turn(&self.item, self.repeat, asker, &exchanges)?;
                if !requests.is_empty() {
                    return Ok(requests);
                }
            }
            self.turns = Some(turn);
        }
        let own = self.turns.unwrap_or(self.waves.len());
        let failed = self.waves[..own].iter().flat_map(|wave| &wave.replies).any(Result::is_err);
        let Some(asks) = bench.scoring.evaluator.asks().filter(|_| !failed) else { return Ok(Vec::new()) };
        Ok(asks.next(&self.case(&self.exchanges())))
    }

    fn exchanges(&self) -> Vec<Exchange<'_>> {
        self.waves.iter().map(|wave| Exchange { requests: &wave.requests, replies: &wave.replies }).collect()
    }

    fn case<'b>(&'b self, waves: &'b [Exchange<'b>]) -> Case<'b> {
        Case { item: &self.item, params: &self.params, turns: self.turns.unwrap_or(waves.len()), waves }
    }

    /// The scores, all waves answered.
    pub(crate) fn scores(&self, scoring: &Scoring) -> Vec<Score> {
        match &self.skipped {
            Some(reason) => scoring.missing(Status::Skipped, reason),
            None => scoring.scores(&self.case(&self.exchanges())),
        }
    }
}
