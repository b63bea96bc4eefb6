//! Names and fingerprints of models, and the hashes by which requests are told apart.

use crate::identity::fingerprint;
use crate::journal::Key;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::HashMap;
use telos_core::digest::{blake3_hex, canonical_json};
use telos_core::request::{Ask, Naming, Prompt};
use telos_core::{ModelCard, ModelRef, Request};

/// The models of a run, by where they are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: HashMap<ModelRef, String>,
    cards: HashMap<ModelRef, ModelCard>,
}

impl Names {
    /// Names a model of the suite; the first id of a model that has several stays.
    pub(crate) fn name(&mut self, model: &ModelRef, id: &str) {
        self.ids.entry(model.clone()).or_insert_with(|| id.to_owned());
    }

    /// Says what an open model is.
    pub(crate) fn know(&mut self, model: &ModelRef, card: &ModelCard) {
        self.cards.insert(model.clone(), card.clone());
    }

    /// Whether [`Names::know`] was told of the model.
    pub(crate) fn knows(&self, model: &ModelRef) -> bool {
        self.cards.contains_key(model)
    }

    /// What an open model is; none where nobody said so.
    pub(crate) fn card(&self, model: &ModelRef) -> Option<&ModelCard> {
        self.cards.get(model)
    }

    /// For a person: the id in the suite, else the string form.
    pub(crate) fn called(&self, model: &ModelRef) -> String {
        self.ids.get(model).cloned().unwrap_or_else(|| model.to_string())
    }

    /// In a record: the id in the suite, else `blake3:` of the weights, else the string form.
    pub(crate) fn shown(&self, model: &ModelRef) -> String {
        let weights = || self.cards.get(model).and_then(|card| card.weights.as_ref());
        match (self.ids.get(model), weights()) {
            (Some(id), _) => id.clone(),
            (None, Some(weights)) => format!("blake3:{weights}"),
            (None, None) => place(model),
        }
    }

    /// What stands for the model in a request's hash: its bytes where they are known.
    fn bytes(&self, model: &ModelRef) -> String {
        match self.cards.get(model) {
            Some(card) if card.weights.is_some() => fingerprint(card),
            _ => place(model),
        }
    }

    /// The request as it stands in a record.
    pub(crate) fn record(&self, request: &Request) -> Value {
        request.to_json(Naming { model: &|model| self.shown(model), constraint_ids: true, kinds: telos_control::KINDS })
    }

    /// The hash of everything that can change the reply. `under_test` is whom a request without a model asks.
    pub(crate) fn key(&self, request: &Request, under_test: &ModelRef) -> Key {
        let written = request.to_json(Naming {
            model: &|model| self.bytes(model),
            constraint_ids: false,
            kinds: telos_control::KINDS,
        });
        let asked = if request.model.is_none() { self.bytes(under_test).into() } else { Value::Null };
        let whole = json!({"request": written, "model": asked});
        *blake3::hash(canonical_json(&whole).as_bytes()).as_bytes()
    }
}

impl Names {
    /// Whether every model that the reply depends on is known by its bytes.
    pub(crate) fn pinned(&self, request: &Request, under_test: &ModelRef) -> bool {
        let known = |model: &ModelRef| self.cards.get(model).is_some_and(|card| card.weights.is_some());
        let all = Cell::new(request.model.is_some() || known(under_test));
        let look = |model: &ModelRef| {
            all.set(all.get() && known(model));
            String::new()
        };
        request.to_json(Naming { model: &look, constraint_ids: false, kinds: telos_control::KINDS });
        all.get()
    }
}

/// The string form, with what that leaves out: one server may have several models.
pub(crate) fn place(model: &ModelRef) -> String {
    match model {
        ModelRef::Server { url, model: Some(name) } => format!("{url}#{name}"),
        other => other.to_string(),
    }
}

/// The hash of what a model is shown, without the model, the controller and the noise.
pub(crate) fn prompt_hash(request: &Request) -> String {
    let prompt = |prompt: &Prompt| match prompt {
        Prompt::Text(text) => json!({"text": text}),
        Prompt::Messages(messages) => json!({"messages": messages}),
    };
    let shown = match &request.ask {
        Ask::Generate { prompt: p, .. } | Ask::Reward(p) => prompt(p),
        Ask::Trajectory { prompt: p, token_ids, .. } => json!({"prompt": prompt(p), "token_ids": token_ids}),
        _ => {
            let naming = Naming { model: &ToString::to_string, constraint_ids: true, kinds: telos_control::KINDS };
            let mut written = Request::new(request.ask.clone()).to_json(naming);
            written.as_object_mut().and_then(|map| map.shift_remove("kind"));
            written
        }
    };
    blake3_hex(canonical_json(&shown).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(weights: &str) -> ModelCard {
        ModelCard {
            architecture: "X".into(),
            weights: Some(weights.into()),
            tokenizer: Some("t".into()),
            template: None,
            max_length: Some(8),
            labels: Vec::new(),
            causal: true,
            dtype: None,
        }
    }

    fn request(value: &Value) -> Request {
        Request::from_json(value).expect("a good request")
    }

    #[test]
    fn equal_bytes_have_equal_keys_wherever_they_lie() {
        let (here, there, other) = (ModelRef::parse("a"), ModelRef::parse("b"), ModelRef::parse("c"));
        let mut names = Names::default();
        names.know(&here, &card("1"));
        names.know(&there, &card("1"));
        names.know(&other, &card("2"));
        let ask = request(&json!({"kind": "loglikelihood", "context": "x", "continuation": "y"}));
        assert_eq!(names.key(&ask, &here), names.key(&ask, &there));
        assert_ne!(names.key(&ask, &here), names.key(&ask, &other));
        let of_c = request(&json!({"kind": "classify", "text": "x", "model": "c"}));
        assert_eq!(names.key(&of_c, &here), names.key(&of_c, &other), "who is under test does not matter there");
        let control = |model: &str, id: &str| {
            let constraint =
                json!({"id": id, "kind": "classifier_margin", "model": model, "positive": ["p"], "negative": ["n"]});
            request(&json!({"kind": "generate", "prompt": "x", "max_new_tokens": 1,
                "controller": {"kind": "cbf", "alpha": 0.5, "constraint": constraint}}))
        };
        assert_eq!(names.key(&control("a", "s"), &here), names.key(&control("b", "t"), &here));
        assert_ne!(names.key(&control("a", "s"), &here), names.key(&control("c", "s"), &here));
        assert_eq!(names.shown(&other), "blake3:2");
        names.name(&other, "tiny");
        assert_eq!(names.shown(&other), "tiny");
        let served = |name: &str| ModelRef::Server { url: "http://x/v1".into(), model: Some(name.into()) };
        assert_ne!(names.key(&ask, &served("a")), names.key(&ask, &served("b")), "whose bytes nobody knows");
        assert!(names.pinned(&ask, &here) && !names.pinned(&ask, &served("a")));
        assert!(names.pinned(&of_c, &served("a")), "who is under test does not matter there");
        assert!(names.pinned(&control("a", "s"), &here) && !names.pinned(&control("unknown", "s"), &here));
    }

    #[test]
    fn prompts_are_told_apart_without_the_model() {
        let generate = |prompt: &str, seed: u64, model: &str| {
            prompt_hash(&request(
                &json!({"kind": "generate", "prompt": prompt, "seed": seed, "max_new_tokens": 1, "model": model}),
            ))
        };
        assert_eq!(generate("x", 1, "a"), generate("x", 2, "b"));
        assert_ne!(generate("x", 1, "a"), generate("y", 1, "a"));
        let pair = |context: &str, continuation: &str| {
            prompt_hash(&request(&json!({"kind": "loglikelihood", "context": context, "continuation": continuation})))
        };
        assert_ne!(pair("ab", "c"), pair("a", "bc"));
    }
}
