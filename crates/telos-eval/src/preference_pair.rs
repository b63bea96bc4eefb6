//! `preference_pair`: whether the model finds the preferred one of two texts likelier than the other, as a reward model or a
//! language model is held against pairs that people have judged.
//!
//! The preferred text is the first choice. `prefers` compares the texts' log-likelihoods as they are, which favours the shorter
//! one; `prefers_per_byte` divides each by the text's bytes first. A tie prefers nothing and is counted.

use crate::entry::Entry;
use crate::params::{all_missing, choice_lengths, choices};
use crate::replies::loglikelihoods;
use serde_json::{Map, Value};
use telos_core::evaluate::ChoiceNote;
use telos_core::shape::{KindShape, no_further_check};
use telos_core::{Case, Direction, Evaluator, Item, Metric, Score, Status};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "preference_pair",
        about: "whether the first of two texts, the preferred one, is likelier than the second",
        fields: &[],
        check: no_further_check,
    },
    build: |_| Ok(Box::new(PreferencePair)),
    reads: &["choices"],
    example: "{kind: preference_pair}",
    item: "{}",
};

struct PreferencePair;

impl Evaluator for PreferencePair {
    fn metrics(&self) -> Vec<Metric> {
        let share = |name, about| Metric::share(name, Direction::Higher, about);
        vec![
            share("prefers", "1 where the preferred text is strictly likelier than the other"),
            share("prefers_per_byte", "1 where the preferred text has strictly more log-probability a byte"),
            Metric::unbounded(
                "margin",
                Direction::Higher,
                "log-probability of the preferred text less that of the other, in nats",
            ),
            Metric::share(
                "tie",
                Direction::None,
                "1 where both texts are equally likely, so that neither is preferred",
            ),
        ]
    }

    fn check_item(&self, _: &Item, params: &Map<String, Value>) -> Result<(), String> {
        match choices(params)?.len() {
            2 => Ok(()),
            n => Err(format!("a pair is two texts, the preferred one first, but the item has {n}")),
        }
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        let replies = match loglikelihoods(case) {
            Ok(replies) => replies,
            Err(reason) => return all_missing(&self.metrics(), Status::Skipped, &reason),
        };
        let [chosen, rejected] = replies.as_slice() else {
            let reason = format!("a pair is two texts, but there are {} replies", replies.len());
            return all_missing(&self.metrics(), Status::Skipped, &reason);
        };
        let (chosen, rejected) = (chosen.logprob, rejected.logprob);
        let one = |holds: bool| f64::from(u8::from(holds));
        let per_byte = match choice_lengths(case, 2, &str::len) {
            Ok(bytes) => {
                let holds = chosen / bytes[0] as f64 > rejected / bytes[1] as f64;
                Score::ok("prefers_per_byte", one(holds))
            }
            Err(reason) => Score::missing("prefers_per_byte", Status::Skipped, reason),
        };
        let note = ChoiceNote { chosen: usize::from(rejected > chosen), right: vec![0] };
        vec![
            Score::ok("prefers", one(chosen > rejected)).noted(note.to_string()),
            per_byte,
            Score::ok("margin", chosen - rejected),
            Score::ok("tie", one(chosen == rejected)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is, loglikelihood};
    use serde_json::json;

    fn check(texts: &[&str], logprobs: &[f64], want: &[(&str, Got)]) {
        let exchange: Vec<_> = logprobs.iter().map(|logprob| loglikelihood(" x", *logprob)).collect();
        let (params, filled) = (Value::Null, json!({"choices": texts}));
        Check { kind: "preference_pair", params, filled, exchange: &exchange, follow_up_replies: &[] }.wants(want);
    }

    #[test]
    fn the_likelier_text_is_preferred() {
        let want = [("prefers", Is(1.0)), ("prefers_per_byte", Is(0.0)), ("margin", Is(2.0)), ("tie", Is(0.0))];
        check(&["ab", "abcd"], &[-4.0, -6.0], &want);
        let want = [("prefers", Is(0.0)), ("prefers_per_byte", Is(1.0)), ("margin", Is(-2.0)), ("tie", Is(0.0))];
        check(&["äb", "b"], &[-6.0, -4.0], &want);
    }

    #[test]
    fn a_tie_prefers_nothing_and_is_counted() {
        let want = [("prefers", Is(0.0)), ("prefers_per_byte", Is(0.0)), ("margin", Is(0.0)), ("tie", Is(1.0))];
        check(&["ab", "cd"], &[-4.0, -4.0], &want);
    }

    #[test]
    fn what_is_no_pair_says_so() {
        check(&["a"], &[-1.0], &[("margin", Got::Lacks(Status::Skipped, "two texts"))]);
        check(
            &["", "b"],
            &[-1.0, -2.0],
            &[("prefers_per_byte", Got::Lacks(Status::Skipped, "is empty")), ("prefers", Is(1.0))],
        );
        let item = Item::new("0".into(), 0, None, Map::new());
        let of =
            |texts: Value| PreferencePair.check_item(&item, json!({"choices": texts}).as_object().expect("an object"));
        assert_eq!(of(json!(["a", "b"])), Ok(()));
        assert!(of(json!(["a", "b", "c"])).is_err_and(|message| message.contains("the item has 3")));
    }
}
