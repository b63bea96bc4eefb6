//! `cbf`: the control barrier filter of CBF-LLM (Miyaoka and Inoue, arXiv 2408.15625).
//!
//! A token t is allowed after text x iff h(x + t) ≥ (1 − alpha) · h(x), for every constraint. From h(x₀) ≥ 0 it follows by
//! induction that h never falls below zero while a token is allowed at each step.

use crate::constraint::constraint_key;
use crate::entry::{Entry, Parsed};
use crate::error::SpecError;
use crate::rule::{Drafts, OnEmpty, Rule, Strategy, Support};
use serde_json::{Map, Value};
use std::collections::HashSet;
use telos_core::ConstraintSpec;
use telos_core::shape::{Field, KindShape, Mistake, Shape};

/// Drafted tokens at most: the logits of each are kept until it is judged, 200 kB a token and text of a vocabulary of 50,000.
const MOST_DRAFTED: u64 = 32;

const ALPHA: Shape = Shape::Number { min: 0.0, max: 1.0 };
const SUPPORTS: &[&str] = &["before", "after"];
const STRATEGIES: &[&str] = &["lazy", "scan"];
const ON_EMPTY: &[&str] = &["stop", "least_unsafe", "error"];

/// The keys that say what is filtered and how, but for the constraints' strength.
pub(crate) const SUPPORT: Field = Field::optional(
    "support",
    Shape::Choice(SUPPORTS),
    "`before` (the default): the filter acts on the top-k and top-p tokens; `after`: on all, and then the first k allowed are \
     taken",
);
pub(crate) const STRATEGY: Field = Field::optional(
    "strategy",
    Shape::Choice(STRATEGIES),
    "`lazy` (the default) evaluates h in the order of sampling, until a token is allowed; `scan` in the order of probability, \
     as the published code does. Both give the same token",
);
pub(crate) const FALLBACK: Field = Field::optional(
    "on_empty",
    Shape::Choice(ON_EMPTY),
    "when no token is allowed: `stop` (the default) ends the text, `least_unsafe` takes the largest h, `error` fails the \
     request",
);
pub(crate) const DRAFT: Field = Field::optional(
    "draft",
    Shape::Either(&[Shape::Whole { min: 0, max: MOST_DRAFTED }, Shape::Choice(&["auto"])]),
    "how many tokens of the free text are drafted before h of all their beginnings is asked for at once; 0 (the default) for \
     none, `auto` for as many as were good lately. Tokens, trace and evaluations are the same with any",
);
pub(crate) const CONSTRAINT: Field = Field::optional("constraint", Shape::Constraint, "the function h; h ≥ 0 is safe");

/// The table's entry.
pub(crate) const ENTRY: Entry<Parsed> = Entry {
    shape: KindShape {
        kind: "cbf",
        about: "control barrier filter: only tokens with h(x + t) ≥ (1 − alpha) · h(x)",
        fields: &[
            Field::optional("alpha", ALPHA, "how much of h one token may spend: 0 none of it, 1 all of it"),
            CONSTRAINT,
            Field::optional(
                "constraints",
                Shape::List {
                    of: &Shape::Object(&[
                        Field::required("constraint", Shape::Constraint, "the function h"),
                        Field::optional("alpha", ALPHA, "its own alpha; the controller's where it has none"),
                    ]),
                    min: 1,
                },
                "instead of `constraint`: a token is allowed iff all of these allow it",
            ),
            SUPPORT,
            STRATEGY,
            FALLBACK,
            DRAFT,
        ],
        check,
    },
    example: "{kind: cbf, alpha: 0.3, constraint: {kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: \
              [positive], negative: [negative]}}",
    read: |map| read(map, None),
};

fn check(map: &Map<String, Value>) -> Vec<Mistake> {
    let mut mistakes = one_of_constraint_and_constraints(map);
    let without_alpha = |entry: &Value| entry.get("alpha").is_none();
    let lists = map.get("constraints").and_then(Value::as_array);
    if !map.contains_key("alpha") && lists.is_none_or(|list| list.iter().any(without_alpha)) {
        let message = "`cbf` needs `alpha`, a number from 0 to 1, unless each entry of `constraints` has its own";
        mistakes.push((None, message.into()));
    }
    mistakes
}

/// Exactly one of the two ways to name constraints.
pub(crate) fn one_of_constraint_and_constraints(map: &Map<String, Value>) -> Vec<Mistake> {
    match (map.contains_key("constraint"), map.contains_key("constraints")) {
        (true, true) => vec![(Some("constraints"), "give `constraint` or `constraints`, not both".into())],
        (false, false) => vec![(None, "a filter needs `constraint`, or `constraints` for several".into())],
        _ => Vec::new(),
    }
}

/// Reads an object that fits its shape; `alpha` overrides what the object says.
pub(crate) fn read(map: &Map<String, Value>, alpha: Option<f64>) -> Result<Parsed, SpecError> {
    let listed = map.get("constraints").and_then(Value::as_array);
    let of_all = map.get("alpha").and_then(Value::as_f64);
    let (mut constraints, mut alphas) = (Vec::new(), Vec::new());
    let mut add = |holder: &Map<String, Value>| -> Result<(), SpecError> {
        let own = holder.get("alpha").and_then(Value::as_f64);
        let none = || SpecError::new("a constraint has no `alpha`, and the controller has none");
        alphas.push(alpha.or(own).or(of_all).ok_or_else(none)?);
        let constraint = holder.get("constraint").and_then(ConstraintSpec::from_json);
        constraints.push(constraint.ok_or_else(|| SpecError::new("a constraint is an object with `kind`"))?);
        Ok(())
    };
    match listed {
        Some(list) => list.iter().filter_map(Value::as_object).try_for_each(&mut add)?,
        None => add(map)?,
    }
    let choice = |key: &str| map.get(key).and_then(Value::as_str);
    let distinct: HashSet<String> = constraints.iter().map(constraint_key).collect();
    let rule = Rule {
        alphas,
        distinct: distinct.len() as u32,
        listed: listed.is_some(),
        support: if choice("support") == Some("after") { Support::After } else { Support::Before },
        strategy: if choice("strategy") == Some("scan") { Strategy::Scan } else { Strategy::Lazy },
        on_empty: match choice("on_empty") {
            Some("least_unsafe") => OnEmpty::LeastUnsafe,
            Some("error") => OnEmpty::Error,
            _ => OnEmpty::Stop,
        },
        drafts: match map.get("draft").and_then(Value::as_u64) {
            Some(many) => Drafts::Tokens(many as usize),
            None if choice("draft") == Some("auto") => Drafts::Auto,
            None => Drafts::Tokens(0),
        },
    };
    Ok(Parsed::new(constraints, rule))
}
