//! The table of constraints: functions h of a text whose sign says safe or not.

mod asking;
mod classifier_margin;
mod lexicon;
mod reward;

use crate::entry::{Entry, Plan};
use crate::error::SpecError;
use crate::read::{Tables, check};
use serde_json::Value;
use telos_core::digest::canonical_json;
use telos_core::shape::{KindShape, Shape};
use telos_core::{ConstraintSpec, Kinds, ModelRef, Named};

/// Every constraint, in the order of help.
pub static CONSTRAINTS: &[Entry<Box<dyn Plan>>] = &[classifier_margin::ENTRY, lexicon::ENTRY, reward::ENTRY];

/// The shapes of [`CONSTRAINTS`].
pub fn constraint_shapes() -> Vec<KindShape> {
    CONSTRAINTS.iter().map(|entry| entry.shape).collect()
}

/// The shape of a kind of constraint.
pub(crate) fn shape_of(kind: &str) -> Option<&'static KindShape> {
    CONSTRAINTS.iter().map(|entry| &entry.shape).find(|shape| shape.kind == kind)
}

/// Reads a constraint's object. Unknown keys, missing ones and values out of range are errors that say what was expected.
pub fn constraint(spec: &ConstraintSpec) -> Result<Box<dyn Plan>, SpecError> {
    let tables = Tables { controllers: Vec::new(), constraints: constraint_shapes(), kinds: KINDS };
    check(Shape::Constraint, &spec.0, &tables)?;
    let entry = CONSTRAINTS.iter().find(|entry| entry.shape.kind == spec.kind());
    (entry.ok_or_else(|| SpecError::new("a constraint needs a `kind` that is known"))?.read)(&spec.0)
}

/// Where constraints name models and other constraints; they hold no controllers.
pub(crate) const KINDS: Kinds = Kinds { controller: |_| None, constraint: shape_of };

/// What tells constraints apart: equal for two objects of one constraint, whatever ids they have and in whichever form they
/// name their models.
pub fn constraint_key(spec: &ConstraintSpec) -> String {
    let mut value = Value::Object(spec.0.clone());
    KINDS.in_constraint(&mut value, &mut |what, value| match what {
        Named::Model => {
            if let Ok(model) = ModelRef::from_json(value) {
                *value = format!("{model:?}").into();
            }
        }
        Named::Constraint => drop(value.as_object_mut().and_then(|map| map.shift_remove("id"))),
    });
    canonical_json(&value)
}
