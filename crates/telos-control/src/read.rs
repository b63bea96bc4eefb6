//! Holds an object that comes another way than by a file, such as in a request of the probe, against the shapes of the tables:
//! the same checks, without a place in a file.

use crate::error::SpecError;
use serde_json::{Map, Value};
use telos_core::shape::{Catalogue, KindShape, Meaning, Shape, walk};
use telos_core::{Kinds, Named};

/// Holds a controller (or a constraint) against its kind. An `id` is allowed in every constraint and means nothing here.
pub(crate) fn check(shape: Shape, map: &Map<String, Value>, tables: &Tables) -> Result<(), SpecError> {
    let mut value = Value::Object(map.clone());
    let mut drop_id = |what: Named, value: &mut Value| {
        if let (Named::Constraint, Some(map)) = (what, value.as_object_mut()) {
            map.shift_remove("id");
        }
    };
    match shape {
        Shape::Constraint => tables.kinds.in_constraint(&mut value, &mut drop_id),
        _ => tables.kinds.in_controller(&mut value, &mut drop_id),
    }
    let catalogue = Catalogue {
        controllers: tables.controllers.clone(),
        constraints: tables.constraints.clone(),
        ..Catalogue::default()
    };
    let walked = walk(&catalogue, &shape, &value, &[]);
    if let Some(finding) = walked.findings.first() {
        return Err(SpecError::new(finding.to_string()));
    }
    match walked.leaves.iter().find(|leaf| leaf.meaning == Meaning::ConstraintId) {
        Some(_) => Err(SpecError::new("a constraint stands here by its id; here the constraint itself is needed")),
        None => Ok(()),
    }
}

/// The shapes of what may stand in an object.
pub(crate) struct Tables {
    pub(crate) controllers: Vec<KindShape>,
    pub(crate) constraints: Vec<KindShape>,
    /// Where these name models and constraints.
    pub(crate) kinds: Kinds,
}
