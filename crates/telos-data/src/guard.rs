//! The border to the Parquet library: what panics on a damaged file becomes a message.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread reads a foreign file, so that a panic is no mistake of the program.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs what reads a file that anybody may have made. A panic in it is an error with the panic's words, and is not printed.
pub(crate) fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                before(info);
            }
        }));
    });
    let outer = INSIDE.replace(true);
    // What the closure borrows is dropped or given up as a whole after an error.
    let result = catch_unwind(AssertUnwindSafe(read));
    INSIDE.set(outer);
    result.unwrap_or_else(|panic| Err(words(panic.as_ref())))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let said = said.unwrap_or("no message").lines().next().unwrap_or_default();
    format!("the Parquet library gave up: {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_words() {
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert_eq!(guarded::<()>(|| Err("no".into())), Err("no".into()));
        let error = guarded::<()>(|| panic!("index {} is out of range", 7)).expect_err("a panic");
        assert_eq!(error, "the Parquet library gave up: index 7 is out of range");
    }
}
