//! The ids of the texts that were encoded last: the choices of one item share their context, and it is encoded once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use telos_core::RequestError;

/// Texts that are kept: a few for each thread that encodes.
const KEPT: usize = 16;

/// Texts and their ids, the latest last.
type Kept = VecDeque<(Box<str>, Arc<[u32]>)>;

/// Some texts and their ids.
#[derive(Default)]
pub(crate) struct Memo(Mutex<Kept>);

impl Memo {
    /// A text's ids: kept ones, or else what `encode` gives, which depends on nothing but the text.
    pub(crate) fn ids(
        &self,
        text: &str,
        encode: impl FnOnce() -> Result<Vec<u32>, RequestError>,
    ) -> Result<Arc<[u32]>, RequestError> {
        let known = self.lock().iter().rev().find(|(known, _)| **known == *text).map(|(_, ids)| ids.clone());
        if let Some(ids) = known {
            return Ok(ids);
        }
        // Not under the lock: encoding takes long, and two threads that encode the same text get the same.
        let ids: Arc<[u32]> = encode()?.into();
        let mut kept = self.lock();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((text.into(), ids.clone()));
        Ok(ids)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telos_core::ErrorKind;

    #[test]
    fn a_text_is_encoded_once_while_it_is_kept_and_an_error_is_not_kept() {
        let memo = Memo::default();
        let check = |text: &str, encoded: u32, expected: u32| {
            assert_eq!(memo.ids(text, || Ok(vec![encoded])).expect("ids")[..], [expected]);
        };
        check("a", 1, 1);
        check("a", 2, 1);
        check("b", 3, 3);
        let failed = memo.ids("c", || Err(RequestError::new(ErrorKind::Invalid, "no")));
        assert!(failed.is_err());
        check("c", 4, 4);
        (0..KEPT as u32).for_each(|n| check(&format!("other {n}"), n, n));
        check("a", 5, 5);
    }
}
