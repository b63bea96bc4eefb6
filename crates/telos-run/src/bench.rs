//! A benchmark with its rows in memory, and how one of its items becomes requests.

use crate::problem::Problem;
use crate::render::{RenderError, Renderer, Row};
use crate::requests::{Draw, Question};
use crate::scoring::Scoring;
use crate::shots::Shots;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use telos_core::digest::item_seed;
use telos_core::reply::Reply;
use telos_core::{Ask, ControllerSpec, Exchange, Item, Message, Model, Prompt, Request, ask_all};
use telos_data::{Items, Source};
use telos_spec::suite::{Benchmark, SourceSpec};

/// A question with its right answer.
type Example = (Question, String);

/// A benchmark, ready to ask.
pub(crate) struct Bench<'a> {
    pub spec: &'a Benchmark,
    pub scoring: Scoring,
    /// The rows that are asked.
    pub items: Arc<Items>,
    /// How many rows there are.
    pub available: usize,
    /// blake3 over the hashes of the rows that are asked, in order.
    pub digest: String,
    shots: Shots,
    /// Each candidate's question and answer, once they are rendered.
    examples: Vec<OnceLock<Result<Example, PromptError>>>,
    renderer: Renderer,
    seed: u64,
}

/// Why an item could not become requests. The message reads after "failed to ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PromptError {
    /// A template.
    #[error("failed to {0}")]
    Render(#[from] RenderError),
    /// The chat template.
    #[error("failed to render the chat of item `{item}`: {message}")]
    Chat {
        /// The item's id.
        item: String,
        /// What the model said.
        message: String,
    },
}

/// An item and its place among those that are asked.
pub(crate) type Placed<'a> = (usize, &'a Item);

/// Who is asked, as far as the requests after the first wave depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub controller: &'a ControllerSpec,
    pub max_length: Option<usize>,
}

/// Who is asked, and how.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    /// The model under test, at least with its tokenizer.
    pub model: &'a dyn Model,
    /// Positions to use.
    pub max_length: Option<usize>,
    /// What stands between logits and tokens.
    pub controller: &'a ControllerSpec,
    /// The repeat.
    pub repeat: u32,
    /// Examples before the question.
    pub shots: usize,
}

impl<'a> Bench<'a> {
    /// Reads the benchmark's data and puts it together, `seed` being the suite's; what is wrong goes to `problems`.
    pub(crate) fn prepare(seed: u64, spec: &'a Benchmark, problems: &mut Vec<Problem>) -> Option<Self> {
        let about = format!("benchmark `{}`", spec.id);
        let mut tell = |message: String| problems.push(Problem::new(about.clone(), message));
        let scoring = Scoring::new(&spec.request, &spec.evaluator).map_err(|told| told.into_iter().for_each(&mut tell));
        let source = source(&spec.source);
        let data = telos_data::load(&source, spec.id_column.as_deref(), spec.cluster.as_deref())
            .map_err(|error| tell(format!("failed to {error}")));
        let (Ok(mut scoring), Ok(data)) = (scoring, data) else { return None };
        scoring.override_metrics(&spec.metrics).into_iter().for_each(&mut tell);
        if !scoring.recipe.prompts() && (spec.chat || spec.fewshot.n > 0) {
            let kind = &spec.request.kind;
            tell(format!(
                "`chat` and `fewshot` need a prompt, which a request of kind `{kind}` has not; leave them out"
            ));
            return None;
        }
        let available = data.items.len();
        let all = Arc::new(data.items);
        let pool = match (&spec.fewshot.split, spec.fewshot.n) {
            (_, 0) => Arc::default(),
            (None, _) => all.clone(),
            (Some(path), _) => {
                let split = Source { path: path.clone(), sha256: None, embedded: None, ..source };
                match telos_data::load(&split, spec.id_column.as_deref(), None) {
                    Ok(data) => Arc::new(data.items),
                    Err(error) => {
                        tell(format!("failed to {error}"));
                        return None;
                    }
                }
            }
        };
        let items = match spec.limit {
            Some(limit) if limit < all.len() => Arc::new(telos_data::subsample(&all, limit, seed)),
            _ => all,
        };
        let shots = Shots::draw(&spec.fewshot, pool, &items).map_err(&mut tell).ok()?;
        let digest = telos_data::digest(&items);
        let examples = (0..shots.candidates()).map(|_| OnceLock::new()).collect();
        Some(Self { spec, scoring, items, available, digest, shots, examples, renderer: Renderer::new(), seed })
    }

    /// Whether a controller acts.
    pub(crate) fn controlled(&self) -> bool {
        self.scoring.recipe.samples()
    }

    /// Whether anything is asked after the first wave.
    pub(crate) fn follows(&self) -> bool {
        self.scoring.recipe.turns() > 1 || self.scoring.evaluator.asks().is_some()
    }

    /// How often each item is asked.
    pub(crate) fn repeats(&self) -> u32 {
        if self.controlled() { self.spec.repeats.max(1) } else { 1 }
    }

    /// The columns that its templates read.
    pub(crate) fn columns(&self) -> HashSet<String> {
        self.scoring.texts().into_iter().flat_map(|text| self.renderer.names(text)).collect()
    }

    /// An item's row.
    pub(crate) fn row<'b>(&'b self, item: &'b Item) -> Row<'b> {
        Row { renderer: &self.renderer, benchmark: &self.spec.id, item: &item.id, data: &item.data }
    }

    /// The evaluator's parameters for an item.
    pub(crate) fn params(&self, item: &Item) -> Result<Map<String, Value>, RenderError> {
        self.scoring.params(self.row(item))
    }

    /// The requests of one item, which stands at that place in `items`, and one repeat.
    pub(crate) fn requests(&self, (place, item): Placed<'_>, side: Side<'_>) -> Result<Vec<Request>, PromptError> {
        let row = self.row(item);
        let (prompt, chat) = self.prompt((place, item), side)?;
        let draw = Draw {
            seed: item_seed(self.seed, &self.spec.id, &item.id),
            sample: u64::from(side.repeat),
            controller: side.controller,
        };
        let asks = self.scoring.recipe.asks(prompt, chat, row, draw)?;
        Ok(asks.into_iter().map(|ask| Request { model: None, max_length: side.max_length, ask }).collect())
    }

    /// The requests of the next turn of an item's chat.
    pub(crate) fn turn(
        &self,
        item: &Item,
        repeat: u32,
        asker: Asker<'_>,
        so_far: &[Exchange<'_>],
    ) -> Result<Vec<Request>, PromptError> {
        let draw = Draw {
            seed: item_seed(self.seed, &self.spec.id, &item.id),
            sample: u64::from(repeat),
            controller: asker.controller,
        };
        let asks = self.scoring.recipe.turn(so_far, self.row(item), draw)?;
        Ok(asks.into_iter().map(|ask| Request { model: None, max_length: asker.max_length, ask }).collect())
    }

    /// A candidate as an example: most of them stand before several questions, and are rendered once.
    fn example(&self, at: u32) -> Result<&Example, PromptError> {
        let render = || -> Result<Example, PromptError> {
            let item = self.shots.candidate(at);
            let row = self.row(&item);
            let answer = self.scoring.recipe.answer(row, &self.scoring.params(row)?)?;
            Ok((self.scoring.recipe.question(row)?, answer))
        };
        self.examples[at as usize].get_or_init(render).as_ref().map_err(Clone::clone)
    }

    /// The whole prompt: examples, then the question; and whether it is a chat.
    fn prompt(&self, (place, item): Placed<'_>, side: Side<'_>) -> Result<(Prompt, bool), PromptError> {
        let recipe = &self.scoring.recipe;
        let question = recipe.question(self.row(item))?;
        let drawn = self.shots.of(place).iter().take(side.shots);
        let examples: Vec<&Example> = drawn.map(|at| self.example(*at)).collect::<Result<_, _>>()?;
        match (question, self.spec.chat) {
            (Question::Text(question), false) => {
                let mut text = String::new();
                for (example, answer) in examples {
                    let Question::Text(example) = example else { continue };
                    text.extend([example, recipe.join(), answer, &self.spec.fewshot.delimiter]);
                }
                Ok((Prompt::Text(text + &question), false))
            }
            (question, _) => {
                let turns = chat(question, examples);
                let prompt = if recipe.samples() {
                    Prompt::Messages(turns)
                } else {
                    Prompt::Text(template(side.model, turns, &item.id)?)
                };
                Ok((prompt, true))
            }
        }
    }
}

/// A suite's source as the reader of data knows it.
pub(crate) fn source(spec: &SourceSpec) -> Source {
    Source {
        kind: spec.kind.clone(),
        path: spec.path.clone(),
        sha256: spec.sha256.clone(),
        embedded: spec.embedded,
        params: spec.params.clone(),
    }
}

/// Examples as turns before the question's own; what the question says as `system` stays first.
fn chat(question: Question, examples: Vec<&Example>) -> Vec<Message> {
    let turn = |role: &str, content: String| Message { role: role.to_owned(), content };
    let turns = |question: Question| match question {
        Question::Text(text) => vec![turn("user", text)],
        Question::Turns(turns) => turns,
    };
    let (mut all, rest): (Vec<_>, Vec<_>) = turns(question).into_iter().partition(|turn| turn.role == "system");
    for (example, answer) in examples {
        all.extend(turns(example.clone()).into_iter().filter(|turn| turn.role != "system"));
        all.push(turn("assistant", answer.clone()));
    }
    all.extend(rest);
    all
}

/// A chat as the model's template renders it, for requests that take a text.
fn template(model: &dyn Model, messages: Vec<Message>, item: &str) -> Result<String, PromptError> {
    let request = Request::new(Ask::ChatTemplate { messages, add_generation_prompt: true });
    let fail = |message: String| PromptError::Chat { item: item.to_owned(), message };
    match ask_all(model, &[request]).pop() {
        Some(Ok(Reply::ChatTemplate(rendered))) => Ok(rendered.text),
        Some(Err(error)) => Err(fail(error.message)),
        _ => Err(fail("the model gave no rendered chat".to_owned())),
    }
}
