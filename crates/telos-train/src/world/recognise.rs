//! Whether a text is one that a grammar can make: top-down with a memory, over all ways at once.

use super::grammar::{Grammar, Part};
use crate::error::TrainError;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Where a rule that begins at a place can end.
type Ends = HashMap<(usize, usize), Rc<BTreeSet<usize>>>;

impl Grammar {
    /// Whether `text`, from its first byte to its last, is a text of `rule`.
    pub(crate) fn recognises(&self, rule: &str, text: &str) -> Result<bool, TrainError> {
        let mut known = Ends::new();
        Ok(self.ends(self.rule(rule)?, 0, text.as_bytes(), &mut known).contains(&text.len()))
    }

    fn ends(&self, rule: usize, start: usize, text: &[u8], known: &mut Ends) -> Rc<BTreeSet<usize>> {
        if let Some(ends) = known.get(&(rule, start)) {
            return ends.clone();
        }
        let mut all = BTreeSet::new();
        for way in &self.rules[rule] {
            let mut open = BTreeSet::from([start]);
            for part in &way.parts {
                open = match part {
                    Part::Mark(_) => continue,
                    Part::Text(word) => open
                        .iter()
                        .filter(|at| text[**at..].starts_with(word.as_bytes()))
                        .map(|at| at + word.len())
                        .collect(),
                    Part::Rule(inner) => {
                        open.iter().flat_map(|at| self.ends(*inner, *at, text, known).as_ref().clone()).collect()
                    }
                };
                if open.is_empty() {
                    break;
                }
            }
            all.extend(open);
        }
        let all = Rc::new(all);
        known.insert((rule, start), all.clone());
        all
    }
}
