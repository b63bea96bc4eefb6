//! Whether an item's prompt fits a model's positions, found out while planning.

use crate::bench::{Bench, Placed, PromptError, Side};
use telos_core::reply::Reply;
use telos_core::{Ask, ErrorKind, Model, Prompt, Request, RequestError, ask_all};
use telos_spec::suite::Truncation;

/// How an item is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fit {
    /// With that many examples.
    Shots(usize),
    /// Not at all, for that reason.
    Skip(String),
}

/// An item's requests of the first repeat without a controller, and the token paths that they walk through.
pub(crate) struct Fitted {
    pub fit: Fit,
    pub requests: Vec<Request>,
    pub paths: Vec<Vec<u32>>,
    /// Ids that will be dropped on the left.
    pub truncated: usize,
}

/// Works out how an item is asked. A message says why the run cannot start.
pub(crate) fn fit(
    bench: &Bench<'_>,
    placed: Placed<'_>,
    side: Side<'_>,
    truncation: Truncation,
) -> Result<Fitted, String> {
    let told = |error: PromptError| error.to_string();
    let mut shots = side.shots;
    loop {
        let requests = bench.requests(placed, Side { shots, ..side }).map_err(told)?;
        let (message, measured) = match measure(side, &requests) {
            Ok(Measured { paths, over: None }) => {
                return Ok(Fitted { fit: Fit::Shots(shots), requests, paths, truncated: 0 });
            }
            Ok(Measured { paths, over: Some(over) }) if truncation == Truncation::Left && over.can_cut => {
                return Ok(Fitted { fit: Fit::Shots(shots), requests, paths, truncated: over.ids - over.room });
            }
            Ok(Measured { over: Some(over), .. }) => {
                (format!("{} tokens do not fit: {}", over.ids, over.room_said), true)
            }
            Err(error) => (error.message, error.kind == ErrorKind::TooLong),
        };
        match truncation {
            Truncation::DropShots if measured && shots > 0 => shots -= 1,
            Truncation::Skip if measured => {
                return Ok(Fitted { fit: Fit::Skip(message), requests, paths: Vec::new(), truncated: 0 });
            }
            _ => {
                let hint = if measured { "; shorten it, or set `truncation` to left, drop_shots or skip" } else { "" };
                return Err(format!("item `{}`: {message}{hint}", placed.1.id));
            }
        }
    }
}

struct Measured {
    paths: Vec<Vec<u32>>,
    over: Option<Over>,
}

/// A prompt that is too long.
struct Over {
    ids: usize,
    room: usize,
    room_said: String,
    /// Whether something is left when ids are dropped.
    can_cut: bool,
}

fn measure(side: Side<'_>, requests: &[Request]) -> Result<Measured, RequestError> {
    let (own, wished) = (side.model.card().max_length, side.max_length);
    let (mut paths, mut over) = (Vec::new(), None);
    let Some(length) = own.map_or(wished, |own| Some(wished.map_or(own, |n| n.min(own)))) else {
        // Whoever answers knows its positions, and says then what does not fit.
        for request in requests {
            paths.extend(side.model.token_paths(request)?.unwrap_or_default());
        }
        return Ok(Measured { paths, over });
    };
    for request in requests {
        // Before the paths are asked for: where nothing at all fits, there are none.
        if let Ask::Generate { sampling, .. } = &request.ask
            && length <= sampling.max_new_tokens
            && side.model.card().causal
        {
            let new = sampling.max_new_tokens;
            let room_said = format!("{new} new tokens leave no room for a prompt in {length} positions");
            let ids = count(side.model, request)?.unwrap_or(0);
            return Ok(Measured { paths, over: Some(Over { ids, room: 0, room_said, can_cut: false }) });
        }
        let Some(walked) = side.model.token_paths(request)? else { continue };
        let longest = walked.iter().map(Vec::len).max().unwrap_or(0);
        paths.extend(walked);
        let room = match &request.ask {
            // The last id of a continuation is predicted and never read.
            Ask::Loglikelihood { .. } => length + 1,
            Ask::Generate { sampling, .. } => length - sampling.max_new_tokens,
            // A classifier reads a text whole or not at all.
            Ask::Classify { .. } if longest > length => {
                let room_said = format!("the classifier has {length} positions");
                return Ok(Measured {
                    paths,
                    over: Some(Over { ids: longest, room: length, room_said, can_cut: false }),
                });
            }
            _ => continue,
        };
        // A path that is shorter than what there is room for was not cut; a longer check would only repeat the encoding.
        let read = if matches!(request.ask, Ask::Loglikelihood { .. }) { room - 1 } else { room };
        if longest < read || over.is_some() {
            continue;
        }
        let ids = count(side.model, request)?.unwrap_or(longest);
        if ids > room {
            over = Some(Over { ids, room, room_said: format!("there is room for {room}"), can_cut: true });
        }
    }
    Ok(Measured { paths, over })
}

/// The ids of a prompt, or of context and continuation together, before anything is cut.
fn count(model: &dyn Model, request: &Request) -> Result<Option<usize>, RequestError> {
    let tokenize = |text: &str, add_special_tokens| Ask::Tokenize { text: text.to_owned(), add_special_tokens };
    let (ask, more) = match &request.ask {
        // The continuation's ids are those of the joint encoding past the context's, so that both are as long as it.
        Ask::Loglikelihood { context, continuation } if context.is_empty() => (tokenize(continuation, false), 1),
        Ask::Loglikelihood { context, continuation } => (tokenize(&format!("{context}{continuation}"), true), 0),
        Ask::Generate { prompt: Prompt::Text(text), .. } => (tokenize(text, true), 0),
        Ask::Generate { prompt: Prompt::Messages(messages), .. } => {
            (Ask::ChatTemplate { messages: messages.clone(), add_generation_prompt: true }, 0)
        }
        _ => return Ok(None),
    };
    match ask_all(model, &[Request::new(ask)]).pop() {
        Some(Ok(Reply::Tokenize(reply))) => Ok(Some(reply.ids.len() + more)),
        Some(Ok(Reply::ChatTemplate(reply))) => Ok(Some(reply.ids.len() + more)),
        Some(Err(error)) => Err(error),
        _ => Err(RequestError::new(ErrorKind::Internal, "the model gave no ids for a text")),
    }
}
