//! `likelihood`: how likely the model finds a text or a continuation.
//!
//! `perplexity` is that of lm-evaluation-harness's output type `loglikelihood`, exp of minus the mean over items. The other
//! perplexities are means over items of a log-probability a unit, every item weighing the same: lm-evaluation-harness weighs
//! items by their length, which no mean over items can, so on more than one item its numbers differ.
//! Words are counted as `re.split(r"\s+", text)` does, bytes are UTF-8.

use crate::entry::Entry;
use crate::params::all_missing;
use telos_core::shape::{KindShape, no_further_check};
use telos_core::{Aggregate, Case, Direction, Evaluator, Metric, Outcome, Reply, Score, Status};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "likelihood",
        about: "how likely a text or a continuation is, and its perplexity",
        fields: &[],
        check: no_further_check,
    },
    build: |_| Ok(Box::new(Likelihood)),
    reads: &["loglikelihood", "rolling", "choices"],
    example: "{kind: likelihood}",
    item: "{}",
};

struct Likelihood;

impl Evaluator for Likelihood {
    fn metrics(&self) -> Vec<Metric> {
        let perplexity = |name, about| {
            let metric = Metric::unbounded(name, Direction::Lower, about);
            Metric { aggregate: Aggregate::plain("perplexity"), ..metric }
        };
        vec![
            Metric::unbounded("logprob", Direction::Higher, "the log-probability, in nats"),
            Metric::share("greedy", Direction::Higher, "1 where each token of the continuation is the likeliest one"),
            perplexity("perplexity", "the log-probability; over items exp of minus its mean"),
            perplexity("token_perplexity", "the log-probability a token; over items exp of minus its mean"),
            perplexity("word_perplexity", "the log-probability a word of a text; over items exp of minus its mean"),
            perplexity("byte_perplexity", "the log-probability a byte of a text; over items exp of minus its mean"),
        ]
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        match Sums::of(case.answers().replies) {
            Ok(sums) => sums.scores(),
            Err(reason) => all_missing(&self.metrics(), Status::Skipped, &reason),
        }
    }
}

/// An item with several requests counts as one long text.
#[derive(Default)]
struct Sums {
    logprob: f64,
    tokens: usize,
    /// None for a continuation, whose log-probability is not that of whole words.
    text: Option<(usize, usize)>,
    greedy: Option<bool>,
}

impl Sums {
    fn of(replies: &[Outcome]) -> Result<Self, String> {
        let mut sums = Self::default();
        for reply in replies {
            match reply {
                Ok(Reply::Loglikelihood(reply)) => {
                    sums.logprob += reply.logprob;
                    sums.tokens += reply.tokens.len();
                    sums.greedy = Some(reply.is_greedy && sums.greedy != Some(false));
                }
                Ok(Reply::Rolling(reply)) => {
                    sums.logprob += reply.logprob;
                    sums.tokens += reply.tokens;
                    let (words, bytes) = sums.text.unwrap_or_default();
                    sums.text = Some((words + reply.words, bytes + reply.bytes));
                }
                Ok(_) => return Err("a reply is to neither a loglikelihood nor a rolling request".into()),
                Err(error) => return Err(format!("a reply is an error: {error}")),
            }
        }
        match (replies.is_empty(), sums.text, sums.greedy) {
            (true, ..) => Err("there is no reply".into()),
            (_, Some(_), Some(_)) => Err("texts and continuations are mixed in one item".into()),
            _ => Ok(sums),
        }
    }

    fn scores(&self) -> Vec<Score> {
        let each = |metric, unit: &str, n: usize| match n {
            0 => Score::missing(metric, Status::Skipped, format!("the text has no {unit}")),
            n => Score::ok(metric, self.logprob / n as f64),
        };
        let mut scores = vec![Score::ok("logprob", self.logprob), Score::ok("perplexity", self.logprob)];
        scores.push(each("token_perplexity", "token", self.tokens));
        scores.extend(self.greedy.map(|greedy| Score::ok("greedy", f64::from(u8::from(greedy)))));
        if let Some((words, bytes)) = self.text {
            scores.push(each("word_perplexity", "word", words));
            scores.push(each("byte_perplexity", "byte", bytes));
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is, loglikelihood};
    use serde_json::{Value, json};

    fn check(exchange: &[(Value, Value)], want: &[(&str, Got)]) {
        let kind = "likelihood";
        Check { kind, params: Value::Null, filled: Value::Null, exchange, follow_up_replies: &[] }.wants(want);
    }

    fn rolling(logprob: f64, tokens: usize, words: usize, bytes: usize) -> (Value, Value) {
        (
            json!({"kind": "loglikelihood_rolling", "text": "t"}),
            json!({"logprob": logprob, "tokens": tokens, "words": words, "bytes": bytes}),
        )
    }

    #[test]
    fn continuations_have_tokens_and_texts_have_words_and_bytes() {
        let one = loglikelihood(" x", -3.0);
        check(
            &[one],
            &[("logprob", Is(-3.0)), ("perplexity", Is(-3.0)), ("token_perplexity", Is(-1.5)), ("greedy", Is(0.0))],
        );
        let two = [rolling(-6.0, 4, 3, 12), rolling(-2.0, 4, 1, 4)];
        check(&two, &[("token_perplexity", Is(-1.0)), ("word_perplexity", Is(-2.0)), ("byte_perplexity", Is(-0.5))]);
    }

    #[test]
    fn what_has_no_value_says_why() {
        check(
            &[rolling(0.0, 0, 1, 0)],
            &[("byte_perplexity", Got::Lacks(Status::Skipped, "no byte")), ("word_perplexity", Is(0.0))],
        );
        check(&[], &[("logprob", Got::Lacks(Status::Skipped, "no reply"))]);
        let mixed = [rolling(-1.0, 1, 1, 1), loglikelihood(" x", -3.0)];
        check(&mixed, &[("logprob", Got::Lacks(Status::Skipped, "mixed"))]);
    }
}
