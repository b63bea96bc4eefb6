//! `verifiable_instructions`: how many of an item's instructions a generated text follows, each checked by a program.
//!
//! The data's format and the rules are `IFEval`'s (Zhou et al. 2023). Strict: the check holds for the text as it is. Loose: it
//! holds for the text or for one of seven others that it becomes without its first line, its last line, both, and without
//! asterisks. A blank text follows nothing.
//!
//! A mean over items of `inst_strict` weighs every item alike. The published instruction-level accuracy weighs every
//! instruction alike instead, so that items with more instructions count for more.

use crate::entry::Entry;
use crate::instructions::{self, Follows, is_blank, strip};
use crate::params::all_missing;
use crate::replies::generations;
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Case, Direction, Evaluator, Item, Metric, Score, Status};

/// The columns of the data, where no parameter says otherwise.
const IDS: &str = "instruction_id_list";
const KWARGS: &str = "kwargs";

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "verifiable_instructions",
        about: "which of an item's instructions a text follows, each checked by a program, as in IFEval",
        fields: &[
            Field::optional(
                "instructions",
                Shape::Either(&[Shape::Template, Shape::List { of: &Shape::Text, min: 1 }]),
                "the ids of the instructions, such as `punctuation:no_comma`; the column `instruction_id_list` unless given",
            ),
            Field::optional(
                "kwargs",
                Shape::Either(&[Shape::Template, Shape::List { of: &Shape::Map(&Shape::Any), min: 1 }]),
                "what each instruction asks for, one object for each; the column `kwargs` unless given",
            ),
        ],
        check: no_further_check,
    },
    build: |_| Ok(Box::new(VerifiableInstructions)),
    reads: &["generate"],
    example: "{kind: verifiable_instructions}",
    item: r#"{"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"#,
};

struct VerifiableInstructions;

impl Evaluator for VerifiableInstructions {
    fn metrics(&self) -> Vec<Metric> {
        let share = |name, about| Metric::share(name, Direction::Higher, about);
        vec![
            share("prompt_strict", "1 where the text follows all instructions"),
            share("inst_strict", "the share of the item's instructions that the text follows"),
            share("prompt_loose", "as prompt_strict, asterisks and a first or last line forgiven"),
            share("inst_loose", "as inst_strict, asterisks and a first or last line forgiven"),
        ]
    }

    fn check_item(&self, item: &Item, params: &Map<String, Value>) -> Result<(), String> {
        checks(item, params).map(|_| ())
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        let metrics = self.metrics();
        let checks = match checks(case.item, case.params) {
            Ok(checks) => checks,
            Err(reason) => return all_missing(&metrics, Status::Error, &reason),
        };
        let texts = match generations(case) {
            Ok(texts) => texts,
            Err(reason) => return all_missing(&metrics, Status::Skipped, &reason),
        };
        let mut sums = [0.0; 4];
        for text in &texts {
            let strict: Vec<bool> = checks.iter().map(|follows| strictly(follows, &text.text)).collect();
            let variants = variants(&text.text);
            let loose: Vec<bool> = checks.iter().map(|follows| variants.iter().any(|v| strictly(follows, v))).collect();
            for (place, followed) in [(0, strict), (2, loose)] {
                let n = followed.iter().filter(|followed| **followed).count();
                sums[place] += f64::from(u8::from(n == followed.len()));
                sums[place + 1] += n as f64 / followed.len() as f64;
            }
        }
        metrics.iter().zip(sums).map(|(metric, sum)| Score::ok(&metric.name, sum / texts.len() as f64)).collect()
    }
}

/// The checks of an item's instructions, one or more.
fn checks(item: &Item, params: &Map<String, Value>) -> Result<Vec<Follows>, String> {
    let of = |key: &str, column: &str| -> Result<&Vec<Value>, String> {
        let value = params.get(key).or_else(|| item.data.get(column));
        let value = value.ok_or_else(|| format!("there is no column `{column}`; name another one as `{key}`"))?;
        value.as_array().ok_or_else(|| format!("`{key}` is a list, not {value}"))
    };
    let (ids, kwargs) = (of("instructions", IDS)?, of("kwargs", KWARGS)?);
    if ids.is_empty() || ids.len() != kwargs.len() {
        let (n, m) = (ids.len(), kwargs.len());
        return Err(format!("there are {n} instructions and {m} kwargs; expected one or more, and as many of each"));
    }
    let none = Map::new();
    let check = |(id, kwargs): (&Value, &Value)| {
        let id = id.as_str().ok_or_else(|| format!("an instruction is named by its id, a text, not {id}"))?;
        let kwargs = match kwargs {
            Value::Object(map) => map,
            Value::Null => &none,
            other => return Err(format!("the kwargs of `{id}` are an object, not {other}")),
        };
        instructions::read(id, kwargs)
    };
    ids.iter().zip(kwargs).map(check).collect()
}

fn strictly(follows: &Follows, text: &str) -> bool {
    !is_blank(text) && follows(text)
}

/// The eight texts of which one is enough in the loose reading, as the reference makes them.
fn variants(text: &str) -> [String; 8] {
    let (after_first, before_last) = (text.split_once('\n').map(|t| t.1), text.rsplit_once('\n').map(|t| t.0));
    let between = after_first.and_then(|rest| rest.rsplit_once('\n')).map(|t| t.0);
    let cut = |part: Option<&str>| strip(part.unwrap_or_default()).to_owned();
    let four = [text.to_owned(), cut(after_first), cut(before_last), cut(between)];
    let [a, b, c, d] = four.each_ref().map(|text| text.replace('*', ""));
    let [text, after_first, before_last, between] = four;
    [text, after_first, before_last, between, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is, generation};
    use serde_json::json;

    fn check(instructions: &Value, kwargs: &Value, text: &str, want: &[(&str, Got)]) {
        let params = json!({"instructions": "{{ ids }}", "kwargs": "{{ kw }}"});
        let filled = json!({"instructions": instructions, "kwargs": kwargs});
        let exchange = [generation(text)];
        Check { kind: "verifiable_instructions", params, filled, exchange: &exchange, follow_up_replies: &[] }
            .wants(want);
    }

    #[test]
    fn shares_of_instructions_and_whole_prompts() {
        let ids = json!(["punctuation:no_comma", "startend:quotation"]);
        let check = |text: &str, [ps, is, pl, il]: [f64; 4]| {
            let want =
                [("prompt_strict", Is(ps)), ("inst_strict", Is(is)), ("prompt_loose", Is(pl)), ("inst_loose", Is(il))];
            super::tests::check(&ids, &json!([{}, null]), text, &want);
        };
        check("\"Yes.\"", [1.0; 4]);
        check("Yes.", [0.0, 0.5, 0.0, 0.5]);
        check("Here it is:\n\"Yes.\"", [0.0, 0.5, 1.0, 1.0]);
        check("**\"Yes, so.\"**", [0.0, 0.0, 0.0, 0.5]);
        check(" \n", [0.0; 4]);
    }

    #[test]
    fn the_first_and_last_lines_may_go() {
        let all = ["a\n*b*\nc", "*b*\nc", "a\n*b*", "*b*", "a\nb\nc", "b\nc", "a\nb", "b"];
        assert_eq!(variants("a\n*b*\nc"), all);
        assert_eq!(variants("a\n b"), ["a\n b", "b", "a", "", "a\n b", "b", "a", ""]);
        assert_eq!(variants("a"), ["a", "", "", "", "a", "", "", ""]);
    }

    #[test]
    fn what_cannot_be_checked_is_an_error_of_the_data() {
        let error = |part| {
            [("prompt_strict", Got::Lacks(Status::Error, part)), ("inst_loose", Got::Lacks(Status::Error, part))]
        };
        check(&json!(["punctuation:no_coma"]), &json!([{}]), "x", &error("did you mean `punctuation:no_comma`?"));
        check(&json!(["punctuation:no_comma"]), &json!([]), "x", &error("1 instructions and 0 kwargs"));
        check(&json!([]), &json!([]), "x", &error("one or more"));
        check(&json!("punctuation:no_comma"), &json!([{}]), "x", &error("is a list"));
        check(&json!(["detectable_format:title"]), &json!(["x"]), "x", &error("are an object"));
    }

    #[test]
    fn the_datas_own_columns_are_read_and_checked_while_planning() {
        let row = |kwargs: Value| {
            let data = json!({"instruction_id_list": ["keywords:existence"], "kwargs": [kwargs]});
            let item = Item::new("0".into(), 0, None, data.as_object().expect("an object").clone());
            VerifiableInstructions.check_item(&item, &Map::new())
        };
        assert_eq!(row(json!({"keywords": ["a"], "num_words": null})), Ok(()));
        assert!(row(json!({})).is_err_and(|message| message.contains("needs `keywords`")));
        let bare = Item::new("0".into(), 0, None, Map::new());
        let message = VerifiableInstructions.check_item(&bare, &Map::new()).expect_err("no columns");
        assert!(message.contains("no column `instruction_id_list`"), "{message}");
    }
}
