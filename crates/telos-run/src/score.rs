//! Scoring a stored record again, without any model: the evaluators of this version over the replies that are kept.

use crate::error::RunError;
use crate::folder::Folder;
use crate::names::place;
use crate::render::{Renderer, Row};
use crate::requests::Draw;
use crate::rows::{self, RowPlace, score_rows};
use crate::scoring::Scoring;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use telos_core::Step;
use telos_core::record::{ArmEntry, BenchmarkEntry, ItemRow, Manifest, ReplyRow, ScoreRow};
use telos_core::request::Naming;
use telos_core::{
    Case, ControllerSpec, Exchange, Item, Metric, ModelRef, Outcome, Reply, Request, Score, Status, Tables,
};
use telos_data::{Line, NewScores, StoredRecord};

/// What scoring again came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescored {
    /// Rows of the new `scores.parquet`.
    pub scores: u64,
    /// Scores that there are none of because the record lacks a reply that the evaluator now asks for.
    pub skipped: u64,
    /// Where the old scores are kept.
    pub kept: Option<PathBuf>,
}

/// Scores a record again and puts the scores in place of the old ones, which are kept beside them.
///
/// An evaluator that now asks follow-ups which the record does not hold gives no score for that item: `skipped`, with
/// that reason.
pub fn score(dir: &Path) -> Result<Rescored, RunError> {
    let unscorable = |message: String| RunError::Unscorable { path: dir.to_path_buf(), message };
    // Looked at before the lock, so that a folder that is no record is left without a trace.
    StoredRecord::open(dir)?;
    let _folder = Folder::of_record(dir)?;
    // Another process may have scored it in between.
    let manifest = StoredRecord::open(dir)?.manifest().clone();
    let (mut manifest, scorings) = scorings(manifest).map_err(unscorable)?;
    let items = read_items(dir).map_err(unscorable)?;
    let renderer = Renderer::new();
    let mut scores = NewScores::create(dir)?;
    let mut rescored = Rescored { scores: 0, skipped: 0, kept: None };
    telos_data::for_each_line(dir, &manifest, |line| {
        let cell = Cell {
            manifest: &manifest,
            arm: &manifest.arms[line.arm],
            entry: &manifest.benchmarks[line.benchmark],
            scoring: &scorings[line.benchmark],
            item: &items[&manifest.benchmarks[line.benchmark].id][line.item],
            line: &line,
        };
        for row in cell.rows(&renderer).map_err(unscorable)? {
            rescored.scores += 1;
            rescored.skipped += u64::from(row.reason.as_deref() == Some(LACKS));
            scores.push(row)?;
        }
        Ok::<_, RunError>(())
    })?;
    rescored.kept = scores.publish(&mut manifest)?;
    Ok(rescored)
}

/// The reason of a score that needs what the record does not hold.
const LACKS: &str = "the evaluator asks for a follow-up reply that the record does not hold";

/// How each benchmark is scored, and the manifest with the metrics that there are now. A message says what the record lacks.
fn scorings(mut manifest: Manifest) -> Result<(Manifest, Vec<Scoring>), String> {
    let mut scorings = Vec::new();
    for entry in &mut manifest.benchmarks {
        let about = |told: Vec<String>| format!("benchmark `{}`: {}", entry.id, told.join("; "));
        let scoring = Scoring::from_json(&entry.scoring).map_err(about)?;
        keep_overrides(entry, &scoring);
        scorings.push(scoring);
    }
    Ok((manifest, scorings))
}

/// The items of each benchmark, in the data's order.
fn read_items(dir: &Path) -> Result<HashMap<String, Vec<Item>>, String> {
    let mut items: HashMap<String, Vec<Item>> = HashMap::new();
    let told = |e: telos_data::DataError| format!("failed to {e}");
    for row in telos_data::read_items(dir.join(telos_data::ITEMS)).map_err(told)? {
        let item = read_item(&row)?;
        items.entry(row.benchmark).or_default().push(item);
    }
    for items in items.values_mut() {
        items.sort_by_key(|item| item.index);
    }
    Ok(items)
}

/// Metrics that the record knows keep what a benchmark said of them; new ones join, gone ones leave.
fn keep_overrides(entry: &mut BenchmarkEntry, scoring: &Scoring) {
    // What the benchmark makes of other metrics is no evaluator's.
    let offered = |known: &Metric| scoring.metrics.iter().any(|metric| metric.name == known.name);
    entry.metrics.retain(|known| known.aggregate.reads_others() || offered(known));
    for metric in &scoring.metrics {
        if entry.metrics.iter().all(|known| known.name != metric.name) {
            entry.metrics.push(metric.clone());
        }
    }
}

fn read_item(row: &ItemRow) -> Result<Item, String> {
    let data = serde_json::from_str(&row.data).map_err(|e| format!("item `{}` cannot be read: {e}", row.item))?;
    let (id, index, hash) = (row.item.clone(), row.index, row.item_hash.clone());
    Ok(Item { id, index, hash, cluster: row.cluster.clone(), data })
}

/// A wave's requests and replies.
type Stored = (Vec<Request>, Vec<Outcome>);

fn exchanges(waves: &[Stored]) -> Vec<Exchange<'_>> {
    waves.iter().map(|(requests, replies)| Exchange { requests, replies }).collect()
}

/// One arm's item and repeat.
struct Cell<'a> {
    manifest: &'a Manifest,
    arm: &'a ArmEntry,
    entry: &'a BenchmarkEntry,
    scoring: &'a Scoring,
    item: &'a Item,
    line: &'a Line,
}

impl Cell<'_> {
    fn rows(&self, renderer: &Renderer) -> Result<Vec<ScoreRow>, String> {
        let place = RowPlace {
            model: &self.arm.model,
            controller: self.entry.controlled.then_some(self.arm.controller.as_str()),
            benchmark: &self.entry.id,
            item: &self.item.id,
            repeat: self.line.repeat,
            wave: 0,
            index: 0,
        };
        let scores = self.scores(place, renderer)?;
        let evaluator = (self.scoring.kind(), self.scoring.evaluator.as_ref());
        Ok(score_rows(&self.arm.id, place, evaluator, &scores))
    }

    fn scores(&self, place: RowPlace<'_>, renderer: &Renderer) -> Result<Vec<Score>, String> {
        let rows = self.line.replies.iter().map(std::rc::Rc::as_ref);
        let (first, later): (Vec<&ReplyRow>, Vec<&ReplyRow>) = rows.partition(|row| row.wave == 0);
        if first.is_empty() {
            let (arm, benchmark, item) = (&self.arm.id, place.benchmark, place.item);
            return Err(format!("it has no reply of arm `{arm}` to item `{item}` of benchmark `{benchmark}`"));
        }
        if let Some(row) = first.iter().find(|row| row.status == Status::Skipped) {
            return Ok(self.scoring.missing(Status::Skipped, row.error.as_deref().unwrap_or_default()));
        }
        let data = &self.item.data;
        let row = Row { renderer, benchmark: place.benchmark, item: &self.item.id, data };
        let params = self.scoring.params(row).map_err(|error| format!("failed to {error}"))?;
        let mut waves = vec![self.stored(&first)?];
        let mut turns = 1;
        // Whether a chat went on follows from what was said; with which noise and controller is of no matter here.
        let none = ControllerSpec::none();
        while turns < self.scoring.recipe.turns() && waves[turns - 1].1.iter().all(Result::is_ok) {
            let draw = Draw { seed: 0, sample: 0, controller: &none };
            let said = self.scoring.recipe.turn(&exchanges(&waves), row, draw);
            if said.map_err(|error| format!("failed to {error}"))?.is_empty() {
                break;
            }
            let next: Vec<&ReplyRow> = later.iter().filter(|row| usize::from(row.wave) == turns).copied().collect();
            if next.is_empty() {
                return Ok(self.scoring.missing(Status::Skipped, LACKS));
            }
            waves.push(self.stored(&next)?);
            turns += 1;
        }
        let failed = waves.iter().flat_map(|(_, replies)| replies).any(Result::is_err);
        let naming = Naming { model: &|model| self.shown(model), constraint_ids: true, kinds: telos_control::KINDS };
        if let Some(asks) = self.scoring.evaluator.asks().filter(|_| !failed) {
            loop {
                let so_far = exchanges(&waves);
                let wanted = asks.next(&Case { item: self.item, params: &params, turns, waves: &so_far });
                if wanted.is_empty() {
                    break;
                }
                let mut answers = Vec::with_capacity(wanted.len());
                for request in &wanted {
                    let written = request.to_json(naming).to_string();
                    match later.iter().find(|row| usize::from(row.wave) >= turns && row.request == written) {
                        Some(row) => answers.push(self.outcome(row)?),
                        None => return Ok(self.scoring.missing(Status::Skipped, LACKS)),
                    }
                }
                waves.push((wanted, answers));
            }
        }
        let all = exchanges(&waves);
        Ok(self.scoring.scores(&Case { item: self.item, params: &params, turns, waves: &all }))
    }

    /// The requests and replies of some rows.
    fn stored(&self, rows: &[&ReplyRow]) -> Result<Stored, String> {
        let requests = rows.iter().map(|row| request(row)).collect::<Result<_, _>>()?;
        let replies = rows.iter().map(|row| self.outcome(row)).collect::<Result<_, _>>()?;
        Ok((requests, replies))
    }

    /// A model as the record's requests name it.
    fn shown(&self, model: &ModelRef) -> String {
        let text = place(model);
        self.manifest.models.iter().find(|entry| entry.model == text).map_or(text, |entry| entry.id.clone())
    }

    /// What a row holds, a controlled text with its trace.
    fn outcome(&self, row: &ReplyRow) -> Result<Outcome, String> {
        let told =
            |message: String| format!("a reply to item `{}` of benchmark `{}`: {message}", row.item, row.benchmark);
        let mut outcome = rows::outcome(row).map_err(told)?;
        if let Ok(Reply::Generate(generation)) = &mut outcome
            && self.entry.controlled
            && !self.arm.free
        {
            let listed = request(row).map(|r| lists_constraints(&r))?;
            let mine = self.line.steps.iter().filter(|step| (step.wave, step.index) == (row.wave, row.index));
            let steps: Vec<Step> = mine.map(|step| rows::step(step, listed)).collect();
            generation.steps = Some(steps);
        }
        Ok(outcome)
    }
}

/// A stored request. Constraints in it are ids; an evaluator takes those that it needs from its parameters.
fn request(row: &ReplyRow) -> Result<Request, String> {
    let value = serde_json::from_str(&row.request).map_err(|e| format!("a stored request cannot be read: {e}"))?;
    Request::from_json(&value).map_err(|error| format!("a stored request cannot be read: {error}"))
}

fn lists_constraints(request: &Request) -> bool {
    matches!(&request.ask, telos_core::Ask::Generate { controller, .. } if controller.0.contains_key("constraints"))
}
