//! A small catalogue with the keys of the documented examples.

use serde_json::{Map, Value};
use telos_core::metric::{Direction, Metric};
use telos_core::shape::{Catalogue, Field, KindShape, Mistake, Shape, no_further_check};

const LABELS: Shape = Shape::List { of: &Shape::Text, min: 1 };
const ALPHA: Shape = Shape::Number { min: 0.0, max: 1.0 };
const PLACE: Shape = Shape::Either(&[Shape::Whole { min: 0, max: 1 << 32 }, Shape::Template]);

const fn kind(kind: &'static str, fields: &'static [Field]) -> KindShape {
    KindShape { kind, about: "for tests", fields, check: no_further_check }
}

fn one_prompt(map: &Map<String, Value>) -> Vec<Mistake> {
    if map.contains_key("prompt") == map.contains_key("messages") {
        vec![(None, "one of `prompt` and `messages` is needed".into())]
    } else {
        Vec::new()
    }
}

const MESSAGE: Shape = Shape::Object(&[
    Field::required("role", Shape::Choice(&["system", "user", "assistant"]), "who speaks"),
    Field::required("content", Shape::Template, "what is said"),
]);

static EVALUATORS: &[KindShape] = &[
    kind(
        "multiple_choice",
        &[
            Field::optional("correct", PLACE, "the right one"),
            Field::optional("labels", Shape::Template, "which are right"),
        ],
    ),
    kind("sentence_pair", &[]),
    kind("preference_pair", &[]),
    kind(
        "likert",
        &[
            Field::required("points", Shape::Whole { min: 2, max: 100 }, "options"),
            Field::optional("reverse", Shape::Either(&[Shape::Flag, Shape::Template]), "turned"),
            Field::optional("dimension", Shape::Template, "about what"),
            Field::optional("dimensions", LABELS, "all of them"),
        ],
    ),
    kind(
        "verifiable_instructions",
        &[
            Field::optional("instructions", Shape::Template, "ids"),
            Field::optional("kwargs", Shape::Template, "of each"),
        ],
    ),
    kind(
        "classifier",
        &[
            Field::required("model", Shape::Model, "the classifier"),
            Field::required("label", Shape::Either(&[Shape::Text, LABELS]), "looked for"),
            Field::optional("prompt", Shape::Flag, "with it"),
        ],
    ),
    kind("control", &[Field::required("constraint", Shape::Constraint, "the h")]),
    kind(
        "match",
        &[
            Field::required("target", Shape::Template, "what is looked for"),
            Field::optional("mode", Shape::Choice(&["exact", "contains", "regex"]), "how"),
        ],
    ),
];

static CONTROLLERS: &[KindShape] = &[
    kind("none", &[]),
    kind(
        "cbf",
        &[
            Field::required("alpha", ALPHA, "strength"),
            Field::optional("constraint", Shape::Constraint, "the h"),
            Field::optional(
                "constraints",
                Shape::List {
                    of: &Shape::Object(&[
                        Field::required("constraint", Shape::Constraint, "the h"),
                        Field::optional("alpha", ALPHA, "strength"),
                    ]),
                    min: 1,
                },
                "several",
            ),
        ],
    ),
    kind("blacklist", &[Field::required("constraint", Shape::Constraint, "the h")]),
];

static CONSTRAINTS: &[KindShape] = &[kind(
    "classifier_margin",
    &[
        Field::required("model", Shape::Model, "the classifier"),
        Field::required("positive", LABELS, "for"),
        Field::required("negative", LABELS, "against"),
    ],
)];

static REQUESTS: &[KindShape] = &[
    kind(
        "choices",
        &[
            Field::required("context", Shape::Template, "before"),
            Field::required(
                "choices",
                Shape::Either(&[Shape::Template, Shape::List { of: &Shape::Template, min: 2 }]),
                "the choices",
            ),
            Field::optional("delimiter", Shape::Text, "between"),
        ],
    ),
    KindShape {
        check: one_prompt,
        ..kind(
            "generate",
            &[
                Field::optional("prompt", Shape::Template, "what is continued"),
                Field::optional("messages", Shape::List { of: &MESSAGE, min: 1 }, "a chat"),
                Field::required("max_new_tokens", Shape::Whole { min: 1, max: 1 << 20 }, "at most"),
                Field::optional("temperature", Shape::Number { min: 0.0, max: f64::MAX }, "heat"),
                Field::optional("top_k", Shape::Whole { min: 1, max: 1 << 32 }, "k"),
                Field::optional("top_p", ALPHA, "p"),
                Field::optional("stop", Shape::List { of: &Shape::Text, min: 0 }, "ends"),
            ],
        )
    },
];

static SOURCES: &[KindShape] = &[
    kind("json", &[Field::optional("records", Shape::Text, "where the list is")]),
    kind("jsonl", &[]),
    kind("csv", &[Field::optional("delimiter", Shape::Text, "between cells")]),
    kind("tsv", &[]),
    kind("parquet", &[]),
];

/// The catalogue.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue {
        evaluators: EVALUATORS.to_vec(),
        controllers: CONTROLLERS.to_vec(),
        constraints: CONSTRAINTS.to_vec(),
        requests: REQUESTS.to_vec(),
        sources: SOURCES.to_vec(),
        reads: None,
        metrics: Some(metrics),
    }
}

/// One share where higher is better, one where lower is.
fn metrics(kind: &str, _: &Map<String, Value>) -> Vec<Metric> {
    if kind == "control" {
        return vec![
            Metric::share("safe_start", Direction::None, "safe"),
            Metric::share("stays_safe", Direction::Higher, "safe"),
            Metric::unbounded("min_h", Direction::Higher, "h"),
        ];
    }
    vec![
        Metric::share("acc", Direction::Higher, "right"),
        Metric::share("harm", Direction::Lower, "wrong"),
        Metric::unbounded("min_h", Direction::Higher, "h"),
        Metric::unbounded("length", Direction::None, "tokens"),
    ]
}
