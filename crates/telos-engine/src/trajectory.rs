//! h along a text: of the prompt, and after each generated token, read exactly as a controller reads them.

use crate::text::side::TextSide;
use telos_core::reply::Trajectory;
use telos_core::{Constraint, RequestError};

/// The values and where each token's text begins.
pub(crate) fn trajectory(
    text: &TextSide,
    prompt: &[u32],
    generated: &[u32],
    constraint: &dyn Constraint,
) -> Result<Trajectory, RequestError> {
    let ids = [prompt, generated].concat();
    let texts: Vec<String> =
        (prompt.len()..=ids.len()).map(|end| text.decode(&ids[..end])).collect::<Result<_, _>>()?;
    let views: Vec<&str> = texts.iter().map(String::as_str).collect();
    let h = constraint.values(&views).into_iter().collect::<Result<Vec<f64>, _>>()?;
    let whole = texts.last().cloned().unwrap_or_default();
    let mut offsets: Vec<usize> = texts.iter().map(|text| shared(text, &whole)).collect();
    if let Some(last) = offsets.last_mut() {
        *last = whole.len();
    }
    Ok(Trajectory { h, text: whole, offsets })
}

/// The bytes that two texts share from the start, cut to whole characters.
fn shared(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}
