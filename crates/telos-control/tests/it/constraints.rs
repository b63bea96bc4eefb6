//! Constraints on made-up models: what they ask, and what h they make of the replies.

use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use telos_control::{CONSTRAINTS, constraint, constraint_key, constraint_shapes};
use telos_core::feed::pull;
use telos_core::reply::{Classification, Reward};
use telos_core::{
    Ask, Constraint, ConstraintSpec, ErrorKind, Feed, Look, Message, Model, ModelCard, ModelRef, Prompt, Reply,
    Request, RequestError,
};

fn spec(value: &Value) -> ConstraintSpec {
    ConstraintSpec::from_json(value).expect("an object with a kind")
}

/// A model that gives the text's length in bytes as its reward or first logit, and remembers what it was asked.
struct Lengths {
    card: ModelCard,
    asked: Mutex<Vec<Request>>,
    regression: bool,
}

impl Lengths {
    fn new(labels: &[&str], template: bool, regression: bool) -> Arc<Self> {
        let card = ModelCard {
            architecture: "Made up".into(),
            weights: Some("w".into()),
            tokenizer: Some("t".into()),
            template: template.then(|| "c".into()),
            max_length: Some(8),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            causal: false,
            dtype: None,
        };
        Arc::new(Self { card, asked: Mutex::default(), regression })
    }
}

impl Model for Lengths {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn answer(&self, feed: &mut dyn Feed, _: &AtomicBool) {
        let (requests, _) = pull(feed);
        self.asked.lock().expect("a lock").extend(requests.iter().map(|(_, request)| request.clone()));
        // Replies may come in any order.
        for (ticket, request) in requests.iter().rev() {
            let length = |text: &str| text.len() as f32;
            feed.reply(
                *ticket,
                match &request.ask {
                    Ask::Reward(Prompt::Text(text)) if text == "fails" => {
                        Err(RequestError::new(ErrorKind::TooLong, "too long"))
                    }
                    Ask::Reward(Prompt::Text(text)) => Ok(Reply::Reward(Reward { reward: length(text) })),
                    Ask::Reward(Prompt::Messages(turns)) => {
                        let last = turns.last().map_or("", |turn| &turn.content);
                        Ok(Reply::Reward(Reward { reward: -length(last) }))
                    }
                    Ask::Classify { text, .. } => {
                        let logits = vec![length(text), 1.0];
                        let p = |i: usize| if self.regression { f64::from(logits[i]) } else { 0.1 + i as f64 / 2.0 };
                        let probabilities = self.card.labels.iter().cloned().zip([p(0), p(1)]).collect();
                        Ok(Reply::Classify(Classification { logits, probabilities }))
                    }
                    _ => Err(RequestError::invalid("of another kind")),
                },
            );
        }
    }

    fn token_paths(&self, _: &Request) -> Result<Option<Vec<Vec<u32>>>, RequestError> {
        Ok(None)
    }
}

fn opened(value: &Value, model: &Arc<Lengths>) -> Arc<dyn Constraint> {
    let plan = constraint(&spec(value)).unwrap_or_else(|e| panic!("{value}: {e}"));
    let models: Vec<Arc<dyn Model>> = plan.models().iter().map(|_| model.clone() as Arc<dyn Model>).collect();
    plan.check(&models.iter().map(|model| model.card()).collect::<Vec<_>>()).expect("the model fits");
    plan.open(&models).expect("it opens")
}

fn look<'a>(prompt: &'a Prompt, text: &'a str, generated: &'a str) -> Look<'a> {
    Look { sequence: 0, prompt, prompt_ids: &[], ids: &[], appended: &[], text, generated }
}

/// h of a lexicon with these keys on a text, all of it generated.
fn lexicon(keys: &Value, text: &str) -> f64 {
    let mut value = keys.clone();
    value["kind"] = "lexicon".into();
    let prompt = Prompt::Text(String::new());
    let model = Lengths::new(&[], false, false);
    let values = opened(&value, &model).values(&[look(&prompt, text, text)]);
    assert!(model.asked.lock().expect("a lock").is_empty(), "a lexicon asks no model");
    *values[0].as_ref().expect("a value")
}

#[test]
fn the_table_says_what_it_holds() {
    let kinds: Vec<&str> = constraint_shapes().iter().map(|shape| shape.kind).collect();
    assert_eq!(kinds, ["classifier_margin", "lexicon", "reward"]);
    for entry in CONSTRAINTS {
        let shape = entry.shape;
        assert!(!shape.about.is_empty() && shape.fields.iter().all(|field| !field.about.is_empty()), "{}", shape.kind);
        assert!(entry.example.contains(&format!("kind: {}", shape.kind)), "{}", shape.kind);
    }
}

#[test]
fn a_word_counts_where_it_stands_alone() {
    let words = |words: &[&str]| json!({"words": words});
    for (keys, text, found) in [
        (words(&["he"]), "he", true),
        (words(&["he"]), "the hello", false),
        (words(&["he"]), "the. he, she", true),
        // What is only begun counts as it stands.
        (words(&["he"]), "then he", true),
        // A side where the word's own character is no word character asks nothing of its neighbour.
        (words(&["c++"]), "c++11", true),
        (words(&["c++"]), "xc++", false),
        (words(&[" in"]), "within", false),
        (words(&[" in"]), "what's in", true),
        (words(&[" in"]), "x inn", false),
        (words(&["!"]), "a!b", true),
        // Digits, marks, connectors and joiners are word characters; numbers of other kinds are not.
        (words(&["a"]), "a1", false),
        (words(&["a"]), "a_", false),
        (words(&["a"]), "a\u{301}", false),
        (words(&["a"]), "a\u{200d}", false),
        (words(&["a"]), "a\u{203f}", false),
        (words(&["a"]), "a²", true),
        (words(&["a"]), "aⅫ", false),
        (words(&["安"]), "安全", false),
        (words(&["安全"]), "。安全!", true),
        // Occurrences may overlap: the first is within a word, the second is not.
        (words(&["aa"]), "xaaa", false),
        (words(&["a a"]), "xa a a", true),
        (json!({"words": ["he"], "whole_word": false}), "then", true),
        (json!({"words": ["he"], "whole_word": false}), "thin", false),
        (words(&["x", "y"]), "only y", true),
    ] {
        assert_eq!(lexicon(&keys, text), if found { -1.0 } else { 1.0 }, "{keys} in {text:?}");
    }
}

#[test]
fn case_is_that_of_unicode() {
    for (keys, text, found) in [
        (json!({"words": ["THE"]}), "to the", true),
        (json!({"words": ["THE"], "case": true}), "to the", false),
        (json!({"words": ["THE"], "case": true}), "to THE", true),
        (json!({"words": ["ÜNÏ"]}), "ünï", true),
        // A capital sigma at a word's end is the final one, in the word and in the text.
        (json!({"words": ["ΟΔΟΣ"]}), "οδος", true),
        (json!({"words": ["οδος"]}), "ΟΔΟΣ.", true),
        // One character that becomes two.
        (json!({"words": ["İ"]}), "x İ", true),
        (json!({"words": ["i\u{307}"]}), "x İ", true),
        (json!({"patterns": ["[A-M]{2}"]}), "ik", true),
        (json!({"patterns": ["[A-M]{2}"], "case": true}), "ik", false),
        // Whole words do not touch patterns.
        (json!({"patterns": ["he"]}), "then", true),
        (json!({"patterns": ["\\bhe\\b"]}), "then", false),
        (json!({"words": ["nothing"], "patterns": ["^th"]}), "then", true),
    ] {
        assert_eq!(lexicon(&keys, text), if found { -1.0 } else { 1.0 }, "{keys} in {text:?}");
    }
}

#[test]
fn a_word_of_the_prompt_counts_unless_the_answer_alone_is_read() {
    let prompt = Prompt::Text("I hate".into());
    let model = Lengths::new(&[], false, false);
    let h = |reads: &str| {
        let constraint = opened(&json!({"kind": "lexicon", "words": ["hate"], "reads": reads}), &model);
        constraint.values(&[look(&prompt, "I hate it", " it"), look(&prompt, "I hate hate", " hate")])
    };
    assert_eq!(h("text"), [Ok(-1.0), Ok(-1.0)]);
    assert_eq!(h("generated"), [Ok(1.0), Ok(-1.0)]);
}

#[test]
fn a_reward_is_read_from_a_chat_or_from_a_text() {
    let turns = vec![Message { role: "user".into(), content: "Hi".into() }];
    let (chat, text) = (Prompt::Messages(turns.clone()), Prompt::Text("Hi".into()));
    let value = json!({"kind": "reward", "model": "m", "threshold": 1.5, "scale": -2});
    for (template, prompt, reward) in [(true, &chat, -3.0), (false, &chat, 9.0), (true, &text, 9.0)] {
        let model = Lengths::new(&["r"], template, false);
        let values = opened(&value, &model).values(&[look(prompt, "whole one", "abc")]);
        assert_eq!(values, [Ok((reward - 1.5) / -2.0)], "{template} {prompt:?}");
        if template && prompt == &chat {
            let answer = Message { role: "assistant".into(), content: "abc".into() };
            let asked = Ask::Reward(Prompt::Messages(vec![turns[0].clone(), answer]));
            assert_eq!(*model.asked.lock().expect("a lock"), [Request::new(asked)]);
        }
    }
    let plain = opened(&json!({"kind": "reward", "model": "m"}), &Lengths::new(&["r"], true, false));
    assert_eq!(plain.values(&[look(&text, "abcd", "cd"), look(&text, "", "")]), [Ok(4.0), Ok(0.0)]);
    // An error stays with its own text, and an h that is not finite is one.
    let tiny = json!({"kind": "reward", "model": "m", "scale": 5e-324});
    let values = opened(&tiny, &Lengths::new(&["r"], true, false)).values(&[
        look(&text, "fails", ""),
        look(&text, "abcd", ""),
        look(&text, "", ""),
    ]);
    let kinds: Vec<_> = values.iter().map(|value| value.as_ref().err().map(|error| error.kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::TooLong), Some(ErrorKind::NotFinite), None]);
}

#[test]
fn a_margin_is_that_of_the_probabilities_and_a_regression_has_none() {
    let value = json!({"kind": "classifier_margin", "model": "m", "positive": ["no", "yes"], "negative": ["no"]});
    let prompt = Prompt::Text(String::new());
    let values = opened(&value, &Lengths::new(&["no", "yes"], false, false)).values(&[look(&prompt, "x", "")]);
    assert_eq!(values, [Ok(0.6 - 0.1)]);
    let raw = opened(&value, &Lengths::new(&["no", "yes"], false, true)).values(&[look(&prompt, "x", "")]);
    assert!(raw[0].as_ref().is_err_and(|error| error.message.contains("regression")), "{raw:?}");
}

#[test]
fn mistakes_are_named() {
    for (value, part) in [
        (json!({"kind": "lexcion", "words": ["a"]}), "did you mean `lexicon`?"),
        (json!({"kind": "lexicon"}), "`words` or `patterns`"),
        (json!({"kind": "lexicon", "words": [], "patterns": []}), "`words` or `patterns`"),
        (json!({"kind": "lexicon", "words": "a"}), "expected a list, found the string `a`"),
        (json!({"kind": "lexicon", "words": [1]}), "expected a string, found 1"),
        (json!({"kind": "lexicon", "words": ["a", ""]}), "empty word"),
        (json!({"kind": "lexicon", "patterns": [""]}), "empty pattern"),
        (json!({"kind": "lexicon", "patterns": ["("]}), "unclosed group"),
        (json!({"kind": "lexicon", "patterns": ["(a{1000}){1000}"]}), "size limit"),
        (json!({"kind": "lexicon", "patterns": ["(?=a)"]}), "look-around"),
        (json!({"kind": "lexicon", "words": ["a"], "case": "no"}), "expected true or false"),
        (json!({"kind": "lexicon", "words": ["a"], "reads": "prompt"}), "`text` or `generated`"),
        (json!({"kind": "lexicon", "words": ["a"], "wholeword": true}), "did you mean `whole_word`?"),
        (json!({"kind": "lexicon", "words": vec!["a"; 10_001]}), "10000"),
        (json!({"kind": "reward"}), "the key `model` is missing"),
        (json!({"kind": "reward", "model": 3}), "`model`"),
        (json!({"kind": "reward", "model": {"kind": "locl"}}), "did you mean `local`?"),
        (json!({"kind": "reward", "model": "m", "scale": 0}), "not 0"),
        (json!({"kind": "reward", "model": "m", "scale": -0.0}), "not 0"),
        (json!({"kind": "reward", "model": "m", "threshold": "low"}), "expected a number"),
        (json!({"kind": "classifier_margin", "model": "m", "positive": [], "negative": ["n"]}), "at least one entry"),
        (json!({"kind": "classifier_margin", "model": "m", "positive": ["p"]}), "the key `negative` is missing"),
    ] {
        let error = constraint(&spec(&value)).expect_err("a bad object").message;
        assert!(error.contains(part), "{value}: {error}");
        assert!(error.len() < 600, "{} bytes", error.len());
    }
}

#[test]
fn models_that_do_not_fit_are_told() {
    let margin =
        |label: &str| json!({"kind": "classifier_margin", "model": "m", "positive": [label], "negative": ["no"]});
    let causal = ModelCard { causal: true, labels: Vec::new(), ..Lengths::new(&[], false, false).card.clone() };
    let labelled = |labels: &[&str]| Lengths::new(labels, false, false).card.clone();
    for (value, card, part) in [
        (margin("postive"), labelled(&["no", "positive"]), "did you mean `positive`?"),
        (margin("yes"), causal.clone(), "no sequence classifier"),
        (json!({"kind": "reward", "model": "m"}), labelled(&["a", "b", "c"]), "3 labels"),
        (json!({"kind": "reward", "model": "m"}), causal, "no reward model"),
    ] {
        let plan = constraint(&spec(&value)).expect("a good object");
        assert_eq!(plan.models(), [ModelRef::parse("m")]);
        let error = plan.check(&[&card]).expect_err("it does not fit").message;
        assert!(error.contains(part), "{value}: {error}");
    }
}

#[test]
fn one_constraint_has_one_key() {
    let key = |value: Value| constraint_key(&spec(&value));
    let of = |model: Value| json!({"kind": "reward", "model": model});
    assert_eq!(key(of("m".into())), key(of(json!({"kind": "local", "path": "m"}))));
    assert_eq!(key(of("m".into())), key(json!({"id": "x", "model": "m", "kind": "reward"})));
    assert_ne!(key(of("m".into())), key(of("n".into())));
    assert_ne!(key(of("m".into())), key(json!({"kind": "reward", "model": "m", "threshold": 1})));
    assert_ne!(key(json!({"kind": "lexicon", "words": ["a"]})), key(json!({"kind": "lexicon", "words": ["b"]})));
}
