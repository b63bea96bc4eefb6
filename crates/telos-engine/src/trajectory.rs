//! h along a text: of the prompt, and after each generated token, read exactly as a controller reads them.

use crate::decoded::Decoded;
use crate::running::next_sequence;
use crate::text::side::TextSide;
use telos_core::reply::Trajectory;
use telos_core::{Constraint, Look, Prompt, RequestError};

/// A generated text to look along.
pub(crate) struct Along<'a> {
    /// What was asked.
    pub(crate) prompt: &'a Prompt,
    /// The ids that were kept of it.
    pub(crate) prompt_ids: &'a [u32],
    /// The generated ids.
    pub(crate) generated: &'a [u32],
}

/// The values and where each token's text begins.
pub(crate) fn trajectory(
    text: &TextSide,
    along: &Along<'_>,
    constraint: &dyn Constraint,
) -> Result<Trajectory, RequestError> {
    let &Along { prompt, prompt_ids, generated } = along;
    let ids = [prompt_ids, generated].concat();
    let texts = prefixes(text, &ids, prompt_ids.len())?;
    let answers = prefixes(text, generated, 0)?;
    let sequence = next_sequence();
    let looks: Vec<Look<'_>> = (texts.iter().zip(&answers).enumerate())
        .map(|(many, (text, generated_text))| Look {
            sequence,
            prompt,
            prompt_ids,
            ids: &generated[..many],
            appended: &[],
            text,
            generated: generated_text,
        })
        .collect();
    let values = constraint.values(&looks);
    constraint.forget(sequence);
    let h = values.into_iter().collect::<Result<Vec<f64>, _>>()?;
    let whole = texts.last().cloned().unwrap_or_default();
    let mut offsets: Vec<usize> = texts.iter().map(|text| shared(text, &whole)).collect();
    if let Some(last) = offsets.last_mut() {
        *last = whole.len();
    }
    Ok(Trajectory { h, text: whole, offsets })
}

/// The texts of the first `from` ids, then of one more each.
fn prefixes(text: &TextSide, ids: &[u32], from: usize) -> Result<Vec<String>, RequestError> {
    let mut decoded = Decoded::new();
    let grow = |end: usize| {
        decoded.grow(text, &ids[..end])?;
        Ok(decoded.text().to_owned())
    };
    (from..=ids.len()).map(grow).collect()
}

/// The bytes that two texts share from the start, cut to whole characters.
fn shared(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}
