//! What is worth saying about a model's files though they can be used, such as a tensor that nobody reads: each once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Whoever is told of such things; a note is a sentence without its full stop that begins with the file.
pub type Tell = dyn Fn(&str) + Send + Sync;

/// What was said so far. A model is opened more than once (to plan, to run), and says the same each time.
pub(crate) struct Notes {
    tell: Box<Tell>,
    said: Mutex<HashSet<String>>,
}

impl Notes {
    pub(crate) fn new(tell: Box<Tell>) -> Self {
        Self { tell, said: Mutex::default() }
    }

    /// Says it, if it was not said before.
    pub(crate) fn say(&self, note: &str) {
        let new = self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(note.to_owned());
        if new {
            (self.tell)(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_note_is_said_once() {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = heard.clone();
        let notes = Notes::new(Box::new(move |note| into.lock().expect("a lock").push(note.to_owned())));
        for note in ["a", "b", "a"] {
            notes.say(note);
        }
        assert_eq!(*heard.lock().expect("a lock"), ["a", "b"]);
    }
}
