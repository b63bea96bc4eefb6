//! The table of kinds of rules.

use super::entry::{Asked, Entry};
use super::{floor, integrity, regression};
use telos_core::{Gates, Rule, RuleShape};

/// Every kind of rule, in the order of help.
pub static GATES: &[Entry] = &[integrity::ENTRY, floor::ENTRY, regression::ENTRY];

/// The shapes of [`GATES`].
pub fn rule_shapes() -> Vec<RuleShape> {
    GATES.iter().map(|entry| entry.rule).collect()
}

/// Whether a rule needs a baseline.
pub fn compares(gates: &Gates) -> bool {
    let of = |rule: &Rule| GATES.iter().find(|entry| entry.rule.shape.kind == rule.kind);
    gates.rules.iter().any(|rule| of(rule).is_some_and(|entry| entry.rule.compares))
}

/// A rule with its test. A kind that is none and keys that do not fit are errors, for a rule that nobody tests would pass.
pub(crate) fn ask(rule: &Rule) -> Result<Asked<'_>, String> {
    let Some(entry) = GATES.iter().find(|entry| entry.rule.shape.kind == rule.kind) else {
        let known: Vec<&str> = GATES.iter().map(|entry| entry.rule.shape.kind).collect();
        return Err(format!(
            "the rule {} is of no kind that is known, {}: there are {}",
            rule.id,
            rule.kind,
            known.join(", ")
        ));
    };
    let test = (entry.build)(rule).map_err(|why| format!("the rule {} cannot be asked: {why}", rule.id))?;
    Ok(Asked { rule, entry, test })
}
