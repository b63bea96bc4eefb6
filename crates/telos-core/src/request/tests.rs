use super::*;
use crate::named::Kinds;
use crate::shape::{Field, KindShape, Shape, no_further_check};
use serde_json::{Value, json};
use std::path::Path;

const CONSTRAINTS: &[KindShape] = &[KindShape {
    kind: "judged",
    about: "a constraint whose model stands under a key of another name",
    fields: &[Field::required("judge", Shape::Model, "the model"), Field::optional("model", Shape::Text, "a word")],
    check: no_further_check,
}];
const LISTED: Shape =
    Shape::List { of: &Shape::Object(&[Field::required("constraint", Shape::Constraint, "h")]), min: 1 };
const CONTROLLERS: &[KindShape] = &[KindShape {
    kind: "filter",
    about: "a controller",
    fields: &[Field::optional("constraint", Shape::Constraint, "h"), Field::optional("constraints", LISTED, "hs")],
    check: no_further_check,
}];
const OF_TESTS: Kinds = Kinds {
    controller: |kind| CONTROLLERS.iter().find(|shape| shape.kind == kind),
    constraint: |kind| CONSTRAINTS.iter().find(|shape| shape.kind == kind),
};

fn naming(constraint_ids: bool) -> Naming<'static> {
    Naming { model: &|model| format!("<{model}>"), constraint_ids, kinds: OF_TESTS }
}

fn judged() -> Value {
    json!({"id": "s", "kind": "judged", "judge": "m", "model": "m"})
}

#[test]
fn every_example_is_read_written_and_read_again() {
    assert_eq!(KINDS.len(), EXAMPLES.len());
    let as_it_is = Naming { model: &ToString::to_string, constraint_ids: false, kinds: OF_TESTS };
    for (kind, example) in KINDS.iter().zip(EXAMPLES) {
        let value: Value = serde_json::from_str(example).expect("JSON");
        let request = Request::from_json(&value).expect("a good request");
        assert_eq!(request.kind(), *kind);
        let written = request.to_json(as_it_is);
        assert_eq!(Request::from_json(&written), Ok(request), "{kind}");
        for (key, given) in value.as_object().expect("an object") {
            assert_eq!(&written[key], given, "{kind}: {key}");
        }
    }
}

#[test]
fn requests_survive_a_round_trip() {
    let constraint = json!({"kind": "judged", "judge": "m"});
    for value in [
        json!({"kind": "loglikelihood", "context": "", "continuation": " y", "max_length": 12}),
        json!({"kind": "generate", "messages": [], "max_new_tokens": 3, "stop": ["x"], "top_k": 4,
            "controller": {"kind": "filter", "constraint": constraint}}),
        json!({"kind": "reward", "messages": [{"role": "user", "content": "hi"}], "model": "other"}),
        json!({"kind": "classify", "text": "x", "text_pair": "y"}),
        json!({"kind": "next_logits", "text": "x"}),
        json!({"kind": "trajectory", "prompt": "x", "token_ids": [1, 2], "constraint": constraint}),
    ] {
        let request = Request::from_json(&value).expect("a good request");
        let written = request.to_json(Naming { model: &ToString::to_string, constraint_ids: false, kinds: OF_TESTS });
        assert_eq!(Request::from_json(&written), Ok(request));
    }
}

#[test]
fn mistakes_are_named() {
    for (value, part) in [
        (json!({"kind": "genrate"}), "did you mean `generate`?"),
        (json!({"kind": "generate", "prompt": "x", "max_new_tokens": 3, "tempreature": 1}), "`tempreature`"),
        (json!({"kind": "generate", "prompt": "x", "max_new_tokens": 0}), "1 or more"),
        (json!({"kind": "generate", "prompt": "x", "messages": [], "max_new_tokens": 1}), "both"),
        (json!({"kind": "classify"}), "`text`"),
        (json!({"kind": "classify", "text": "x", "text_pair": 3}), "`text_pair`"),
        (json!({"kind": "trajectory", "prompt": "x", "token_ids": []}), "`constraint`"),
        (json!({"kind": "trajectory", "prompt": "x", "token_ids": [], "constraint": "s"}), "the constraint itself"),
        (json!({"kind": "trajectory", "prompt": "x", "token_ids": [], "constraint": {}}), "an object with `kind`"),
    ] {
        let error = Request::from_json(&value).expect_err("a bad request").message;
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn models_are_named_and_ids_put_in_by_shape_and_not_by_key() {
    let request = Request::from_json(&json!({"kind": "generate", "prompt": "", "max_new_tokens": 1, "controller":
        {"kind": "filter", "constraints": [{"constraint": judged()}, {"constraint": {"kind": "judged", "judge": "n"}}]}}));
    let request = request.expect("a good request");
    let constraints = |constraint_ids| request.to_json(naming(constraint_ids))["controller"]["constraints"].clone();
    let (named, other) =
        (json!({"kind": "judged", "judge": "<m>", "model": "m"}), json!({"kind": "judged", "judge": "<n>"}));
    assert_eq!(constraints(true), json!([{"constraint": "s"}, {"constraint": other}]));
    assert_eq!(constraints(false), json!([{"constraint": named}, {"constraint": other}]));
    let along = json!({"kind": "trajectory", "prompt": "", "token_ids": [], "constraint": judged()});
    let along = Request::from_json(&along).expect("a good request");
    assert_eq!(along.to_json(naming(true))["constraint"], json!("s"));
    assert_eq!(along.to_json(naming(false))["constraint"], named);
}

#[test]
fn relative_models_follow_the_file() {
    let mut value = json!({"kind": "generate", "model": "../m", "controller": {"kind": "filter", "constraint":
        {"kind": "judged", "model": "m", "judge": {"kind": "local", "path": "c"}}},
        "constraint": {"kind": "judged", "judge": "cache:x"}});
    rebase(&mut value, Path::new("/d/e"), OF_TESTS);
    assert_eq!(value["model"], json!("/d/e/../m"));
    assert_eq!(value["controller"]["constraint"]["judge"]["path"], json!("/d/e/c"));
    assert_eq!(value["controller"]["constraint"]["model"], json!("m"), "a word that is no model");
    assert_eq!(value["constraint"]["judge"], json!("cache:x"));
}
