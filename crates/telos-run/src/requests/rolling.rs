//! The log-likelihood of a whole text, in windows.

use super::entry::{Draw, Question, Recipe, RequestKind, needed, prompt_text};
use crate::render::{RenderError, Row};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Ask, Prompt};

pub(super) const KIND: RequestKind = RequestKind {
    shape: KindShape {
        kind: "rolling",
        about: "the log-likelihood of a whole text, for perplexities",
        fields: &[Field::required("text", Shape::Template, "the text")],
        check: no_further_check,
    },
    example: "{kind: rolling, text: \"{{ text }}\"}",
    read: |params| Ok(Box::new(Whole { text: needed(params, "text")? })),
};

struct Whole {
    text: String,
}

impl Recipe for Whole {
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
        Err(row.fail(&self.text, "a text that is scored whole has no examples".into()))
    }

    fn asks(&self, prompt: Prompt, _: bool, _: Row<'_>, _: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        Ok(vec![Ask::Rolling { text: prompt_text(prompt) }])
    }
}
