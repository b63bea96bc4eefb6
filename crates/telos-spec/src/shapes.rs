//! The keys of suites and benchmarks. What stands where a file says `kind` comes from the catalogue.

use telos_core::shape::{Field, Shape};

const COUNT: Shape = Shape::Whole { min: 1, max: u32::MAX as u64 };
/// Numbers that every JSON reader keeps as they are.
const SEED: Shape = Shape::Whole { min: 0, max: (1 << 53) - 1 };
pub(crate) const TEXTS: Shape = Shape::List { of: &Shape::Text, min: 0 };
pub(crate) const SOME_TEXTS: Shape = Shape::List { of: &Shape::Text, min: 1 };

/// A suite.
pub(crate) static SUITE: Shape = Shape::Object(SUITE_FIELDS);

static SUITE_FIELDS: &[Field] = &[
    Field::required("suite", Shape::Text, "The suite's id."),
    Field::optional("about", Shape::Text, "What it is for."),
    Field::optional("seed", SEED, "From which the seed of every item follows; 0 where it is missing."),
    Field::optional(
        "registry",
        Shape::List { of: &Shape::Path, min: 1 },
        "Folders with goals and benchmarks, or single files of them, laid over what is built in.",
    ),
    Field::required("models", Shape::List { of: &Shape::Object(MODEL_FIELDS), min: 1 }, "The models under test."),
    Field::optional(
        "constraints",
        Shape::List { of: &Shape::Object(CONSTRAINT_FIELDS), min: 1 },
        "Constraints with ids; wherever a constraint stands, its id may stand instead.",
    ),
    Field::optional(
        "controllers",
        Shape::List { of: &Shape::Object(CONTROLLER_FIELDS), min: 1 },
        "The controllers; where they are missing, one that changes nothing, with the id `free`.",
    ),
    Field::optional(
        "arms",
        Shape::Either(&[Shape::Choice(&["all"]), Shape::List { of: &Shape::Object(ARM_FIELDS), min: 1 }]),
        "`all` (models × controllers, the default), or a list of pairs.",
    ),
    Field::optional("goals", SOME_TEXTS, "Every benchmark that is bound to these goals or below them is run."),
    Field::optional(
        "benchmarks",
        Shape::List { of: &Shape::Either(&[Shape::Text, Shape::Object(OVERRIDE_FIELDS)]), min: 1 },
        "Benchmarks by id, as they are or with keys of their own overridden.",
    ),
    Field::optional(
        "truncation",
        Shape::Choice(&["error", "left", "drop_shots", "skip"]),
        "What happens to a prompt that is too long: `error` (the default), `left`, `drop_shots` or `skip`.",
    ),
    Field::optional(
        "gates",
        Shape::Either(&[Shape::Path, RULES, GATE]),
        "The rules that decide the exit code of a run: a file of them, or the rules themselves.",
    ),
];

static MODEL_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The id by which arms and the report name it."),
    Field::required("model", Shape::Model, "Where it is."),
    Field::optional("sha256", Shape::Text, "The sha256 of its file, 64 hexadecimal digits, checked before the run."),
    Field::optional("max_length", COUNT, "Positions to use, where that is less than the model has."),
];

static CONSTRAINT_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The id that may stand wherever a constraint may."),
    Field::required("constraint", Shape::Constraint, "What computes h."),
];

static CONTROLLER_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The id by which arms and the report name it."),
    Field::required("controller", Shape::Controller, "What stands between logits and tokens."),
];

/// A file with one controller, and the constraints that it names by id.
pub(crate) static COMPOSED: Shape = Shape::Object(&[
    Field::optional(
        "id",
        Shape::Text,
        "The id by which arms and the report name it; the file's name where it is missing.",
    ),
    Field::required("controller", Shape::Controller, "What stands between logits and tokens."),
    Field::optional(
        "constraints",
        Shape::List { of: &Shape::Object(CONSTRAINT_FIELDS), min: 1 },
        "Constraints that the controller, or a benchmark, names by id.",
    ),
]);

static ARM_FIELDS: &[Field] = &[
    Field::required("model", Shape::Text, "The id of a model."),
    Field::required("controller", Shape::Text, "The id of a controller."),
];

/// A benchmark in a suite: its id and what is overridden. Objects are laid over the benchmark's own, key by key, so that
/// what is in them can only be checked afterwards.
static OVERRIDE_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The benchmark's id."),
    Field::optional("about", Shape::Text, "What it asks, in a sentence."),
    Field::optional("goals", TEXTS, "The leaves that it is bound to."),
    Field::optional("licence", Shape::Text, "The licence of its data."),
    Field::optional("contamination", Shape::Text, CONTAMINATION),
    Field::optional("source", PARTIAL, "Keys laid over the benchmark's `source`; paths are relative to this file."),
    Field::optional("cluster", Shape::Text, "The column whose equal values are not independent."),
    Field::optional("fewshot", PARTIAL, "Keys laid over the benchmark's `fewshot`."),
    Field::optional("request", PARTIAL, "Keys laid over the benchmark's `request`."),
    Field::optional("generate", PARTIAL, "Keys laid over a request of kind `generate`: how tokens are sampled."),
    Field::optional("evaluator", PARTIAL, "Keys laid over the benchmark's `evaluator`."),
    Field::optional("metrics", PARTIAL, "Keys laid over the benchmark's `metrics`."),
    Field::optional("headline", Shape::Text, HEADLINE),
    Field::optional("chat", Shape::Flag, CHAT),
    Field::optional("limit", COUNT, LIMIT),
    Field::optional("repeats", COUNT, REPEATS),
];

const HEADLINE: &str =
    "The metric that is shown where there is room for one; the evaluator's first where it is missing.";
const PARTIAL: Shape = Shape::Map(&Shape::Any);
const CONTAMINATION: &str = "What is known of its items being in training data, in a sentence.";
const CHAT: &str = "Whether the prompt is put as a user's turn through the model's chat template.";
const LIMIT: &str = "At most this many items, chosen by the suite's seed.";
const REPEATS: &str = "How often each item is asked, where something is sampled; 1 where it is missing.";

/// A benchmark.
pub(crate) static BENCHMARK: Shape = Shape::Object(BENCHMARK_FIELDS);

pub(crate) static BENCHMARK_FIELDS: &[Field] = &[
    Field::required("benchmark", Shape::Text, "The benchmark's id."),
    Field::optional("about", Shape::Text, "What it asks, in a sentence."),
    Field::optional("goals", TEXTS, "The leaves of the goals that it is bound to; may be empty."),
    Field::optional("licence", Shape::Text, "The licence of its data."),
    Field::optional("contamination", Shape::Text, CONTAMINATION),
    Field::required("source", Shape::Source, "Where its rows are."),
    Field::optional("id", Shape::Text, "The column that is the item's id; else the row's number from 0."),
    Field::optional("cluster", Shape::Text, "The column whose equal values are not independent."),
    Field::optional("fewshot", Shape::Object(FEWSHOT_FIELDS), "Examples before the question."),
    Field::required("request", Shape::Request, "How an item becomes requests."),
    Field::required("evaluator", Shape::Evaluator, "How replies become scores."),
    Field::optional(
        "metrics",
        Shape::Map(&Shape::Object(METRIC_FIELDS)),
        "What this benchmark says of a metric, over what its evaluator says.",
    ),
    Field::optional("headline", Shape::Text, HEADLINE),
    Field::optional("chat", Shape::Flag, CHAT),
    Field::optional("limit", COUNT, LIMIT),
    Field::optional("repeats", COUNT, REPEATS),
];

static FEWSHOT_FIELDS: &[Field] = &[
    Field::required("n", Shape::Whole { min: 0, max: u32::MAX as u64 }, "How many examples."),
    Field::optional(
        "split",
        Shape::Path,
        "The file that they are drawn from; where it is missing, the benchmark's own rows but the item itself.",
    ),
    Field::optional("seed", SEED, "The seed of the draw; 1234 where it is missing."),
    Field::optional("delimiter", Shape::Text, "What stands between two examples; two line breaks where it is missing."),
];

static METRIC_FIELDS: &[Field] = &[
    Field::optional("direction", Shape::Choice(&["higher", "lower", "none"]), "Which way is better."),
    Field::optional(
        "range",
        Shape::List { of: &Shape::Number { min: f64::NEG_INFINITY, max: f64::INFINITY }, min: 2 },
        "The least and the largest value.",
    ),
    Field::optional("about", Shape::Text, "What it says, in one line; for a metric that the evaluator does not have."),
    Field::optional(
        "aggregate",
        Shape::Aggregate,
        "How items make one number. One that reads other metrics (`of`) defines a metric of the benchmark's own.",
    ),
];

/// A file of rules.
pub(crate) static GATE: Shape = Shape::Object(GATE_FIELDS);

static GATE_FIELDS: &[Field] = &[
    Field::optional(
        "baseline",
        Shape::Path,
        "What `regression` rules hold the record against: a file of `telos baseline accept`, or a record's folder.",
    ),
    Field::required("rules", RULES, "The rules; the worst verdict of them is the gate's."),
];

/// The rules alone.
pub(crate) const RULES: Shape = Shape::List { of: &Shape::Rule, min: 1 };
