//! `integrity`: the record is whole.

use super::entry::{Entry, Judging, Test};
use super::result::{RuleResult, blank};
use crate::compare::Change;
use telos_core::gate::{ARM, BENCHMARK, ID, fits_all};
use telos_core::metric::Metric;
use telos_core::shape::{KindShape, no_further_check};
use telos_core::{Rule, RuleShape};
use telos_stats::Verdict;

pub(super) const ENTRY: Entry = Entry {
    rule: RuleShape {
        shape: KindShape {
            kind: KIND,
            about: "The record is complete: no errors, nothing missing.",
            fields: &[ID, ARM, BENCHMARK],
            check: no_further_check,
        },
        compares: false,
        unfit: fits_all,
    },
    example: "{id: whole, kind: integrity}",
    build: |_: &Rule| Ok(Box::new(Integrity)),
};

const KIND: &str = "integrity";

struct Integrity;

impl Test for Integrity {
    fn takes(&self, _: &Metric) -> bool {
        false
    }

    fn needs(&self) -> Option<&'static str> {
        None
    }

    /// What is broken has ended the gate before; what is left is to say so.
    fn judge(&self, Judging { asked, run, .. }: &Judging<'_>) -> Vec<RuleResult> {
        let rule = asked.rule;
        let benchmarks = || run.manifest.benchmarks.iter();
        let mine = benchmarks().filter(|b| rule.benchmark.as_ref().is_none_or(|id| *id == b.id));
        let items = mine.filter_map(|b| run.items(&b.id)).map(|items| items.rows.len()).sum();
        let all = |named: &Option<String>, all: &str| named.clone().unwrap_or_else(|| all.to_owned());
        let arm = all(&rule.arm, "all arms");
        let change =
            Change { arm_a: arm.clone(), n: items, ..blank(&all(&rule.benchmark, "all benchmarks"), KIND, &arm) };
        vec![RuleResult {
            id: rule.id.clone(),
            kind: KIND,
            verdict: Verdict::Pass,
            reason: "complete, no errors, nothing missing".to_owned(),
            margin: None,
            min: None,
            max: None,
            of_difference: false,
            change,
        }]
    }
}
