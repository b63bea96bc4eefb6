//! Writes the keys of a request in the probe's form.

use super::naming::Naming;
use super::prompt::{Message, Prompt};
use super::sampling::Sampling;
use crate::{ConstraintSpec, ControllerSpec};
use serde_json::{Map, Value, json};

/// The keys of a request so far.
pub(super) struct Written<'a> {
    pub(super) map: Map<String, Value>,
    naming: Naming<'a>,
}

impl<'a> Written<'a> {
    pub(super) fn new(naming: Naming<'a>) -> Self {
        Self { map: Map::new(), naming }
    }

    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.map.insert(key.to_owned(), value.into());
    }

    pub(super) fn messages(&mut self, messages: &[Message]) {
        let turns: Value = messages.iter().map(|m| json!({"role": m.role, "content": m.content})).collect();
        self.put("messages", turns);
    }

    /// A text under `key`, or `messages`.
    pub(super) fn prompt(&mut self, key: &str, prompt: &Prompt) {
        match prompt {
            Prompt::Text(text) => self.put(key, text.as_str()),
            Prompt::Messages(messages) => self.messages(messages),
        }
    }

    pub(super) fn sampling(&mut self, sampling: &Sampling) {
        self.put("max_new_tokens", sampling.max_new_tokens);
        self.put("temperature", sampling.temperature);
        if let Some(top_k) = sampling.top_k {
            self.put("top_k", top_k);
        }
        self.put("top_p", sampling.top_p);
        self.put("seed", sampling.seed);
        self.put("sample", sampling.sample);
        if !sampling.stop.is_empty() {
            self.put("stop", sampling.stop.clone());
        }
    }

    pub(super) fn controller(&mut self, controller: &ControllerSpec) {
        self.put("controller", self.naming.controller(controller));
    }

    pub(super) fn constraint(&mut self, constraint: &ConstraintSpec) {
        self.put("constraint", self.naming.constraint(constraint));
    }

    pub(super) fn model(&mut self, model: &crate::ModelRef) {
        self.put("model", (self.naming.model)(model));
    }
}
