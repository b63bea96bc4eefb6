//! The verdict on a run, against a baseline or alone.
//!
//! Integrity comes first: no errors, nothing missing and, where there is a baseline, the same items and prompts; else the
//! verdict is INVALID and nothing is tested. Without rules there is one regression rule for each arm (each model, where no
//! controller acts), benchmark and metric that has a direction and a finite range; else the rules say what is tested. Holm's
//! adjustment goes over everything that is tested for a regression. The verdict is the worst of the rules'.

mod entry;
mod floor;
mod integrity;
mod registry;
mod regression;
mod result;
mod select;
mod text;

#[cfg(test)]
mod tests;

use crate::ReportError;
use crate::compare::{Row, adjust, by_id, rows};
use crate::index::Index;
use crate::integrity::{Named, health, sameness};
use entry::{Asked, Judging};
use registry::ask;
use select::takes;
use telos_core::record::ArmEntry;
use telos_core::{Gates, Rule, Tables};
use telos_stats::Verdict;

pub use entry::Entry;
pub use registry::{GATES, compares, rule_shapes};
pub use result::{GateReport, RuleResult};
pub use text::render_text;
pub(crate) use text::{interval, p_value, tally};

/// Judges `run`. `rules` of none are one regression rule for everything; they, and every other regression rule, need a
/// baseline.
pub fn gate(run: &dyn Tables, baseline: Option<&dyn Tables>, rules: Option<&Gates>) -> Result<GateReport, ReportError> {
    let after = Index::new(run)?;
    let before = baseline.map(Index::new).transpose()?;
    Ok(gate_indexed(&after, before.as_ref(), rules))
}

/// The same of records that have been gone through.
pub fn gate_indexed(run: &Index<'_>, baseline: Option<&Index<'_>>, rules: Option<&Gates>) -> GateReport {
    let all = [Rule::new(regression::KIND, regression::KIND)];
    let stated = rules.map_or(&all[..], |gates| &gates.rules);
    let mut integrity = match baseline {
        Some(baseline) => comparable(run, baseline),
        None => whole(run, stated),
    };
    let mut asked = Vec::new();
    for rule in stated {
        match ask(rule) {
            Ok(rule) => asked.push(rule),
            Err(why) => integrity.push(why),
        }
    }
    if rules.is_some() {
        integrity.extend(select::empty(run, &asked));
    }
    if baseline.is_none() {
        let alone = asked.iter().filter(|asked| asked.entry.rule.compares);
        integrity.extend(alone.map(|asked| format!("the rule {} needs a baseline, and there is none", asked.rule.id)));
    }
    if !integrity.is_empty() {
        return GateReport { verdict: Verdict::Invalid, integrity, rules: Vec::new() };
    }
    let tested = baseline.map(|baseline| tested(run, baseline, &asked)).unwrap_or_default();
    let judge = |asked: &Asked<'_>| asked.test.judge(&Judging { asked, run, tested: &tested });
    let rules: Vec<RuleResult> = asked.iter().flat_map(judge).collect();
    let verdict = rules.iter().map(|rule| rule.verdict).max().unwrap_or(Verdict::Pass);
    GateReport { verdict, integrity, rules }
}

/// Every difference that some rule tests, once, so that Holm's adjustment counts none twice.
fn tested(run: &Index<'_>, baseline: &Index<'_>, asked: &[Asked<'_>]) -> Vec<Row> {
    let arms = &baseline.manifest.arms;
    let pairs = arms.iter().filter_map(|a| Some((a, run.manifest.arms.iter().find(|b| b.id == a.id)?))).collect();
    let mut tested = rows(baseline, run, &pairs);
    tested.retain(|row| asked.iter().any(|asked| asked.entry.rule.compares && takes(run, asked, row)));
    adjust(&mut tested);
    tested
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
