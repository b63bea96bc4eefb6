//! The table of controllers, and the way from an object with `kind` to a state machine.

use crate::constraint::{self, constraint_shapes};
use crate::entry::{Entry, Parsed};
use crate::error::SpecError;
use crate::read::{Tables, check};
use crate::{blacklist, cbf, none};
use telos_core::shape::{KindShape, Shape};
use telos_core::{ControllerSpec, Kinds};

/// Every controller, in the order of help.
pub static CONTROLLERS: &[Entry<Parsed>] = &[none::ENTRY, blacklist::ENTRY, cbf::ENTRY];

/// Where controllers and constraints name models, by the shapes of the tables.
pub const KINDS: Kinds = Kinds {
    controller: |kind| CONTROLLERS.iter().map(|entry| &entry.shape).find(|shape| shape.kind == kind),
    constraint: constraint::shape_of,
};

/// The shapes of [`CONTROLLERS`].
pub fn controller_shapes() -> Vec<KindShape> {
    CONTROLLERS.iter().map(|entry| entry.shape).collect()
}

/// Reads a controller's object. Unknown keys, missing ones and values out of range are errors that say what was expected.
pub fn parse(spec: &ControllerSpec) -> Result<Parsed, SpecError> {
    let tables = Tables { controllers: controller_shapes(), constraints: constraint_shapes(), kinds: KINDS };
    check(Shape::Controller, &spec.0, &tables)?;
    let entry = CONTROLLERS.iter().find(|entry| entry.shape.kind == spec.kind());
    (entry.ok_or_else(|| SpecError::new("a controller needs a `kind` that is known"))?.read)(&spec.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn spec(value: &Value) -> ControllerSpec {
        ControllerSpec(value.as_object().expect("an object").clone())
    }

    fn constraint() -> Value {
        json!({"kind": "classifier_margin", "model": "m", "positive": ["a"], "negative": ["b"]})
    }

    #[test]
    fn the_table_is_in_order() {
        let mut seen = Vec::new();
        for entry in CONTROLLERS {
            let shape = entry.shape;
            assert!(!seen.contains(&shape.kind), "{} stands twice", shape.kind);
            seen.push(shape.kind);
            assert!(!shape.about.is_empty() && shape.fields.iter().all(|f| !f.about.is_empty()), "{}", shape.kind);
            // The examples are YAML's flow style with quoted strings left bare; the kind must be in them.
            assert!(entry.example.contains(&format!("kind: {}", shape.kind)), "{}", shape.kind);
            for field in shape.fields.iter().filter(|f| f.required) {
                assert!(entry.example.contains(field.name), "{}: {}", shape.kind, field.name);
            }
        }
        assert_eq!(seen, ["none", "blacklist", "cbf"]);
    }

    #[test]
    fn good_objects_are_read() {
        let two = json!([{"constraint": constraint(), "alpha": 0}, {"constraint": constraint()}]);
        for (value, constraints) in [
            (json!({"kind": "none"}), 0),
            (json!({"kind": "blacklist", "constraint": constraint()}), 1),
            (json!({"kind": "cbf", "alpha": 1, "constraint": constraint(), "support": "after", "draft": "auto"}), 1),
            (json!({"kind": "blacklist", "constraint": constraint(), "draft": 4}), 1),
            (json!({"kind": "cbf", "alpha": 0.5, "constraints": two, "on_empty": "error"}), 2),
            (json!({"kind": "cbf", "constraints": [{"constraint": constraint(), "alpha": 0.2}]}), 1),
        ] {
            let parsed = parse(&spec(&value)).unwrap_or_else(|e| panic!("{value}: {e}"));
            assert_eq!(parsed.constraints.len(), constraints, "{value}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let one = constraint();
        for (value, part) in [
            (json!({}), "one of none, blacklist, cbf"),
            (json!({"kind": "cfb"}), "did you mean `cbf`?"),
            (json!({"kind": "none", "alpha": 1}), "unknown key `alpha`"),
            (json!({"kind": "cbf", "alhpa": 0.3, "constraint": one}), "did you mean `alpha`?"),
            (json!({"kind": "cbf", "alpha": 1.5, "constraint": one}), "from 0 to 1"),
            (json!({"kind": "cbf", "alpha": "x", "constraint": one}), "from 0 to 1"),
            (json!({"kind": "cbf", "constraint": one}), "needs `alpha`"),
            (json!({"kind": "cbf", "alpha": 0.3}), "`constraint`"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "constraints": [{"constraint": one}]}), "not both"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraints": []}), "at least one entry"),
            (
                json!({"kind": "cbf", "constraints": [{"constraint": one, "alpha": 0.1}, {"constraint": one}]}),
                "`alpha`",
            ),
            (json!({"kind": "cbf", "alpha": 0.3, "constraints": [{"constriant": one}]}), "did you mean `constraint`?"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "support": "befor"}), "did you mean `before`?"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "strategy": null}), "`lazy` or `scan`"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": "sentiment"}), "by its id"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": {"kind": "lexicno"}}), "did you mean `lexicon`?"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": {"kind": "lexicon"}}), "`words` or `patterns`"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "draft": -1}), "from 0 to 32"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "draft": "often"}), "`auto`"),
            (json!({"kind": "blacklist", "alpha": 1, "constraint": one}), "unknown key `alpha`"),
            (json!({"kind": "blacklist", "constraints": [{"constraint": one, "alpha": 1}]}), "unknown key `alpha`"),
            (json!({"kind": "blacklist"}), "`constraint`"),
        ] {
            let message = parse(&spec(&value)).expect_err("a bad object").message;
            assert!(message.contains(part), "{value}: {message}");
        }
    }
}
