//! The verdict on a run, against a baseline or alone.
//!
//! Integrity comes first: no errors, nothing missing and, where there is a baseline, the same items and prompts; else the
//! verdict is INVALID and nothing is tested. Without rules there is one regression rule for each arm (each model, where no
//! controller acts), benchmark and metric that has a direction and a finite range; else the rules say what is tested. Holm's
//! adjustment goes over everything that is tested for a regression. The verdict is the worst of the rules'.

mod rules;
mod select;
mod text;

#[cfg(test)]
mod tests;

use crate::ReportError;
use crate::compare::{Change, by_id};
use crate::index::Index;
use crate::integrity::{Named, health, sameness};
use serde::{Serialize, Serializer};
use telos_core::record::ArmEntry;
use telos_core::{Gates, Rule, Tables, Test};
use telos_stats::Verdict;

pub use text::render_text;
pub(crate) use text::{interval, p_value, tally};

/// What a gate found.
#[derive(Debug, Clone, Serialize)]
pub struct GateReport {
    /// The worst of all.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// Why nothing was tested: what is wrong with the records, or rules that select nothing; empty unless INVALID.
    pub integrity: Vec<String>,
    /// Rule by rule; empty where nothing was tested.
    pub rules: Vec<RuleResult>,
}

/// What a rule found. In its change, `a` is the baseline and `b` the run; without a baseline there is only `b`.
#[derive(Debug, Clone, Serialize)]
pub struct RuleResult {
    /// `RULE:ARM:BENCHMARK:METRIC`; `regression:…` where there is no file of rules. The id alone for an integrity.
    pub id: String,
    /// `integrity`, `floor` or `regression`.
    pub kind: &'static str,
    /// Its verdict.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// Why, for a person.
    pub reason: String,
    /// Of a regression: how far the worse end of the interval may reach, in the metric's unit.
    pub margin: Option<f64>,
    /// Of a floor: the least value.
    pub min: Option<f64>,
    /// Of a floor: the largest value.
    pub max: Option<f64>,
    /// The numbers. Those of a floor are of the run alone, `low` and `high` too, and nothing has a p-value.
    pub change: Change,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

/// Judges `run`. `rules` of none are one regression rule for everything; they, and every other regression rule, need a
/// baseline.
pub fn gate(run: &dyn Tables, baseline: Option<&dyn Tables>, rules: Option<&Gates>) -> Result<GateReport, ReportError> {
    let after = Index::new(run)?;
    let before = baseline.map(Index::new).transpose()?;
    Ok(gate_indexed(&after, before.as_ref(), rules))
}

pub(crate) fn gate_indexed(run: &Index<'_>, baseline: Option<&Index<'_>>, rules: Option<&Gates>) -> GateReport {
    let all = [Rule {
        id: "regression".into(),
        arm: None,
        benchmark: None,
        metric: None,
        test: Test::Regression { margin: None },
    }];
    let stated = rules.map_or(&all[..], |gates| &gates.rules);
    let mut integrity = match baseline {
        Some(baseline) => comparable(run, baseline),
        None => whole(run, stated),
    };
    if rules.is_some() {
        integrity.extend(select::empty(run, stated));
    }
    if baseline.is_none() {
        let alone = stated.iter().filter(|rule| matches!(rule.test, Test::Regression { .. }));
        integrity.extend(alone.map(|rule| format!("the rule {} needs a baseline, and there is none", rule.id)));
    }
    if !integrity.is_empty() {
        return GateReport { verdict: Verdict::Invalid, integrity, rules: Vec::new() };
    }
    let rules = rules::judge(run, baseline, stated);
    let verdict = rules.iter().map(|rule| rule.verdict).max().unwrap_or(Verdict::Pass);
    GateReport { verdict, integrity, rules }
}

/// Everything because of which a run cannot be held against a baseline.
fn comparable(run: &Index<'_>, baseline: &Index<'_>) -> Vec<String> {
    let names = ("the baseline", "the run");
    let mut integrity = Vec::new();
    let arms = by_id(baseline.manifest, run.manifest, names, &mut integrity);
    let before = Named { index: baseline, name: names.0 };
    let after = Named { index: run, name: names.1 };
    integrity.extend(health(before, &arms.iter().map(|(arm, _)| *arm).collect::<Vec<_>>(), &|_| true));
    integrity.extend(health(after, &arms.iter().map(|(_, arm)| *arm).collect::<Vec<_>>(), &|_| true));
    integrity.extend(sameness(before, after, &arms));
    integrity
}

/// Everything that is wrong with what the rules look at.
fn whole(run: &Index<'_>, rules: &[Rule]) -> Vec<String> {
    let mut problems: Vec<String> = Vec::new();
    for rule in rules {
        let arms: Vec<&ArmEntry> =
            run.manifest.arms.iter().filter(|arm| rule.arm.as_ref().is_none_or(|id| *id == arm.id)).collect();
        let benchmark = |id: &str| rule.benchmark.as_ref().is_none_or(|named| named == id);
        for problem in health(Named { index: run, name: "the run" }, &arms, &benchmark) {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}
