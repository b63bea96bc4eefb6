//! The table of controllers, and the way from an object with `kind` to a state machine.

use crate::{blacklist, cbf, none, read};
use serde_json::{Map, Value};
use std::fmt::Debug;
use std::sync::Arc;
use telos_core::control::ConstraintSpec;
use telos_core::shape::KindShape;
use telos_core::text::did_you_mean;
use telos_core::{Controller, ControllerSpec, Sampling};

/// One kind of controller.
#[derive(Debug)]
pub struct Entry {
    /// Its `kind`, its keys and what they mean.
    pub shape: KindShape,
    /// An example in YAML.
    pub example: &'static str,
    /// Reads an object whose keys and cross-field rules have been checked against `shape`.
    pub read: fn(&Map<String, Value>) -> Result<Parsed, String>,
}

/// Every controller, in the order of help.
pub static CONTROLLERS: &[Entry] = &[none::ENTRY, blacklist::ENTRY, cbf::ENTRY];

/// The shapes of [`CONTROLLERS`].
pub fn controller_shapes() -> Vec<KindShape> {
    CONTROLLERS.iter().map(|entry| entry.shape).collect()
}

/// What a text starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// How tokens are sampled.
    pub sampling: Sampling,
    /// End-of-sequence tokens: they leave the text, and so h, as it is.
    pub eos: Vec<u32>,
    /// The number of the first position to come, which keys the noise; 0 for a new text.
    pub first_step: u64,
}

/// A controller once read: makes a state machine for each text.
pub trait Blueprint: Debug + Send + Sync {
    /// The state machine of one text.
    fn build(&self, start: &Start) -> Box<dyn Controller>;
}

/// A controller whose object has been read and found right.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The constraints whose h it asks for: [`telos_core::Valued::h`] has one value for each, in this order.
    pub constraints: Vec<ConstraintSpec>,
    blueprint: Arc<dyn Blueprint>,
}

impl Parsed {
    /// A controller with its constraints.
    pub fn new(constraints: Vec<ConstraintSpec>, blueprint: impl Blueprint + 'static) -> Self {
        Self { constraints, blueprint: Arc::new(blueprint) }
    }

    /// The state machine of one text.
    pub fn build(&self, start: &Start) -> Box<dyn Controller> {
        self.blueprint.build(start)
    }
}

/// Reads a controller's object. Unknown keys, missing ones and values out of range are errors that say what was expected.
pub fn parse(spec: &ControllerSpec) -> Result<Parsed, String> {
    let known = || CONTROLLERS.iter().map(|entry| entry.shape.kind);
    let listed = || known().collect::<Vec<_>>().join(", ");
    let Some(Value::String(kind)) = spec.0.get("kind") else {
        return Err(format!("a controller needs `kind`: {}", listed()));
    };
    let Some(entry) = CONTROLLERS.iter().find(|entry| entry.shape.kind == kind) else {
        let hint = did_you_mean(kind, known()).map(|k| format!("did you mean `{k}`? ")).unwrap_or_default();
        return Err(format!("unknown kind of controller `{kind}`; {hint}Known: {}", listed()));
    };
    read::fields(kind, &spec.0, entry.shape.fields)?;
    if let Some((_, message)) = (entry.shape.check)(&spec.0).into_iter().next() {
        return Err(message);
    }
    (entry.read)(&spec.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            (json!({"kind": "cbf", "alpha": 1, "constraint": constraint(), "support": "after"}), 1),
            (json!({"kind": "cbf", "alpha": 0.5, "constraints": two, "on_empty": "error"}), 2),
            (json!({"kind": "cbf", "constraints": [{"constraint": constraint(), "alpha": 0.2}]}), 1),
        ] {
            assert_eq!(parse(&spec(&value)).map(|p| p.constraints.len()), Ok(constraints), "{value}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let one = constraint();
        for (value, part) in [
            (json!({}), "needs `kind`: none, blacklist, cbf"),
            (json!({"kind": "cfb"}), "did you mean `cbf`?"),
            (json!({"kind": "none", "alpha": 1}), "unknown key `alpha`"),
            (json!({"kind": "cbf", "alhpa": 0.3, "constraint": one}), "did you mean `alpha`?"),
            (json!({"kind": "cbf", "alpha": 1.5, "constraint": one}), "from 0 to 1"),
            (json!({"kind": "cbf", "alpha": "x", "constraint": one}), "from 0 to 1"),
            (json!({"kind": "cbf", "constraint": one}), "needs `alpha`"),
            (json!({"kind": "cbf", "alpha": 0.3}), "`constraint`"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "constraints": [{"constraint": one}]}), "not both"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraints": []}), "1 or more"),
            (
                json!({"kind": "cbf", "constraints": [{"constraint": one, "alpha": 0.1}, {"constraint": one}]}),
                "`alpha`",
            ),
            (json!({"kind": "cbf", "alpha": 0.3, "constraints": [{"constriant": one}]}), "did you mean `constraint`?"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "support": "befor"}), "did you mean `before`?"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": one, "strategy": null}), "lazy, scan"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": "sentiment"}), "id of a constraint"),
            (json!({"kind": "cbf", "alpha": 0.3, "constraint": {"kind": "lexicon"}}), "lexicon"),
            (json!({"kind": "blacklist", "alpha": 1, "constraint": one}), "unknown key `alpha`"),
            (json!({"kind": "blacklist", "constraints": [{"constraint": one, "alpha": 1}]}), "unknown key `alpha`"),
            (json!({"kind": "blacklist"}), "`constraint`"),
        ] {
            let message = parse(&spec(&value)).expect_err("a bad object");
            assert!(message.contains(part), "{value}: {message}");
        }
    }
}
