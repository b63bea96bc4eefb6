//! The table of constraints: functions h of text whose sign says safe or not. The engine computes them.

use telos_core::shape::{Field, KindShape, Shape, no_further_check};

const LABELS: Shape = Shape::List { of: &Shape::Text, min: 1 };

/// h = max p(positive) − max p(negative) of a sequence classifier over the whole decoded text.
const CLASSIFIER_MARGIN: KindShape = KindShape {
    kind: "classifier_margin",
    about: "h = max p(positive) − max p(negative) of a sequence classifier over the whole text, from −1 to 1",
    fields: &[
        Field::required("model", Shape::Model, "the classifier"),
        Field::required("positive", LABELS, "labels whose probability speaks for the text"),
        Field::required("negative", LABELS, "labels whose probability speaks against it"),
    ],
    check: no_further_check,
};

/// The shapes of all constraints.
pub fn constraint_shapes() -> Vec<KindShape> {
    vec![CLASSIFIER_MARGIN]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};
    use telos_core::control::ConstraintSpec;

    #[test]
    fn the_reader_knows_every_key_of_the_table() {
        for shape in constraint_shapes() {
            let mut map = Map::new();
            map.insert("kind".into(), shape.kind.into());
            for field in shape.fields {
                let value = if matches!(field.shape, Shape::List { .. }) { json!(["x"]) } else { json!("x") };
                map.insert(field.name.into(), value);
            }
            let read = ConstraintSpec::from_json(&Value::Object(map.clone()));
            assert_eq!(read.map(|c| c.to_json()), Ok(Value::Object(map)));
        }
    }
}
