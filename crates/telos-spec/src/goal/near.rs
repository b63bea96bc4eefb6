//! What a goal's id that does not exist was probably meant to be.

use telos_core::Goal;
use telos_core::shape::finding::{Finding, did_you_mean};
use telos_core::shape::trail::Step;
use telos_core::text::did_you_mean as nearest;

/// A goal that does not exist.
pub(crate) fn no_such_goal(id: &str, trail: &[Step], goals: &[Goal]) -> Finding {
    let hint = near(id, goals).or_else(|| Some("`telos goals` lists them".to_owned()));
    Finding::value(trail, format!("there is no goal `{id}`")).hint(hint)
}

/// A hint for an id that does not exist: where it went in a later version of the taxonomy, the nearest ids, or what there is
/// beside it.
pub(crate) fn near(given: &str, goals: &[Goal]) -> Option<String> {
    moved(given, goals)
        .or_else(|| did_you_mean(given, goals.iter().map(|goal| goal.id.0.as_str())))
        .or_else(|| by_last_part(given, goals))
        .or_else(|| beside(given, goals))
}

/// Where an id of an earlier version of the taxonomy went.
fn moved(given: &str, goals: &[Goal]) -> Option<String> {
    let has = |ids: &[String]| ids.iter().any(|id| id == given);
    let version = goals.iter().find_map(|goal| goal.earlier.iter().find(|(_, ids)| has(ids)).map(|(v, _)| v))?;
    let now = goals.iter().filter(|goal| goal.earlier.get(version).is_some_and(|ids| has(ids)));
    let now: Vec<&str> = now.map(|goal| goal.id.0.as_str()).collect();
    Some(format!("that is an id of version {version} of the taxonomy; now it is {}", quoted(&now, "and")))
}

/// The ids whose last part is that of the given one, or the nearest to it.
fn by_last_part(given: &str, goals: &[Goal]) -> Option<String> {
    let part = given.rsplit('/').next().unwrap_or(given);
    let last = nearest(part, goals.iter().map(|goal| goal.id.last()))?;
    let ids: Vec<&str> = goals.iter().filter(|goal| goal.id.last() == last).map(|goal| goal.id.0.as_str()).collect();
    Some(format!("did you mean {}?", quoted(&ids, "or")))
}

/// What lies below the part of the path that exists.
fn beside(given: &str, goals: &[Goal]) -> Option<String> {
    let mut above = given;
    while let Some((parent, _)) = above.rsplit_once('/') {
        above = parent;
        let depth = above.matches('/').count() + 1;
        let below = goals.iter().filter(|goal| goal.id.depth() == depth && goal.id.is_within(above));
        let below: Vec<&str> = below.map(|goal| goal.id.0.as_str()).collect();
        if !below.is_empty() {
            return Some(format!("below `{above}` there are {}", quoted(&below, "and")));
        }
    }
    None
}

/// `a`, `b` or `c`.
fn quoted(ids: &[&str], and: &str) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    match ids.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {and} {last}", rest.join(", ")),
        None => String::new(),
    }
}
