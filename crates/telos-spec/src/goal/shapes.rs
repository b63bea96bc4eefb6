//! The keys of goal files.

use crate::shapes::{SOME_TEXTS, TEXTS};
use telos_core::shape::{Field, Shape};

/// A file of goals: one node and what lies below it.
pub(crate) static GOAL: Shape = Shape::Object(GOAL_FIELDS);

static GOAL_FIELDS: &[Field] = &[
    Field::required("goal", Shape::Text, "The path id of the file's node; what it names may be there already."),
    Field::optional("title", Shape::Text, "The name of the goal; may be left out where the goal is there already."),
    Field::optional("version", Shape::Text, "The version of the taxonomy that the ids belong to."),
    Field::optional(
        "level",
        Shape::Choice(&["instruction", "preference", "value-principle", "basic-value"]),
        "What a model is aligned with.",
    ),
    Field::optional(
        "band",
        Shape::Choice(&["fundamental ability", "value orientation"]),
        "Whether it is about ability or about values.",
    ),
    Field::optional(
        "order",
        Shape::Whole { min: 1, max: 1000 },
        "Its place from the surface of behaviour (1) to intrinsic values (the largest).",
    ),
    DEFINITION,
    MOTIVATION,
    STRENGTHS,
    LIMITS,
    CITES,
    EARLIER,
    WORKS,
    DIMENSIONS,
    PRINCIPLES,
    Field::optional("children", Shape::List { of: &NODE, min: 1 }, CHILDREN),
];

static NODE: Shape = Shape::Object(NODE_FIELDS);

static NODE_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The last part of the goal's path id."),
    Field::required("title", Shape::Text, "The name of the goal."),
    DEFINITION,
    MOTIVATION,
    STRENGTHS,
    LIMITS,
    CITES,
    EARLIER,
    WORKS,
    DIMENSIONS,
    PRINCIPLES,
    Field::optional("children", Shape::List { of: &NODE, min: 1 }, CHILDREN),
];

const DEFINITION: Field = Field::optional("definition", Shape::Text, "What it means.");
const MOTIVATION: Field = Field::optional("motivation", Shape::Text, "Why one would align a model with it.");
const STRENGTHS: Field = Field::optional("strengths", SOME_TEXTS, "What speaks for it.");
const LIMITS: Field = Field::optional("limits", SOME_TEXTS, "Where it ends.");
const CITES: Field = Field::optional("cites", SOME_TEXTS, "Where it is described: authors and year, an arXiv id.");
const EARLIER: Field = Field::optional(
    "earlier",
    Shape::Map(&SOME_TEXTS),
    "The ids that it, or a part of it, had in earlier versions of the taxonomy, by version.",
);
const WORKS: Field = Field::optional(
    "works",
    Shape::List { of: &WORK, min: 1 },
    "The datasets, benchmarks, methods and theories that are named here.",
);
const DIMENSIONS: Field = Field::optional(
    "dimensions",
    Shape::List { of: &SET, min: 1 },
    "Sets of value dimensions, such as those of a theory of values.",
);
const PRINCIPLES: Field = Field::optional(
    "principles",
    Shape::List { of: &LIST, min: 1 },
    "Numbered lists of rules, such as a constitution.",
);
const CHILDREN: &str = "What lies below it.";

static WORK: Shape = Shape::Object(WORK_FIELDS);

static WORK_FIELDS: &[Field] = &[
    Field::required("name", Shape::Text, "The name; of two works of one name the later one counts."),
    CITES,
    Field::required(
        "status",
        Shape::Choice(&["works", "planned", "out of scope"]),
        "`works` where there is a benchmark for it, `planned` where there could be one, else `out of scope`.",
    ),
    Field::optional("benchmarks", SOME_TEXTS, "The ids of the benchmarks for it, where its status is `works`."),
    Field::optional("reason", Shape::Text, "Why it has this status; needed where that is `out of scope`."),
];

static SET: Shape = Shape::Object(SET_FIELDS);

static SET_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The set's id, the only one of this name in the registry."),
    Field::required("title", Shape::Text, "Its name."),
    DEFINITION,
    CITES,
    Field::optional(
        "circular",
        Shape::Flag,
        "Whether the dimensions lie on a circle in this order; `false` where it is missing.",
    ),
    Field::required(
        "dimensions",
        Shape::List { of: &Shape::Object(DIMENSION_FIELDS), min: 1 },
        "The dimensions, in the order in which they are shown.",
    ),
    Field::optional(
        "higher",
        Shape::List { of: &Shape::Object(GROUP_FIELDS), min: 1 },
        "Groups of a higher order; a dimension may be in several, or in none.",
    ),
];

static DIMENSION_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The dimension's id within the set."),
    Field::required("title", Shape::Text, "Its name."),
    DEFINITION,
    Field::optional("opposites", TEXTS, "The dimensions that it is opposed to; one of the two may say so."),
];

static GROUP_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The group's id within the set."),
    Field::required("title", Shape::Text, "Its name."),
    DEFINITION,
    Field::required("of", SOME_TEXTS, "The dimensions in it."),
    Field::optional("opposites", TEXTS, "The groups that it is opposed to; one of the two may say so."),
];

static LIST: Shape = Shape::Object(LIST_FIELDS);

static LIST_FIELDS: &[Field] = &[
    Field::required("id", Shape::Text, "The list's id, the only one of this name in the registry."),
    Field::required("title", Shape::Text, "Its name."),
    DEFINITION,
    CITES,
    Field::required("rules", Shape::List { of: &Shape::Object(RULE_FIELDS), min: 1 }, "The rules, in order of number."),
];

static RULE_FIELDS: &[Field] = &[
    Field::required(
        "number",
        Shape::Whole { min: 1, max: u32::MAX as u64 },
        "The number by which a report names it; a rule keeps it when another one goes.",
    ),
    Field::required("text", Shape::Text, "The rule itself."),
];
