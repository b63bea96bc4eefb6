//! The order in which a unit's requests are asked: that of their texts, which is nearly that of the trie of their prefixes, so that
//! whoever keeps what the last prompt had in common with the next one finds it there.

use crate::journal::Key;
use std::cmp::Ordering;
use telos_core::request::TextOrIds;
use telos_core::{Ask, Prompt, Request};

/// Sorts requests by what the model reads.
pub(crate) fn in_order_of_text(requests: &mut [(Key, Request)]) {
    requests.sort_by(|(_, a), (_, b)| compare(&a.ask, &b.ask));
}

fn compare(a: &Ask, b: &Ask) -> Ordering {
    read(a).cmp(&read(b))
}

/// The texts that are read, one behind the other; none where ids are.
fn read(ask: &Ask) -> Option<Vec<&str>> {
    Some(match ask {
        Ask::Loglikelihood { context, continuation } => vec![context, continuation],
        Ask::Rolling { text } | Ask::Tokenize { text, .. } | Ask::NextLogits(TextOrIds::Text(text)) => vec![text],
        Ask::Generate { prompt, .. } | Ask::Reward(prompt) | Ask::Trajectory { prompt, .. } => of_prompt(prompt),
        Ask::Classify { text, text_pair } => {
            vec![text.as_str(), text_pair.as_deref().unwrap_or_default()]
        }
        Ask::ChatTemplate { messages, .. } => {
            messages.iter().flat_map(|turn| [turn.role.as_str(), turn.content.as_str()]).collect()
        }
        Ask::NextLogits(TextOrIds::Ids(_)) => return None,
    })
}

fn of_prompt(prompt: &Prompt) -> Vec<&str> {
    match prompt {
        Prompt::Text(text) => vec![text],
        Prompt::Messages(turns) => turns.iter().flat_map(|turn| [turn.role.as_str(), turn.content.as_str()]).collect(),
    }
}
