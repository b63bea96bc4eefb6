//! Where a controller or a constraint names models and constraints: the shape of its kind says so, whatever the key is called.

use crate::shape::{Field, KindShape, Shape};
use serde_json::Value;

/// The shape of a kind, out of a table.
pub type KindOf = fn(&str) -> Option<&'static KindShape>;

/// The tables that say what a controller and a constraint may hold.
#[derive(Debug, Clone, Copy)]
pub struct Kinds {
    /// Controllers.
    pub controller: KindOf,
    /// Constraints.
    pub constraint: KindOf,
}

/// What a value names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A model, in the string or the object form.
    Model,
    /// A constraint: an object, or its id.
    Constraint,
}

impl Kinds {
    /// Visits the models and constraints in a controller. What a constraint names is visited before the constraint itself.
    pub fn in_controller(self, value: &mut Value, visit: &mut dyn FnMut(Named, &mut Value)) {
        self.of_kind(self.controller, value, visit);
    }

    /// Visits a constraint and what it names, itself last.
    pub fn in_constraint(self, value: &mut Value, visit: &mut dyn FnMut(Named, &mut Value)) {
        self.of_kind(self.constraint, value, visit);
        visit(Named::Constraint, value);
    }

    /// Visits what the keys of an object name. A key that no field knows names nothing.
    pub fn in_fields(self, fields: &[Field], value: &mut Value, visit: &mut dyn FnMut(Named, &mut Value)) {
        for field in fields {
            if let Some(value) = value.get_mut(field.name) {
                self.in_shape(&field.shape, value, visit);
            }
        }
    }

    fn of_kind(self, table: KindOf, value: &mut Value, visit: &mut dyn FnMut(Named, &mut Value)) {
        if let Some(kind) = value.get("kind").and_then(Value::as_str).and_then(table) {
            self.in_fields(kind.fields, value, visit);
        }
    }

    fn in_shape(self, shape: &Shape, value: &mut Value, visit: &mut dyn FnMut(Named, &mut Value)) {
        match (shape, value) {
            (Shape::Model, value) => visit(Named::Model, value),
            (Shape::Constraint, value) => self.in_constraint(value, visit),
            (Shape::Controller, value) => self.in_controller(value, visit),
            (Shape::List { of, .. }, Value::Array(list)) => {
                for value in list {
                    self.in_shape(of, value, visit);
                }
            }
            (Shape::Map(of), Value::Object(map)) => {
                for value in map.values_mut() {
                    self.in_shape(of, value, visit);
                }
            }
            (Shape::Object(fields), value) => self.in_fields(fields, value, visit),
            (Shape::Either(shapes), value) => {
                if let Some(shape) = shapes.iter().find(|shape| could_be(shape, value)) {
                    self.in_shape(shape, value, visit);
                }
            }
            _ => {}
        }
    }
}

/// Whether a value is of the JSON type that a shape takes.
fn could_be(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Any => true,
        Shape::Text | Shape::Path | Shape::Template | Shape::Choice(_) => value.is_string(),
        Shape::Flag => value.is_boolean(),
        Shape::Number { .. } | Shape::Whole { .. } => value.is_number(),
        Shape::List { .. } => value.is_array(),
        Shape::Model | Shape::Constraint => value.is_string() || value.is_object(),
        Shape::Either(shapes) => shapes.iter().any(|shape| could_be(shape, value)),
        _ => value.is_object(),
    }
}
