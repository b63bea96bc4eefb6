//! From a suite to units of work: what is opened, how each item is asked, and where the work is cut.

use crate::bench::{Bench, Side};
use crate::error::PlanError;
use crate::fit::{Fit, Fitted};
use crate::journal::Key;
use crate::lanes::{Lane, LaneId, Lanes};
use crate::looking::Looking;
use crate::names::Names;
use crate::plan::{DataNote, Plan, PlanRow};
use crate::prefixes::Prefixes;
use crate::problem::{Capped, Problem};
use crate::references::{self, Reference};
use crate::units::{Cut, Cutter, Unit};
use crate::warnings;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use telos_core::digest::{blake3_hex, canonical_json};
use telos_core::model::Weights;
use telos_core::record::Counts;
use telos_core::{ControllerSpec, Model, Models};
use telos_spec::suite::{Benchmark, Suite};

/// How much longer a sampled token takes than one of a prompt, roughly, for estimates alone.
const SAMPLED_WEIGHT: u64 = 4;

/// Plans a suite: reads its data, renders all requests and encodes them, without loading weights.
pub fn plan(suite: &Suite, models: &dyn Models) -> Result<Plan, PlanError> {
    let prepared = Prepared::new(suite, models)?;
    Ok(Schedule::plan(&prepared))
}

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
    /// The controller that does nothing.
    pub none: ControllerSpec,
}

impl<'a> Prepared<'a> {
    /// Opens everything without weights and reads the data, collecting what is wrong.
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
        Ok(Self { suite, benches, models: opened, references, problems, none: ControllerSpec::none() })
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
    /// What the first requests are kept under; empty where nothing is asked after planning.
    pub lanes: Lanes,
    /// By model, benchmark and item.
    unusual: HashMap<(usize, usize, usize), Fit>,
}

/// A request's hash, shortened to tell requests of one plan apart: 128 bits mix up two of a billion with a chance of 10^-21.
type Asked = HashSet<[u8; 16]>;

impl Schedule {
    /// Counts and cuts, for those who only want to know.
    pub(crate) fn plan(prepared: &Prepared<'_>) -> Plan {
        let mut names = Names::default();
        prepared.references.iter().for_each(|r| names.know(&r.model, &r.card));
        Self::made(prepared, &names, false).plan
    }

    /// Renders, encodes and hashes every first request once, to count, to cut and to ask. `names` knows all models by their bytes.
    pub(crate) fn new(prepared: &Prepared<'_>, names: &Names) -> Self {
        Self::made(prepared, names, true)
    }

    fn made(prepared: &Prepared<'_>, names: &Names, keep: bool) -> Self {
        let suite = prepared.suite;
        let plan = Plan {
            suite: suite.id.clone(),
            arms: suite.arms.iter().map(|arm| suite.arm_id(*arm)).collect(),
            rows: Vec::new(),
            data: suite.benchmarks.iter().map(data_note).collect(),
            counts: Counts::default(),
            warnings: prepared.benches.iter().flatten().flat_map(warnings::of).collect(),
            problems: prepared.problems.clone(),
        };
        let mut schedule = Self { plan, units: Vec::new(), lanes: Lanes::default(), unusual: HashMap::new() };
        let mut asked = Asked::new();
        for (place, model) in prepared.models.iter().enumerate() {
            let Some(model) = model else { continue };
            let mut walk =
                Walk { prepared, names, keep, place, model, prefixes: Prefixes::default(), asked: &mut asked };
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

/// A hash as two numbers of 128 bits.
fn halves(key: &Key) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    halves.as_flattened_mut().copy_from_slice(key);
    halves
}

/// One model's walk through all benchmarks.
struct Walk<'a> {
    prepared: &'a Prepared<'a>,
    names: &'a Names,
    /// Whether the keys are kept.
    keep: bool,
    place: usize,
    model: &'a Arc<dyn Model>,
    prefixes: Prefixes,
    /// Of all models.
    asked: &'a mut Asked,
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
        let before = self.prefixes.len();
        let usual = bench.spec.fewshot.n;
        let side = Side {
            model: self.model.as_ref(),
            max_length: entry.max_length,
            controller: &self.prepared.none,
            repeat: 0,
            shots: usual,
        };
        let looking = Looking {
            bench,
            side,
            under_test: &entry.model,
            controllers: controllers
                .iter()
                .map(|c| c.map_or(&self.prepared.none, |c| &suite.controllers[c].controller))
                .collect(),
            truncation: suite.truncation,
            names: self.names,
        };
        let mut lanes: Vec<Lane> = controllers.iter().map(|_| Lane::default()).collect();
        let (keep, repeats) = (self.keep, bench.repeats() as usize);
        looking.each(&mut |item, looked| {
            looked.problems.into_iter().for_each(|problem| problems.push(problem));
            let Some(fitted) = looked.fitted else { return };
            row.truncated += u64::from(fitted.truncated > 0);
            row.skipped += u64::from(matches!(fitted.fit, Fit::Skip(_)));
            row.fewer_shots += u64::from(matches!(fitted.fit, Fit::Shots(n) if n < usual));
            self.prefixes.insert(&fitted.paths);
            cutter.item(&fitted.paths);
            for (i, lane) in lanes.iter_mut().enumerate().filter(|_| keep) {
                let slots = looked.keys.get(i * repeats..(i + 1) * repeats);
                match slots {
                    Some(slots) => slots.iter().for_each(|keys| lane.push(keys)),
                    None => (0..repeats).for_each(|_| lane.push(&[])),
                }
            }
            self.count(bench, &fitted, &looked.keys, &mut row);
            if fitted.fit != Fit::Shots(usual) {
                schedule.unusual.insert((self.place, b, item), fitted.fit);
            }
        });
        drop(looking);
        for (controller, lane) in controllers.iter().zip(lanes).filter(|_| keep) {
            schedule.lanes.insert(LaneId { model: self.place, controller: *controller, benchmark: b }, lane);
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
    fn count(&mut self, bench: &Bench<'_>, fitted: &Fitted, keys: &[Vec<Key>], row: &mut PlanRow) {
        let (new_tokens, turns) = (bench.scoring.recipe.new_tokens() as u64, bench.scoring.recipe.turns() as u64);
        // One path for each request, but for texts that go in windows.
        let alone = |i: usize| match (fitted.paths.len() == fitted.requests.len(), i) {
            (true, i) => fitted.paths[i].len(),
            (false, 0) => fitted.paths.iter().map(Vec::len).sum(),
            (false, _) => 0,
        };
        for (i, key) in keys.iter().flat_map(|slot| slot.iter().enumerate()) {
            let [short, _] = halves(key);
            if self.asked.insert(short) {
                row.requests += 1;
                row.tokens += alone(i) as u64;
                row.new_tokens += new_tokens * turns;
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
        let lane = LaneId { model: self.place, controller, benchmark: b };
        Unit { id, lane, slots: cut.slots.clone(), weight }
    }
}
