//! Replies by what they should be, with a reason where they are not.

use telos_core::reply::{Classification, Generation, Loglikelihood};
use telos_core::{Case, Outcome, Reply};

fn all<'a, T>(
    replies: &'a [Outcome],
    expected: &str,
    of: impl Fn(&'a Reply) -> Option<&'a T>,
) -> Result<Vec<&'a T>, String> {
    let read = |(i, reply): (usize, &'a Outcome)| match reply {
        Ok(reply) => of(reply).ok_or_else(|| format!("reply {i} is not to a {expected} request")),
        Err(error) => Err(format!("reply {i} is an error: {error}")),
    };
    if replies.is_empty() {
        return Err(format!("there is no reply to a {expected} request"));
    }
    replies.iter().enumerate().map(read).collect()
}

/// The last turn's replies, to `loglikelihood` requests.
pub(crate) fn loglikelihoods<'a>(case: &Case<'a>) -> Result<Vec<&'a Loglikelihood>, String> {
    all(case.answers().replies, "loglikelihood", |reply| match reply {
        Reply::Loglikelihood(reply) => Some(reply),
        _ => None,
    })
}

/// The last turn's replies, to `generate` requests.
pub(crate) fn generations<'a>(case: &Case<'a>) -> Result<Vec<&'a Generation>, String> {
    generations_of(case.answers().replies)
}

/// Some replies, to `generate` requests.
pub(crate) fn generations_of(replies: &[Outcome]) -> Result<Vec<&Generation>, String> {
    all(replies, "generate", |reply| match reply {
        Reply::Generate(reply) => Some(reply),
        _ => None,
    })
}

/// The last turn's replies, to `classify` requests.
pub(crate) fn classifications<'a>(case: &Case<'a>) -> Result<Vec<&'a Classification>, String> {
    all(case.answers().replies, "classify", |reply| match reply {
        Reply::Classify(reply) => Some(reply),
        _ => None,
    })
}

/// The place of the first largest number; none where there are none.
pub(crate) fn first_largest(values: impl IntoIterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.into_iter().enumerate() {
        if best.is_none_or(|(_, most)| value > most) {
            best = Some((i, value));
        }
    }
    best.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first() {
        assert_eq!(first_largest([-3.0, -1.0, -1.0]), Some(1));
        assert_eq!(first_largest([f64::NEG_INFINITY]), Some(0));
        assert_eq!(first_largest([]), None);
    }
}
