//! Instructions that a program can verify, as `IFEval` has them (Zhou et al. 2023, "Instruction-Following Evaluation for Large
//! Language Models"): one small function for each kind, and the table of them.
//!
//! The rules are those of the reference implementation (`google-research/instruction_following_eval`), oddities included.

mod edges;
mod entry;
mod formats;
mod keywords;
mod lengths;
mod python;

pub(crate) use entry::{Follows, Instruction};
pub(crate) use python::{is_blank, strip};

use entry::Kwargs;
use serde_json::{Map, Value};
use telos_core::text::did_you_mean;

/// The kinds that there are.
pub(crate) static INSTRUCTIONS: &[Instruction] = &[
    Instruction { id: "keywords:existence", read: keywords::existence },
    Instruction { id: "keywords:forbidden_words", read: keywords::forbidden_words },
    Instruction { id: "keywords:frequency", read: keywords::frequency },
    Instruction { id: "length_constraints:number_words", read: lengths::number_words },
    Instruction { id: "length_constraints:number_paragraphs", read: lengths::number_paragraphs },
    Instruction { id: "detectable_format:number_bullet_lists", read: formats::number_bullet_lists },
    Instruction { id: "detectable_format:title", read: formats::title },
    Instruction { id: "startend:end_checker", read: edges::end_checker },
    Instruction { id: "startend:quotation", read: edges::quotation },
    Instruction { id: "punctuation:no_comma", read: formats::no_comma },
];

/// The check of one instruction of an item. The error names the instruction.
pub(crate) fn read(id: &str, kwargs: &Map<String, Value>) -> Result<Follows, String> {
    let known = || INSTRUCTIONS.iter().map(|instruction| instruction.id);
    let Some(instruction) = INSTRUCTIONS.iter().find(|instruction| instruction.id == id) else {
        let hint = did_you_mean(id, known()).map(|id| format!("did you mean `{id}`? ")).unwrap_or_default();
        let known = known().collect::<Vec<_>>().join(", ");
        return Err(format!("there is no instruction `{id}`; {hint}Known: {known}"));
    };
    (instruction.read)(&Kwargs(kwargs)).map_err(|message| format!("the instruction `{id}` {message}"))
}

#[cfg(test)]
mod testing {
    use super::read;
    use serde_json::Value;

    /// Whether each text follows the instruction.
    pub(super) fn check(id: &str, kwargs: &Value, cases: &[(&str, bool)]) {
        let follows = read(id, kwargs.as_object().expect("an object")).expect("good kwargs");
        for (text, want) in cases {
            assert_eq!(follows(text), *want, "{id} {kwargs}: {text:?}");
        }
    }

    /// What is wrong with an instruction.
    pub(super) fn check_error(id: &str, kwargs: &Value, part: &str) {
        let message = read(id, kwargs.as_object().expect("an object")).err().expect("bad kwargs");
        assert!(message.contains(part) && message.contains(id), "{message}");
    }
}

#[cfg(test)]
mod tests {
    use super::testing::check_error;
    use super::*;
    use serde_json::json;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_have_a_family() {
        let ids: HashSet<&str> = INSTRUCTIONS.iter().map(|instruction| instruction.id).collect();
        assert_eq!(ids.len(), INSTRUCTIONS.len());
        assert!(ids.iter().all(|id| id.split(':').count() == 2));
    }

    #[test]
    fn mistakes_in_the_data_are_named() {
        check_error("keywords:existance", &json!({}), "did you mean `keywords:existence`?");
        check_error("keywords:existence", &json!({"keywords": []}), "needs `keywords`");
        check_error("keywords:existence", &json!({"keywords": ["a", 1]}), "a list of texts");
        check_error("keywords:existence", &json!({"keywords": ["("]}), "no regular expression");
        check_error("keywords:frequency", &json!({"keyword": "a", "relation": "at least"}), "needs `frequency`");
        let relation = json!({"relation": "more than", "num_words": 3});
        check_error("length_constraints:number_words", &relation, "`less than` or `at least`");
        check_error(
            "length_constraints:number_words",
            &json!({"relation": "at least", "num_words": 0}),
            "needs `num_words`",
        );
        check_error("length_constraints:number_paragraphs", &json!({"num_paragraphs": 1.5}), "a whole number");
        check_error("startend:end_checker", &json!({"end_phrase": null}), "needs `end_phrase`");
    }
}
