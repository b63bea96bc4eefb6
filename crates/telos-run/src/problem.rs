//! What keeps a suite from running, collected so that all of it is known before the run starts.

use serde::Serialize;
use std::fmt;

/// One thing that has to be mended before the suite can run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is about: ``model `x` ``, ``benchmark `y` ``, or both.
    pub about: String,
    /// What is wrong, what was expected and how to mend it.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self { about: about.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.message)
    }
}

/// Problems of one kind of thing, where a mistake in a template would otherwise be told once for every item.
pub(crate) struct Capped<'a> {
    about: String,
    told: usize,
    more: usize,
    into: &'a mut Vec<Problem>,
}

impl<'a> Capped<'a> {
    /// How many of a kind are told in full.
    const TOLD: usize = 20;

    pub(crate) fn new(about: String, into: &'a mut Vec<Problem>) -> Self {
        Self { about, told: 0, more: 0, into }
    }

    pub(crate) fn push(&mut self, message: String) {
        if self.told < Self::TOLD {
            self.told += 1;
            self.into.push(Problem::new(self.about.clone(), message));
        } else {
            self.more += 1;
        }
    }
}

impl Drop for Capped<'_> {
    fn drop(&mut self) {
        if self.more > 0 {
            self.into.push(Problem::new(self.about.clone(), format!("and {} more of this kind", self.more)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted() {
        let mut problems = Vec::new();
        let mut capped = Capped::new("benchmark `b`".into(), &mut problems);
        (0..30).for_each(|i| capped.push(format!("item {i}")));
        drop(capped);
        assert_eq!(problems.len(), 21);
        assert_eq!(problems[20].to_string(), "benchmark `b`: and 10 more of this kind");
    }
}
