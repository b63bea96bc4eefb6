//! `match`: whether a generated text is, or has in it, what was asked for.
//!
//! `exact_match` follows the usage of `SQuAD` and lm-evaluation-harness: 1 where the text equals one of the targets. An answer
//! can be taken out of a longer text first, by a regular expression; where that finds nothing, the item counts as unparsed
//! and not as wrong.

use crate::entry::Entry;
use crate::params::{all_missing, check_static, flag, of_case, of_params, texts};
use crate::replies::generations;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::text::{did_you_mean, is_python_space};
use telos_core::{Case, Direction, Evaluator, Item, Metric, Score, Status};

const MODES: &[&str] = &["exact", "contains", "regex"];

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "match",
        about: "whether a generated text equals, contains or fits a target",
        fields: &[
            Field::required(
                "target",
                Shape::Either(&[Shape::Template, Shape::List { of: &Shape::Template, min: 1 }]),
                "the text, or a list of texts of which one is enough",
            ),
            Field::optional(
                "mode",
                Shape::Choice(MODES),
                "`exact` (the default): the text is the target; `contains`: the target is in it; `regex`: the target is a \
                 regular expression that finds something in it",
            ),
            Field::optional("ignore_case", Shape::Flag, "whether case makes no difference; false unless set"),
            Field::optional(
                "strip",
                Shape::Flag,
                "whether white space around text and target is taken off; true unless set",
            ),
            Field::optional(
                "pattern",
                Shape::Text,
                "a regular expression that takes the answer out of the text: its first group, or the whole match",
            ),
        ],
        check: no_further_check,
    },
    build,
    reads: &["generate"],
    example: "{kind: match, target: \"{{ answer }}\", pattern: \"(?i)(?:answer is )?(.+)\", ignore_case: true}",
    item: r#"{"answer": "yes"}"#,
};

fn build(params: &Map<String, Value>) -> Result<Box<dyn Evaluator>, String> {
    let ignore_case = flag(params, "ignore_case", false)?;
    let mode = match params.get("mode").map(|mode| mode.as_str()) {
        None | Some(Some("exact")) => Mode::Exact,
        Some(Some("contains")) => Mode::Contains,
        Some(Some("regex")) => Mode::Regex,
        Some(other) => {
            let hint = other.and_then(|x| did_you_mean(x, MODES.iter().copied()));
            let hint = hint.map(|k| format!("; did you mean `{k}`?")).unwrap_or_default();
            return Err(format!("`mode` is one of {}{hint}", MODES.join(", ")));
        }
    };
    let pattern = match params.get("pattern") {
        None => None,
        Some(Value::String(pattern)) => {
            Some(compile(pattern, ignore_case).map_err(|message| format!("`pattern` {message}"))?)
        }
        Some(other) => return Err(format!("`pattern` is a regular expression, not {other}")),
    };
    let evaluator = Match { mode, ignore_case, strip: flag(params, "strip", true)?, pattern };
    check_static(params, "target", |value| evaluator.targets(value))?;
    Ok(Box::new(evaluator))
}

fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).case_insensitive(ignore_case).build();
    built.map_err(|error| format!("is no regular expression: {error}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Exact,
    Contains,
    Regex,
}

struct Match {
    mode: Mode,
    ignore_case: bool,
    strip: bool,
    pattern: Option<Regex>,
}

/// What the text is held against.
enum Target {
    Text(String),
    Regex(Regex),
}

impl Evaluator for Match {
    fn metrics(&self) -> Vec<Metric> {
        let about = match self.mode {
            Mode::Exact => "1 where the answer is one of the targets",
            Mode::Contains => "1 where one of the targets is in the answer",
            Mode::Regex => "1 where one of the regular expressions finds something in the answer",
        };
        vec![Metric::share("exact_match", Direction::Higher, about)]
    }

    fn check_item(&self, _: &Item, params: &Map<String, Value>) -> Result<(), String> {
        of_params(params, "target", |value| self.targets(value), None).map(|_| ())
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        let skipped = |reason: &str| all_missing(&self.metrics(), Status::Skipped, reason);
        let targets = match of_case(case, "target", |value| self.targets(value), None) {
            Ok(targets) => targets,
            Err(reason) => return skipped(&reason),
        };
        let texts = match generations(case) {
            Ok(texts) => texts,
            Err(reason) => return skipped(&reason),
        };
        let mut hits = 0;
        for text in &texts {
            let Some(answer) = self.answer(&text.text) else {
                let reason = "the pattern finds no answer in the text";
                return all_missing(&self.metrics(), Status::Unparsed, reason);
            };
            hits += usize::from(targets.iter().any(|target| self.fits(&answer, target)));
        }
        vec![Score::ok("exact_match", hits as f64 / texts.len() as f64)]
    }
}

impl Match {
    fn targets(&self, value: &Value) -> Result<Vec<Target>, String> {
        let target = |text: String| -> Result<Target, String> {
            match self.mode {
                Mode::Regex => compile(&text, self.ignore_case).map(Target::Regex),
                _ => match self.normal(&text) {
                    // Every text has the empty one in it, which says nothing of the model.
                    text if text.is_empty() && self.mode == Mode::Contains => Err("is empty".into()),
                    text => Ok(Target::Text(text)),
                },
            }
        };
        texts(value)?.into_iter().map(target).collect()
    }

    /// The text as it is compared.
    fn normal(&self, text: &str) -> String {
        let text = if self.strip { text.trim_matches(is_python_space) } else { text };
        if self.ignore_case { text.to_lowercase() } else { text.to_owned() }
    }

    fn answer(&self, text: &str) -> Option<String> {
        let Some(pattern) = &self.pattern else { return Some(self.normal(text)) };
        let found = pattern.captures(text)?;
        let answer = if pattern.captures_len() > 1 { found.get(1) } else { found.get(0) };
        answer.map(|answer| self.normal(answer.as_str()))
    }

    fn fits(&self, answer: &str, target: &Target) -> bool {
        match target {
            Target::Regex(regex) => regex.is_match(answer),
            Target::Text(text) if self.mode == Mode::Contains => answer.contains(text.as_str()),
            Target::Text(text) => answer == text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is, generation};
    use serde_json::json;

    fn check(params: Value, text: &str, want: Got) {
        of_data(params, Value::Null, text, want);
    }

    fn of_data(params: Value, filled: Value, text: &str, want: Got) {
        let exchange = [generation(text)];
        Check { kind: "match", params, filled, exchange: &exchange, follow_up_replies: &[] }
            .wants(&[("exact_match", want)]);
    }

    #[test]
    fn modes() {
        for (params, text, want) in [
            (json!({"target": "Paris"}), " Paris\n", 1.0),
            (json!({"target": "Paris", "strip": false}), " Paris", 0.0),
            (json!({"target": "paris"}), "Paris", 0.0),
            (json!({"target": "pARIS", "ignore_case": true}), "Paris", 1.0),
            (json!({"target": ["Rome", "Paris"]}), "Paris", 1.0),
            (json!({"target": "Par", "mode": "contains"}), "in Paris", 1.0),
            (json!({"target": "par", "mode": "contains"}), "in Paris", 0.0),
            (json!({"target": "^P.+s$", "mode": "regex"}), "Paris", 1.0),
            (json!({"target": "^p.+s$", "mode": "regex", "ignore_case": true}), "Paris", 1.0),
            (json!({"target": "^a", "mode": "regex"}), "Paris", 0.0),
            (json!({"target": "B", "pattern": r"answer is \(?([A-D])"}), "The answer is (B).", 1.0),
            (json!({"target": "12", "pattern": r"\d+"}), "It is 12 or 13", 1.0),
            (json!({"target": ""}), "  ", 1.0),
        ] {
            check(params, text, Is(want));
        }
        of_data(json!({"target": "{{ t }}"}), json!({"target": 42}), "42", Is(1.0));
    }

    #[test]
    fn what_has_no_value_says_why() {
        check(
            json!({"target": "B", "pattern": "answer is (.)"}),
            "I do not know",
            Got::Lacks(Status::Unparsed, "no answer"),
        );
        check(json!({"target": "B", "pattern": "x|answer is (.)"}), "x", Got::Lacks(Status::Unparsed, "no answer"));
        let exchange = [generation("x")];
        for (mode, filled, part) in
            [("regex", json!("("), "`target`"), ("exact", json!({}), "`target`"), ("contains", json!(" "), "is empty")]
        {
            let params = json!({"target": "{{ t }}", "mode": mode});
            Check {
                kind: "match",
                params,
                filled: json!({"target": filled}),
                exchange: &exchange,
                follow_up_replies: &[],
            }
            .wants(&[("exact_match", Got::Lacks(Status::Skipped, part))]);
        }
    }

    #[test]
    fn several_texts_give_their_share() {
        let exchange = [generation("a"), generation("b")];
        Check {
            kind: "match",
            params: json!({"target": "a"}),
            filled: Value::Null,
            exchange: &exchange,
            follow_up_replies: &[],
        }
        .wants(&[("exact_match", Is(0.5))]);
    }
}
