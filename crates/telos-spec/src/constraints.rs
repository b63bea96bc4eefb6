//! A suite's constraints: their ids, and what is put in the place of these.

use serde_json::Value;
use telos_core::ConstraintSpec;
use telos_core::shape::finding::{Finding, nearest_or_all};
use telos_core::shape::trail::{Step, follow_mut};
use telos_core::shape::{Leaf, Meaning};

/// A constraint that the suite does not have.
pub(crate) fn no_such_constraint(id: &str, trail: &[Step], constraints: &[String]) -> Finding {
    let known: Vec<&str> = constraints.iter().map(String::as_str).collect();
    let hint = nearest_or_all(id, &known).unwrap_or_else(|| "the suite's `constraints` holds none".into());
    Finding::value(trail, format!("{NO_CONSTRAINT}{id}` in the suite's `constraints`")).hint(Some(hint))
}

/// How the message of a constraint that is not there begins; its id follows.
pub(crate) const NO_CONSTRAINT: &str = "there is no constraint `";

/// Puts constraints in the place of their ids.
pub(crate) fn put_constraints(value: &mut Value, leaves: &[Leaf], constraints: &[(String, Value)]) {
    for leaf in leaves.iter().filter(|leaf| leaf.meaning == Meaning::ConstraintId) {
        if let Some(place) = follow_mut(value, &leaf.trail)
            && let Some((_, constraint)) = constraints.iter().find(|(id, _)| place.as_str() == Some(id))
        {
            *place = constraint.clone();
        }
    }
}

/// A constraint as the rest of the program reads it.
pub(crate) fn constraint_spec(value: &Value, trail: &[Step]) -> Result<ConstraintSpec, Finding> {
    ConstraintSpec::from_json(value)
        .ok_or_else(|| Finding::value(trail, "expected a constraint, an object with `kind`"))
}
