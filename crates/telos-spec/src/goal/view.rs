//! The registry's goals as a person or a script looks at them: each with its benchmarks and its coverage.

use crate::benchmark_file::BenchmarkFile;
use crate::goal::near;
use crate::registry::Registry;
use serde::Serialize;
use std::collections::BTreeSet;
use telos_core::{Facet, Goal, Work, WorkStatus};

/// All goals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoalTree<'a> {
    /// The version of the taxonomy, as the first goal that has one says.
    pub version: Option<&'a str>,
    /// What the whole tree covers.
    pub coverage: Coverage,
    /// Every node, each after the one above it.
    pub goals: Vec<GoalView<'a>>,
}

/// One goal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoalView<'a> {
    /// The goal itself.
    #[serde(flatten)]
    pub goal: &'a Goal,
    /// The facet that it is, or belongs to.
    pub facet: Option<Facet>,
    /// The path ids of the nodes right below it.
    pub children: Vec<&'a str>,
    /// The benchmarks that are bound to it, or below it, in order of id.
    pub benchmarks: Vec<BenchmarkView<'a>>,
    /// What is covered by it and all below it.
    pub coverage: Coverage,
}

/// A benchmark, as far as a goal's reader cares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BenchmarkView<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it asks.
    pub about: &'a str,
    /// The licence of its data.
    pub licence: Option<&'a str>,
}

/// How much of a part of the tree can be measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Leaves.
    pub leaves: usize,
    /// Those of them that belong to the facet of representation.
    pub representation_leaves: usize,
    /// Those of them that belong to the facet of evaluation.
    pub evaluation_leaves: usize,
    /// Leaves to which a benchmark is bound.
    pub leaves_with_benchmark: usize,
    /// Benchmarks, each once.
    pub benchmarks: usize,
    /// Named works for which there is a benchmark. A work that is named at several leaves counts at each.
    pub works: usize,
    /// Named works for which one is planned.
    pub planned: usize,
    /// Named works that are out of scope.
    pub out_of_scope: usize,
}

impl Coverage {
    /// Counts works by status.
    pub(crate) fn tally(&mut self, works: &[Work]) {
        for work in works {
            *match work.status {
                WorkStatus::Works => &mut self.works,
                WorkStatus::Planned => &mut self.planned,
                WorkStatus::OutOfScope => &mut self.out_of_scope,
            } += 1;
        }
    }

    /// Named works by status, as they read after a colon.
    pub(crate) fn works_by_status(&self) -> String {
        let Self { works, planned, out_of_scope, .. } = self;
        format!("{works} with a benchmark, {planned} planned, {out_of_scope} out of scope")
    }

    /// Named works of any status.
    pub fn named(&self) -> usize {
        self.works + self.planned + self.out_of_scope
    }
}

impl Registry {
    /// All goals with their coverage.
    pub fn tree(&self) -> GoalTree<'_> {
        GoalTree {
            version: self.goals.iter().find_map(|goal| goal.version.as_deref()),
            coverage: self.coverage(&|_| true),
            goals: self.goals.iter().map(|goal| self.view(goal)).collect(),
        }
    }

    /// A goal with its coverage, and everything below it.
    pub fn below(&self, id: &str) -> Option<GoalTree<'_>> {
        let within = |goal: &Goal| goal.id.is_within(id);
        let goals: Vec<_> = self.goals.iter().filter(|goal| within(goal)).map(|goal| self.view(goal)).collect();
        let first = goals.iter().find(|view| view.goal.id.0 == id)?.goal;
        Some(GoalTree { version: first.version.as_deref(), coverage: self.coverage(&within), goals })
    }

    /// A hint for an id of a goal that does not exist, where something is near.
    pub fn near_goal(&self, id: &str) -> Option<String> {
        near(id, &self.goals)
    }

    fn view<'a>(&'a self, goal: &'a Goal) -> GoalView<'a> {
        let within = |other: &Goal| other.id.is_within(&goal.id.0);
        let below = self.goals.iter().filter(|other| within(other) && other.id.depth() == goal.id.depth() + 1);
        let bound = self.benchmarks.values().filter(|file| file.goals.iter().any(|id| id.is_within(&goal.id.0)));
        GoalView {
            goal,
            facet: goal.id.facet(),
            children: below.map(|other| other.id.0.as_str()).collect(),
            benchmarks: bound.map(BenchmarkView::of).collect(),
            coverage: self.coverage(&within),
        }
    }

    /// What the nodes for which `within` holds cover.
    fn coverage(&self, within: &dyn Fn(&Goal) -> bool) -> Coverage {
        let mut out = Coverage::default();
        let mut benchmarks = BTreeSet::new();
        for goal in self.goals.iter().filter(|goal| within(goal)) {
            let bound = self.benchmarks.values().filter(|file| file.goals.contains(&goal.id));
            let bound: Vec<&str> = bound.map(|file| file.id.as_str()).collect();
            let leaf_of = |facet| usize::from(goal.leaf && goal.id.facet() == Some(facet));
            out.leaves += usize::from(goal.leaf);
            out.representation_leaves += leaf_of(Facet::Representation);
            out.evaluation_leaves += leaf_of(Facet::Evaluation);
            out.leaves_with_benchmark += usize::from(goal.leaf && !bound.is_empty());
            benchmarks.extend(bound);
            out.tally(&goal.works);
        }
        out.benchmarks = benchmarks.len();
        out
    }
}

impl<'a> BenchmarkView<'a> {
    fn of(file: &'a BenchmarkFile) -> Self {
        Self { id: &file.id, about: &file.about, licence: file.licence.as_deref() }
    }
}
