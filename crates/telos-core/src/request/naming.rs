//! How models and constraints stand in a request's JSON, and where relative paths in it start.

use crate::model_ref::CACHE;
use crate::named::{Kinds, Named};
use crate::{ConstraintSpec, ControllerSpec, ModelRef};
use serde_json::{Map, Value};
use std::path::Path;

/// How models and constraints are written into JSON.
#[derive(Clone, Copy)]
pub struct Naming<'a> {
    /// The name of a model.
    pub model: &'a dyn Fn(&ModelRef) -> String,
    /// Whether a constraint that a suite names appears as its id alone.
    pub constraint_ids: bool,
    /// The shapes that say where a controller or a constraint names models.
    pub kinds: Kinds,
}

impl Naming<'_> {
    /// A controller with names for its models, and ids for constraints that have one.
    pub(super) fn controller(&self, controller: &ControllerSpec) -> Value {
        self.written(controller.0.clone(), |value, visit| self.kinds.in_controller(value, visit))
    }

    /// A constraint likewise.
    pub(super) fn constraint(&self, constraint: &ConstraintSpec) -> Value {
        self.written(constraint.0.clone(), |value, visit| self.kinds.in_constraint(value, visit))
    }

    fn written(&self, map: Map<String, Value>, walk: impl Fn(&mut Value, &mut Visit<'_>)) -> Value {
        let mut value = Value::Object(map);
        walk(&mut value, &mut |what, value| match what {
            Named::Model => {
                if let Ok(model) = ModelRef::from_json(value) {
                    *value = (self.model)(&model).into();
                }
            }
            Named::Constraint => match value.get("id").and_then(Value::as_str).map(str::to_owned) {
                Some(id) if self.constraint_ids => *value = id.into(),
                Some(_) => drop(value.as_object_mut().and_then(|map| map.shift_remove("id"))),
                None => {}
            },
        });
        value
    }
}

type Visit<'a> = dyn FnMut(Named, &mut Value) + 'a;

/// Makes relative model paths in a request's JSON relative to `folder`: its own `model`, and those of its controller and
/// constraint.
pub fn rebase(request: &mut Value, folder: &Path, kinds: Kinds) {
    let Some(map) = request.as_object_mut() else { return };
    let mut visit = |what: Named, value: &mut Value| {
        if what == Named::Model {
            rebase_model(value, folder);
        }
    };
    if let Some(model) = map.get_mut("model") {
        rebase_model(model, folder);
    }
    if let Some(controller) = map.get_mut("controller") {
        kinds.in_controller(controller, &mut visit);
    }
    if let Some(constraint) = map.get_mut("constraint") {
        kinds.in_constraint(constraint, &mut visit);
    }
}

/// Makes a model's relative path, in the string or the object form, relative to `folder`.
pub fn rebase_model(value: &mut Value, folder: &Path) {
    match value {
        Value::String(text) => {
            if let ModelRef::Local { path } = ModelRef::parse(text)
                && !text.starts_with(CACHE)
            {
                *text = folder.join(path).display().to_string();
            }
        }
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get_mut("path")
                && !path.starts_with(CACHE)
            {
                *path = folder.join(&path).display().to_string();
            }
        }
        _ => {}
    }
}
