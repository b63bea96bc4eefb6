//! What a kind of rule is: its keys, an example, and the way to a test of a record.

use super::result::RuleResult;
use crate::compare::Row;
use crate::index::Index;
use std::fmt;
use telos_core::metric::Metric;
use telos_core::{Rule, RuleShape};

/// One kind of rule.
pub struct Entry {
    /// Its `kind`, its keys, and what of them a metric allows.
    pub rule: RuleShape,
    /// A rule of the kind in YAML.
    pub example: &'static str,
    /// The test of a rule of this kind; the error says which of its keys is wrong.
    pub(crate) build: fn(&Rule) -> Result<Box<dyn Test>, String>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("kind", &self.rule.shape.kind).finish_non_exhaustive()
    }
}

/// What a rule asks of what it selects.
pub(crate) trait Test {
    /// Whether it takes a metric that the rule does not name.
    fn takes(&self, metric: &Metric) -> bool;

    /// Why no metric at all may suit it; none where it needs none.
    fn needs(&self) -> Option<&'static str>;

    /// What it finds, place by place.
    fn judge(&self, judging: &Judging<'_>) -> Vec<RuleResult>;
}

/// What a test looks at.
pub(crate) struct Judging<'a> {
    /// The rule itself.
    pub(crate) asked: &'a Asked<'a>,
    /// The run.
    pub(crate) run: &'a Index<'a>,
    /// Every difference from the baseline that some rule tests, adjusted for all of them.
    pub(crate) tested: &'a [Row],
}

/// A rule with its test.
pub(crate) struct Asked<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) entry: &'static Entry,
    pub(crate) test: Box<dyn Test>,
}

impl Asked<'_> {
    /// Whether the test can be asked of a metric. A rule that names no metric takes those that it suits.
    pub(crate) fn suits(&self, metric: &Metric) -> bool {
        let fits = (self.entry.rule.unfit)(self.rule, metric).is_none();
        self.test.needs().is_some() && fits && (self.rule.metric.is_some() || self.test.takes(metric))
    }
}
