//! Multiple choice: the log-likelihood of each choice after the context.

use super::entry::{Draw, Question, Recipe, RequestKind, needed, prompt_text, text};
use crate::render::{RenderError, Row};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Ask, Prompt};

pub(super) const KIND: RequestKind = RequestKind {
    shape: KindShape {
        kind: "choices",
        about: "the log-likelihood of each choice after a context; an empty context and delimiter compare whole texts",
        fields: &[
            Field::required("context", Shape::Template, "what stands before every choice; may be empty"),
            Field::required(
                "choices",
                Shape::Either(&[Shape::Template, Shape::List { of: &Shape::Template, min: 2 }]),
                "a template that gives a list, or a list of templates",
            ),
            Field::optional("delimiter", Shape::Text, "what stands between context and choice; one space unless given"),
        ],
        check: no_further_check,
    },
    example: "{kind: choices, context: \"Q: {{ question }}\\nA:\", choices: \"{{ choices }}\"}",
    read: |params| {
        let each = params.get("choices").cloned().ok_or("it needs `choices`")?;
        Ok(Box::new(Choices { context: needed(params, "context")?, each, delimiter: text(params, "delimiter", " ") }))
    },
};

struct Choices {
    context: String,
    each: Value,
    delimiter: String,
}

impl Choices {
    fn list(&self, row: Row<'_>) -> Result<Vec<String>, RenderError> {
        row.texts(&self.each)
    }
}

impl Recipe for Choices {
    fn question(&self, row: Row<'_>) -> Result<Question, RenderError> {
        row.text(&self.context).map(Question::Text)
    }

    fn join(&self) -> &str {
        &self.delimiter
    }

    fn answer(&self, row: Row<'_>, evaluator: &Map<String, Value>) -> Result<String, RenderError> {
        let choices = self.list(row)?;
        let place = match evaluator.get("correct") {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(Value::Array(list)) => list.first().and_then(Value::as_u64),
            _ => None,
        };
        let chosen = place.and_then(|place| choices.get(place as usize));
        chosen.cloned().ok_or_else(|| {
            let given = evaluator.get("correct").unwrap_or(&Value::Null);
            let message = format!(
                "an example needs the evaluator's `correct`, the place of the right choice from 0; it is {given} of {}",
                choices.len()
            );
            row.fail(&self.context, message)
        })
    }

    fn evaluator_params(&self, row: Row<'_>) -> Result<Map<String, Value>, RenderError> {
        Ok(Map::from_iter([("choices".to_owned(), Value::from(self.list(row)?))]))
    }

    fn asks(&self, prompt: Prompt, chat: bool, row: Row<'_>, _: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        let context = prompt_text(prompt);
        let delimiter = if chat { "" } else { self.delimiter.as_str() };
        let ask = |choice: String| Ask::Loglikelihood {
            context: context.clone(),
            continuation: format!("{delimiter}{choice}"),
        };
        Ok(self.list(row)?.into_iter().map(ask).collect())
    }
}
