//! The texts of tokens, as far as the record tells them: a trajectory says where each token of a text ends.

use crate::visible::visible;
use std::collections::HashMap;
use telos_core::record::ReplyRow;
use telos_core::reply::Trajectory;

/// By model and id.
#[derive(Default)]
pub(super) struct Tokens(HashMap<String, HashMap<u32, String>>);

impl Tokens {
    /// Those of the trajectories among some replies.
    pub(super) fn read<'a>(replies: impl Iterator<Item = &'a ReplyRow>) -> Self {
        let mut tokens = Self::default();
        for reply in replies.filter(|reply| reply.kind == "trajectory") {
            // A trajectory that ended in an error tells nothing.
            let Ok(read) = serde_json::from_str::<Trajectory>(&reply.reply) else { continue };
            let request: serde_json::Value = serde_json::from_str(&reply.request).unwrap_or_default();
            let ids = request.get("token_ids").and_then(|ids| serde_json::from_value::<Vec<u32>>(ids.clone()).ok());
            let of_model = tokens.0.entry(reply.model.clone()).or_default();
            for (id, place) in ids.iter().flatten().zip(read.offsets.windows(2)) {
                if let Some(text) = read.text.get(place[0]..place[1]).filter(|text| !text.is_empty()) {
                    // A token may read differently elsewhere; the same one is taken whatever the order of the replies.
                    let text = visible(text);
                    let known = of_model.entry(*id).or_insert_with(|| text.clone());
                    if text < *known {
                        *known = text;
                    }
                }
            }
        }
        tokens
    }

    /// A token as a person reads it: its text, where it is known, and its id.
    pub(super) fn show(&self, model: &str, id: u32) -> String {
        match self.0.get(model).and_then(|of_model| of_model.get(&id)) {
            Some(text) => format!("“{text}” ({id})"),
            None => format!("({id})"),
        }
    }
}
