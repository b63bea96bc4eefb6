//! A sequence classifier's labels for a text or a pair of texts.

use super::entry::{Draw, Question, Recipe, RequestKind, needed, prompt_text};
use crate::render::{RenderError, Row};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Ask, Prompt};

pub(super) const KIND: RequestKind = RequestKind {
    shape: KindShape {
        kind: "classify",
        about: "the labels of a text, where the model under test is a sequence classifier",
        fields: &[
            Field::required("text", Shape::Template, "the text"),
            Field::optional("text_pair", Shape::Template, "a second text"),
        ],
        check: no_further_check,
    },
    example: "{kind: classify, text: \"{{ text }}\"}",
    read: |params| {
        let text_pair = params.get("text_pair").and_then(Value::as_str).map(str::to_owned);
        Ok(Box::new(Labels { text: needed(params, "text")?, text_pair }))
    },
};

struct Labels {
    text: String,
    text_pair: Option<String>,
}

impl Recipe for Labels {
    fn prompts(&self) -> bool {
        false
    }

    fn question(&self, row: Row<'_>) -> Result<Question, RenderError> {
        row.text(&self.text).map(Question::Text)
    }

    fn join(&self) -> &'static str {
        ""
    }

    fn answer(&self, row: Row<'_>, _: &Map<String, Value>) -> Result<String, RenderError> {
        Err(row.fail(&self.text, "a text that is classified has no examples".into()))
    }

    fn asks(&self, prompt: Prompt, _: bool, row: Row<'_>, _: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        let text_pair = self.text_pair.as_deref().map(|pair| row.text(pair)).transpose()?;
        Ok(vec![Ask::Classify { text: prompt_text(prompt), text_pair }])
    }
}
