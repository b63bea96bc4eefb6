//! The way from a document's root to a value.

use serde_json::Value;

/// One step from a value into what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into an object.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The way from a document's root to a value.
pub type Trail = Vec<Step>;

/// The trail that goes on from `trail` to a key.
pub fn to_key(trail: &[Step], key: &str) -> Trail {
    let mut longer = trail.to_vec();
    longer.push(Step::Key(key.to_owned()));
    longer
}

/// The trail that goes on from `trail` to a place in a list.
pub fn to_index(trail: &[Step], index: usize) -> Trail {
    let mut longer = trail.to_vec();
    longer.push(Step::Index(index));
    longer
}

/// A trail as a person reads it: `a.b[2].c`.
pub fn show(trail: &[Step]) -> String {
    let mut out = String::new();
    for step in trail {
        match step {
            Step::Key(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Index(index) => {
                out.push('[');
                out.push_str(&index.to_string());
                out.push(']');
            }
        }
    }
    out
}

/// The value at the end of a trail.
pub fn follow<'a>(value: &'a Value, trail: &[Step]) -> Option<&'a Value> {
    trail.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key.as_str()),
        Step::Index(index) => value.get(index),
    })
}

/// The value at the end of a trail, to be changed.
pub fn follow_mut<'a>(value: &'a mut Value, trail: &[Step]) -> Option<&'a mut Value> {
    trail.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::Index(index) => value.get_mut(index),
    })
}
