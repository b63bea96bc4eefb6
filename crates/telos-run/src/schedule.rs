//! From a suite to units of work: what is opened, how each item is asked, and where the work is cut.

use crate::bench::{Bench, Side};
use crate::error::PlanError;
use crate::fit::{Fit, Fitted, fit};
use crate::journal::Key;
use crate::names::Names;
use crate::plan::{DataNote, Plan, PlanRow};
use crate::prefixes::Prefixes;
use crate::problem::{Capped, Problem};
use crate::references::{self, Reference};
use crate::units::{Cut, Cutter, Unit};
use crate::warnings;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use telos_core::digest::{blake3_hex, canonical_json};
use telos_core::model::Weights;
use telos_core::record::Counts;
use telos_core::{ControllerSpec, Model, ModelCard, Models};
use telos_spec::suite::{Benchmark, Suite};

/// How much longer a sampled token takes than one of a prompt, roughly, for estimates alone.
const SAMPLED_WEIGHT: u64 = 4;

/// A suite with its data in memory and its models open without weights.
pub(crate) struct Prepared<'a> {
    pub suite: &'a Suite,
    /// In the suite's order; none where something is wrong with one.
    pub benches: Vec<Option<Bench<'a>>>,
    /// In the suite's order; none for those that no arm uses or that could not be opened.
    pub models: Vec<Option<Arc<dyn Model>>>,
    /// Models that controllers and evaluators name.
    pub references: Vec<Reference>,
    pub problems: Vec<Problem>,
}

impl<'a> Prepared<'a> {
    /// Opens and reads everything, collecting what is wrong.
    pub(crate) fn new(suite: &'a Suite, models: &dyn Models) -> Result<Self, PlanError> {
        let mut problems = Vec::new();
        let mut opened: Vec<Option<Arc<dyn Model>>> = Vec::new();
        for (place, entry) in suite.models.iter().enumerate() {
            let used = suite.arms.iter().any(|arm| arm.model == place);
            opened.push(match used.then(|| models.open(&entry.model, Weights::Skip)) {
                None => None,
                Some(Ok(model)) => Some(model),
                Some(Err(error)) => {
                    let about = format!("model `{}`", entry.id);
                    problems.push(Problem::new(about, format!("failed to open the model: {error}")));
                    None
                }
            });
        }
        for controller in &suite.controllers {
            if let Err(error) = telos_control::parse(&controller.controller) {
                problems.push(Problem::new(format!("controller `{}`", controller.id), error.message));
            }
        }
        let references = references::check(suite, models, &mut problems);
        let benches: Vec<_> =
            suite.benchmarks.iter().map(|spec| Bench::prepare(suite.seed, spec, &mut problems)).collect();
        let items: usize = benches.iter().flatten().map(|bench| bench.items.len()).sum();
        if suite.arms.is_empty() || suite.benchmarks.is_empty() || (items == 0 && problems.is_empty()) {
            let (arms, benchmarks) = (suite.arms.len(), suite.benchmarks.len());
            return Err(PlanError::Nothing { suite: suite.id.clone(), arms, benchmarks, items });
        }
        Ok(Self { suite, benches, models: opened, references, problems })
    }

    /// The controllers that a benchmark is asked with on a model; one `None` where they do not act.
    pub(crate) fn controllers(&self, model: usize, bench: &Bench<'_>) -> Vec<Option<usize>> {
        if !bench.controlled() {
            return vec![None];
        }
        self.suite.arms.iter().filter(|arm| arm.model == model).map(|arm| Some(arm.controller)).collect()
    }
}

/// How each item is asked where that is not the usual way, and the units.
pub(crate) struct Schedule {
    pub plan: Plan,
    pub units: Vec<Unit>,
    /// By model, benchmark and item.
    unusual: HashMap<(usize, usize, usize), Fit>,
}

impl Schedule {
    /// Renders and encodes every request once, to count and cut.
    pub(crate) fn new(prepared: &Prepared<'_>) -> Self {
        let suite = prepared.suite;
        let mut names = Names::default();
        prepared.references.iter().for_each(|r| names.know(&r.model, &r.card));
        let plan = Plan {
            suite: suite.id.clone(),
            arms: suite.arms.iter().map(|arm| suite.arm_id(*arm)).collect(),
            rows: Vec::new(),
            data: suite.benchmarks.iter().map(data_note).collect(),
            counts: Counts::default(),
            warnings: prepared.benches.iter().flatten().flat_map(warnings::of).collect(),
            problems: prepared.problems.clone(),
        };
        let mut schedule = Self { plan, units: Vec::new(), unusual: HashMap::new() };
        let mut asked = HashSet::new();
        for (place, model) in prepared.models.iter().enumerate() {
            let Some(model) = model else { continue };
            let mut walk =
                Walk { prepared, names: &names, place, model, prefixes: Prefixes::default(), asked: &mut asked };
            for (b, bench) in prepared.benches.iter().enumerate() {
                if let Some(bench) = bench {
                    walk.bench(b, bench, &mut schedule);
                }
            }
            schedule.plan.counts.prefix_tokens += walk.prefixes.len() as u64;
        }
        let counts = &mut schedule.plan.counts;
        counts.units = schedule.units.len() as u64;
        counts.requests = schedule.plan.rows.iter().map(|row| row.requests).sum();
        counts.tokens = schedule.plan.rows.iter().map(|row| row.tokens).sum();
        counts.skipped = schedule.plan.rows.iter().map(|row| row.skipped).sum();
        counts.truncated = schedule.plan.rows.iter().map(|row| row.truncated).sum();
        counts.fewer_shots = schedule.plan.rows.iter().map(|row| row.fewer_shots).sum();
        counts.new_tokens = schedule.plan.rows.iter().map(|row| row.new_tokens).sum();
        schedule
    }

    /// How an item is asked.
    pub(crate) fn fit(&self, model: usize, benchmark: usize, item: usize, usual: usize) -> Fit {
        self.unusual.get(&(model, benchmark, item)).cloned().unwrap_or(Fit::Shots(usual))
    }
}

fn data_note(benchmark: &Benchmark) -> DataNote {
    let Benchmark { id, licence, contamination, .. } = benchmark;
    DataNote { benchmark: id.clone(), licence: licence.clone(), contamination: contamination.clone() }
}

/// A right answer that a classifier under test cannot give.
fn unknown_target(card: &ModelCard, bench: &Bench<'_>, item: usize, params: &Map<String, Value>) -> Option<String> {
    let target = params.get("target").and_then(Value::as_str).filter(|_| bench.spec.request.kind == "classify")?;
    if card.labels.is_empty() || card.labels.iter().any(|label| label == target) {
        return None;
    }
    let (id, labels) = (&bench.items[item].id, card.labels.join(", "));
    Some(format!("item `{id}`: the right label is `{target}`, and the classifier's labels are {labels}"))
}

/// One model's walk through all benchmarks.
struct Walk<'a> {
    prepared: &'a Prepared<'a>,
    names: &'a Names,
    place: usize,
    model: &'a Arc<dyn Model>,
    prefixes: Prefixes,
    /// Of all models.
    asked: &'a mut HashSet<Key>,
}

impl Walk<'_> {
    fn bench(&mut self, b: usize, bench: &Bench<'_>, schedule: &mut Schedule) {
        let suite = self.prepared.suite;
        let entry = &suite.models[self.place];
        let controllers = self.prepared.controllers(self.place, bench);
        let mut row = self.row(bench, &controllers);
        let about = format!("model `{}` on benchmark `{}`", entry.id, bench.spec.id);
        let mut problems = Capped::new(about, &mut schedule.plan.problems);
        let mut cutter = Cutter::new(bench.repeats(), bench.scoring.recipe.new_tokens());
        let none = ControllerSpec::none();
        let before = self.prefixes.len();
        let usual = bench.spec.fewshot.n;
        let side = Side {
            model: self.model.as_ref(),
            max_length: entry.max_length,
            controller: &none,
            repeat: 0,
            shots: usual,
        };
        for item in 0..bench.items.len() {
            match bench.params(item) {
                Ok(params) => {
                    if let Some(message) = unknown_target(self.model.card(), bench, item, &params) {
                        problems.push(message);
                    }
                    let row = &bench.items[item];
                    if let Err(message) = bench.scoring.evaluator.check_item(row, &params) {
                        problems.push(format!("item `{}`: {message}", row.id));
                    }
                }
                Err(error) => problems.push(format!("failed to {error}")),
            }
            let fitted = match fit(bench, item, side, suite.truncation) {
                Ok(fitted) => fitted,
                Err(message) => {
                    problems.push(message);
                    continue;
                }
            };
            row.truncated += u64::from(fitted.truncated > 0);
            row.skipped += u64::from(matches!(fitted.fit, Fit::Skip(_)));
            row.fewer_shots += u64::from(matches!(fitted.fit, Fit::Shots(n) if n < usual));
            self.prefixes.insert(&fitted.paths);
            cutter.item(&fitted.paths);
            if let Fit::Shots(shots) = fitted.fit {
                let side = Side { shots, ..side };
                self.count(bench, item, side, &controllers, &fitted, &mut row);
            }
            if fitted.fit != Fit::Shots(usual) {
                schedule.unusual.insert((self.place, b, item), fitted.fit);
            }
        }
        drop(problems);
        let cuts = cutter.finish();
        for controller in &controllers {
            schedule.units.extend(cuts.iter().map(|cut| self.unit(b, bench, *controller, cut)));
        }
        let computed: usize = cuts.iter().map(|cut| cut.prefixes).sum();
        row.units = (cuts.len() * controllers.len()) as u64;
        row.computed_tokens = (computed * controllers.len()) as u64;
        row.prefix_tokens = (self.prefixes.len() - before) as u64;
        schedule.plan.rows.push(row);
    }

    fn row(&self, bench: &Bench<'_>, controllers: &[Option<usize>]) -> PlanRow {
        let suite = self.prepared.suite;
        PlanRow {
            model: suite.models[self.place].id.clone(),
            benchmark: bench.spec.id.clone(),
            evaluator: bench.scoring.kind().to_owned(),
            controllers: controllers.iter().flatten().map(|c| suite.controllers[*c].id.clone()).collect(),
            items: bench.items.len() as u64,
            available: bench.available as u64,
            repeats: bench.repeats(),
            requests: 0,
            tokens: 0,
            prefix_tokens: 0,
            computed_tokens: 0,
            new_tokens: 0,
            units: 0,
            skipped: 0,
            truncated: 0,
            fewer_shots: 0,
        }
    }

    /// Counts an item's requests of all repeats and controllers, those that were counted before left out.
    fn count(
        &mut self,
        bench: &Bench<'_>,
        item: usize,
        side: Side<'_>,
        controllers: &[Option<usize>],
        fitted: &Fitted,
        row: &mut PlanRow,
    ) {
        let suite = self.prepared.suite;
        let under_test = &suite.models[self.place].model;
        let new_tokens = bench.scoring.recipe.new_tokens() as u64;
        // One path for each request, but for texts that go in windows.
        let alone = |i: usize| match (fitted.paths.len() == fitted.requests.len(), i) {
            (true, i) => fitted.paths[i].len(),
            (false, 0) => fitted.paths.iter().map(Vec::len).sum(),
            (false, _) => 0,
        };
        for controller in controllers {
            let controller = controller.map_or(side.controller, |c| &suite.controllers[c].controller);
            for repeat in 0..bench.repeats() {
                let requests = bench.requests(item, Side { controller, repeat, ..side }).unwrap_or_default();
                for (i, request) in requests.iter().enumerate() {
                    if self.asked.insert(self.names.key(request, under_test)) {
                        row.requests += 1;
                        row.tokens += alone(i) as u64;
                        row.new_tokens += new_tokens;
                    }
                }
            }
        }
    }

    fn unit(&self, b: usize, bench: &Bench<'_>, controller: Option<usize>, cut: &Cut) -> Unit {
        let suite = self.prepared.suite;
        let what = serde_json::json!({
            "model": suite.models[self.place].id,
            "controller": controller.map(|c| suite.controllers[c].id.as_str()),
            "benchmark": bench.spec.id,
            "data": bench.digest,
            "slots": [cut.slots.start, cut.slots.end],
            "wave": 0,
        });
        let mut id = blake3_hex(canonical_json(&what).as_bytes());
        id.truncate(16);
        let weight = cut.prefixes as u64 + SAMPLED_WEIGHT * (cut.texts * bench.scoring.recipe.new_tokens()) as u64;
        Unit { id, model: self.place, controller, benchmark: b, slots: cut.slots.clone(), weight }
    }
}
