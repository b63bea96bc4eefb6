//! One look at each item of a benchmark before anything is asked: whether it can be scored, how it fits the model, which tokens its
//! prompts have, and what its requests are kept under. Items are looked at side by side and told in order, so that nothing
//! depends on how many processors there are.

use crate::bench::{Bench, Side};
use crate::fit::{Fit, Fitted, fit};
use crate::journal::Key;
use crate::names::Names;
use crate::requests::redrawn;
use serde_json::{Map, Value};
use std::ops::Range;
use telos_core::{ControllerSpec, Item, ModelCard, ModelRef};
use telos_spec::suite::Truncation;

/// Items that are looked at before the next ones are begun: what stands in memory at a time.
const BLOCK: usize = 256;

/// Processors that look at most; more would wait for the tokenizer's memory.
const THREADS: usize = 8;

/// A benchmark on a model.
pub(crate) struct Looking<'a> {
    pub bench: &'a Bench<'a>,
    /// Without a controller, the first repeat, all examples.
    pub side: Side<'a>,
    pub under_test: &'a ModelRef,
    /// The controllers that act, or the one that does nothing.
    pub controllers: Vec<&'a ControllerSpec>,
    pub truncation: Truncation,
    pub names: &'a Names,
}

/// What one item is found to be.
pub(crate) struct Looked {
    /// What keeps the run from starting.
    pub problems: Vec<String>,
    /// How it is asked; none where it cannot be.
    pub fitted: Option<Fitted>,
    /// For each controller, then each repeat, the keys of its requests; empty where the item is skipped.
    pub keys: Vec<Vec<Key>>,
}

impl Looking<'_> {
    /// Looks at every item; `take` is given them in order.
    pub(crate) fn each(&self, take: &mut dyn FnMut(usize, Looked)) {
        let items = self.bench.items.len();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        for begin in (0..items).step_by(BLOCK) {
            let block = begin..items.min(begin + BLOCK);
            for (place, looked) in block.clone().zip(self.block(block, threads)) {
                take(place, looked);
            }
        }
    }

    fn block(&self, block: Range<usize>, threads: usize) -> Vec<Looked> {
        let each = block.len().div_ceil(threads).max(1);
        let parts: Vec<Range<usize>> =
            block.clone().step_by(each).map(|begin| begin..block.end.min(begin + each)).collect();
        let look = |part: Range<usize>| part.map(|place| self.item(place)).collect::<Vec<_>>();
        let [first, rest @ ..] = &parts[..] else { return Vec::new() };
        std::thread::scope(|scope| {
            let others: Vec<_> = rest.iter().map(|part| scope.spawn(|| look(part.clone()))).collect();
            let mut looked = look(first.clone());
            for other in others {
                match other.join() {
                    Ok(found) => looked.extend(found),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            looked
        })
    }

    fn item(&self, place: usize) -> Looked {
        let Self { bench, side, .. } = self;
        let mut problems = Vec::new();
        let item = bench.items.get(place);
        match bench.params(&item) {
            Ok(params) => {
                problems.extend(unknown_target(side.model.card(), bench, &item, &params));
                if let Err(message) = bench.scoring.evaluator.check_item(&item, &params) {
                    problems.push(format!("item `{}`: {message}", item.id));
                }
            }
            Err(error) => problems.push(format!("failed to {error}")),
        }
        let fitted = fit(bench, (place, &item), *side, self.truncation).map_err(|message| problems.push(message)).ok();
        let keys = match &fitted {
            Some(Fitted { fit: Fit::Shots(_), requests, .. }) => {
                let all = self.controllers.iter().flat_map(|c| (0..bench.repeats()).map(move |repeat| (*c, repeat)));
                let keys = |(controller, repeat)| {
                    let key = |request| self.names.key(&redrawn(request, controller, repeat), self.under_test);
                    requests.iter().map(key).collect()
                };
                all.map(keys).collect()
            }
            _ => Vec::new(),
        };
        Looked { problems, fitted, keys }
    }
}

/// A right answer that a classifier under test cannot give.
fn unknown_target(card: &ModelCard, bench: &Bench<'_>, item: &Item, params: &Map<String, Value>) -> Option<String> {
    let target = params.get("target").and_then(Value::as_str).filter(|_| bench.spec.request.kind == "classify")?;
    if card.labels.is_empty() || card.labels.iter().any(|label| label == target) {
        return None;
    }
    let (id, labels) = (&item.id, card.labels.join(", "));
    Some(format!("item `{id}`: the right label is `{target}`, and the classifier's labels are {labels}"))
}
