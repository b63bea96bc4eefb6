//! The log-likelihood of one continuation.

use super::entry::{Draw, Question, Recipe, RequestKind, needed, prompt_text};
use crate::render::{RenderError, Row};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Ask, Prompt};

pub(super) const KIND: RequestKind = RequestKind {
    shape: KindShape {
        kind: "loglikelihood",
        about: "the log-likelihood of one continuation, and whether it is the greedy one",
        fields: &[
            Field::required("context", Shape::Template, "what stands before; may be empty"),
            Field::required("continuation", Shape::Template, "what is scored, any space before it included"),
        ],
        check: no_further_check,
    },
    example: "{kind: loglikelihood, context: \"{{ question }}\", continuation: \" {{ answer }}\"}",
    read: |params| {
        Ok(Box::new(Continuation {
            context: needed(params, "context")?,
            continuation: needed(params, "continuation")?,
        }))
    },
};

struct Continuation {
    context: String,
    continuation: String,
}

impl Recipe for Continuation {
    fn question(&self, row: Row<'_>) -> Result<Question, RenderError> {
        row.text(&self.context).map(Question::Text)
    }

    fn join(&self) -> &'static str {
        ""
    }

    fn answer(&self, row: Row<'_>, _: &Map<String, Value>) -> Result<String, RenderError> {
        row.text(&self.continuation)
    }

    fn asks(&self, prompt: Prompt, _: bool, row: Row<'_>, _: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        Ok(vec![Ask::Loglikelihood { context: prompt_text(prompt), continuation: row.text(&self.continuation)? }])
    }
}
