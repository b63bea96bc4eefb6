//! A local model: which requests it can answer, and who in the engine answers them.

use crate::causal::{Causal, Scoring};
use crate::classify::{Classifier, RewardModel};
use crate::generate::keep_prompt;
use crate::text::side::TextSide;
use crate::trajectory::{Along, trajectory};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use telos_core::feed::pull;
use telos_core::reply::{Ids, Rendered, Reward};
use telos_core::{
    Ask, Constraint, ConstraintSpec, ErrorKind, Feed, Model, ModelCard, ModelRef, Outcome, Prompt, Reply, Request,
    RequestError, Ticket,
};

/// What answers.
pub(crate) enum Engine {
    /// Opened without weights: encodes and renders only.
    None,
    Causal(Causal),
    Classifier(Classifier),
    Reward(RewardModel),
}

/// Whoever opens the constraints that a request names.
pub(crate) trait Opener: Send + Sync {
    /// What computes a constraint.
    fn constraint(&self, spec: &ConstraintSpec) -> Result<Arc<dyn Constraint>, RequestError>;
}

/// A model from a folder or a file.
pub(crate) struct Local {
    pub(crate) name: ModelRef,
    pub(crate) card: ModelCard,
    /// How many positions it has.
    pub(crate) positions: usize,
    pub(crate) text: Arc<TextSide>,
    pub(crate) engine: Engine,
    /// Where constraints are opened.
    pub(crate) opener: Weak<dyn Opener>,
}

/// Said where a model outlives those that it was opened beside.
const GONE: &str = "the models that it was opened beside are gone";

impl Model for Local {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn answer(&self, feed: &mut dyn Feed, _: &AtomicBool) {
        loop {
            let (unit, more) = pull(feed);
            let (tickets, requests): (Vec<Ticket>, Vec<Request>) = unit.into_iter().unzip();
            self.unit(&requests, &mut |place, outcome| feed.reply(tickets[place], outcome));
            if !more {
                return;
            }
        }
    }

    fn token_paths(&self, request: &Request) -> Result<Option<Vec<Vec<u32>>>, RequestError> {
        let paths = match &request.ask {
            Ask::Tokenize { .. } | Ask::ChatTemplate { .. } | Ask::Trajectory { .. } => Vec::new(),
            Ask::Loglikelihood { .. } | Ask::Rolling { .. } | Ask::NextLogits(_) => {
                let scoring = Scoring::encode(&self.text, request, self.positions)?;
                scoring.paths().into_iter().map(|path| path.ids).collect()
            }
            Ask::Generate { prompt, sampling, .. } => {
                let new = sampling.max_new_tokens;
                vec![keep_prompt(&self.text, prompt, request.max_length, new, self.positions)?.0]
            }
            Ask::Classify { text, text_pair } => vec![self.text.encode_pair(text, text_pair.as_deref(), true)?.0],
            Ask::Reward(prompt) => vec![self.reward_ids(prompt)?],
        };
        Ok(Some(paths))
    }
}

impl Local {
    /// Answers some requests together.
    fn unit(&self, requests: &[Request], on_reply: &mut dyn FnMut(usize, Outcome)) {
        let mut checked = |place: usize, outcome: Outcome| {
            let outcome = outcome.and_then(|reply| match reply.not_finite() {
                None => Ok(reply),
                Some(field) => Err(RequestError::new(
                    ErrorKind::NotFinite,
                    format!("`{field}` of the reply is not finite: the model's weights may be broken"),
                )),
            });
            on_reply(place, outcome);
        };
        let (mut scored, mut generated) = (Vec::new(), Vec::new());
        let (mut classified, mut rewarded) = (Vec::new(), Vec::new());
        for (place, request) in requests.iter().enumerate() {
            match &request.ask {
                Ask::Tokenize { .. } | Ask::ChatTemplate { .. } => checked(place, self.on_text(&request.ask)),
                Ask::Loglikelihood { .. } | Ask::Rolling { .. } | Ask::NextLogits(_) => scored.push((place, request)),
                Ask::Generate { .. } => generated.push((place, request)),
                Ask::Classify { .. } => classified.push((place, request)),
                Ask::Reward(_) => rewarded.push((place, request)),
                Ask::Trajectory { .. } => checked(place, self.along(request)),
            }
        }
        self.score(&scored, &mut checked);
        self.generate(&generated, &mut checked);
        self.classify(&classified, &mut checked);
        self.reward(&rewarded, &mut checked);
    }

    fn cannot(&self, what: &str) -> RequestError {
        let why = match self.engine {
            Engine::None => "it was opened without its weights",
            _ => "its architecture is of another kind",
        };
        RequestError::invalid(format!("{} ({}) cannot {what}: {why}", self.name, self.card.architecture))
    }

    fn on_text(&self, ask: &Ask) -> Outcome {
        match ask {
            Ask::Tokenize { text, add_special_tokens } => {
                Ok(Reply::Tokenize(Ids { ids: self.text.encode(text, *add_special_tokens)? }))
            }
            Ask::ChatTemplate { messages, add_generation_prompt } => {
                let text = self.text.render(messages, *add_generation_prompt)?;
                let ids = self.text.encode(&text, false)?;
                Ok(Reply::ChatTemplate(Rendered { text, ids }))
            }
            _ => Err(RequestError::new(ErrorKind::Internal, "this kind of request needs more than the text side")),
        }
    }

    fn score(&self, requests: &[(usize, &Request)], on_reply: &mut dyn FnMut(usize, Outcome)) {
        match &self.engine {
            Engine::Causal(causal) if !requests.is_empty() => causal.score(&self.text, requests, on_reply),
            _ => requests.iter().for_each(|(place, _)| on_reply(*place, Err(self.cannot("score tokens")))),
        }
    }

    fn generate(&self, requests: &[(usize, &Request)], on_reply: &mut dyn FnMut(usize, Outcome)) {
        let open = |spec: &ConstraintSpec| self.constraint(spec);
        match &self.engine {
            Engine::Causal(causal) if !requests.is_empty() => causal.generate(&self.text, requests, &open, on_reply),
            _ => requests.iter().for_each(|(place, _)| on_reply(*place, Err(self.cannot("generate text")))),
        }
    }

    fn classify(&self, requests: &[(usize, &Request)], on_reply: &mut dyn FnMut(usize, Outcome)) {
        let Engine::Classifier(classifier) = &self.engine else {
            return requests.iter().for_each(|(place, _)| on_reply(*place, Err(self.cannot("classify a text"))));
        };
        let texts: Vec<(&str, Option<&str>)> = requests
            .iter()
            .filter_map(|(_, request)| match &request.ask {
                Ask::Classify { text, text_pair } => Some((text.as_str(), text_pair.as_deref())),
                _ => None,
            })
            .collect();
        for ((place, _), logits) in requests.iter().zip(classifier.logits(&self.text, &texts)) {
            on_reply(*place, logits.map(|logits| Reply::Classify(classifier.classification(&logits))));
        }
    }

    fn reward(&self, requests: &[(usize, &Request)], on_reply: &mut dyn FnMut(usize, Outcome)) {
        let model = match &self.engine {
            Engine::Reward(model) => model,
            Engine::Classifier(classifier) if self.card.labels.len() == 1 => {
                return self.reward_of_label(classifier, requests, on_reply);
            }
            _ => return requests.iter().for_each(|(place, _)| on_reply(*place, Err(self.cannot("give a reward")))),
        };
        let mut places = Vec::new();
        let mut sequences = Vec::new();
        for (place, request) in requests {
            let Ask::Reward(prompt) = &request.ask else { continue };
            match self.reward_ids(prompt) {
                Err(error) => on_reply(*place, Err(error)),
                Ok(ids) if ids.len() > model.positions() => {
                    let message =
                        format!("the text has {} ids and the model {} positions", ids.len(), model.positions());
                    on_reply(*place, Err(RequestError::new(ErrorKind::TooLong, message)));
                }
                Ok(ids) if ids.iter().any(|id| *id as usize >= self.text.size()) => {
                    on_reply(*place, Err(RequestError::invalid("the text has ids that the vocabulary does not have")));
                }
                Ok(ids) => {
                    places.push(*place);
                    sequences.push(ids);
                }
            }
        }
        let padding = self.text.pad.as_ref().map(|pad| pad.id);
        for (place, reward) in places.into_iter().zip(model.rewards(padding, sequences)) {
            on_reply(place, Ok(Reply::Reward(Reward { reward })));
        }
    }

    /// The raw logit of an encoder's one label. A chat is read as its template renders it.
    fn reward_of_label(
        &self,
        classifier: &Classifier,
        requests: &[(usize, &Request)],
        on_reply: &mut dyn FnMut(usize, Outcome),
    ) {
        let (mut places, mut texts) = (Vec::new(), Vec::new());
        for (place, request) in requests {
            let text = match &request.ask {
                Ask::Reward(Prompt::Text(text)) => Ok(text.clone()),
                Ask::Reward(Prompt::Messages(turns)) => self.text.render(turns, false),
                _ => continue,
            };
            match text {
                Ok(text) => {
                    places.push(*place);
                    texts.push(text);
                }
                Err(error) => on_reply(*place, Err(error)),
            }
        }
        let texts: Vec<(&str, Option<&str>)> = texts.iter().map(|text| (text.as_str(), None)).collect();
        for (place, logits) in places.into_iter().zip(classifier.logits(&self.text, &texts)) {
            on_reply(place, logits.map(|logits| Reply::Reward(Reward { reward: logits[0] })));
        }
    }

    /// The ids that a reward is read from. A text is encoded as the tokenizer does it; the anchors' rule for prompts is about
    /// continuing a text.
    fn reward_ids(&self, prompt: &Prompt) -> Result<Vec<u32>, RequestError> {
        let ids = match prompt {
            Prompt::Text(text) => self.text.encode(text, true)?,
            Prompt::Messages(_) => self.text.prompt(prompt, false)?,
        };
        if ids.is_empty() { Err(RequestError::invalid("the text has no ids")) } else { Ok(ids) }
    }

    fn along(&self, request: &Request) -> Outcome {
        let Ask::Trajectory { prompt, token_ids, max_new_tokens, constraint } = &request.ask else {
            return Err(RequestError::new(ErrorKind::Internal, "no trajectory"));
        };
        let constraint = self.constraint(constraint)?;
        let (ids, _) = keep_prompt(&self.text, prompt, request.max_length, *max_new_tokens, self.positions)?;
        let along = Along { prompt, prompt_ids: &ids, generated: token_ids };
        trajectory(&self.text, &along, constraint.as_ref()).map(Reply::Trajectory)
    }

    /// Opens what computes a constraint.
    fn constraint(&self, spec: &ConstraintSpec) -> Result<Arc<dyn Constraint>, RequestError> {
        let opener = self.opener.upgrade().ok_or_else(|| RequestError::new(ErrorKind::Internal, GONE))?;
        opener.constraint(spec)
    }
}
