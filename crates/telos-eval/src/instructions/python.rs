//! Python's notions of white space, words and case, in which the rules of instructions are written.

use regex::{Regex, RegexBuilder};
use telos_core::text::is_python_space;

/// The characters of Python's `\w`, as the inside of a class: letters, numbers and the underscore. The `regex` crate's own
/// `\w` takes combining marks as well, which makes one word of what Python reads as two in many scripts.
const WORD: &str = r"\p{L}\p{N}_";

/// Python's `\s`, which takes four separators more than the `regex` crate's.
pub(super) const SPACE: &str = r"[\s\x1c-\x1f]";

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_python_space)
}

/// Whether there is nothing but white space in it.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_python_space)
}

/// A regular expression.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
}

/// Python's `\w+`.
pub(super) fn word() -> Result<Regex, String> {
    regex(&format!("[{WORD}]+"))
}

/// A regular expression that ignores case, as `re.IGNORECASE` does.
pub(super) fn ignoring_case(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).case_insensitive(true).build();
    built.map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
}

/// `\bWORD\b`, ignoring case, for asking whether there is a match: which side of a boundary has the letter follows from the
/// word's own first and last character.
pub(super) fn whole_word(word: &str) -> Result<Regex, String> {
    let of_words = self::word()?;
    let side = |end: Option<char>, edge: &str, first: bool| match end {
        // What these stand for is the expression's own affair.
        Some(c) if r"\.+*?()|[]{}^$".contains(c) => r"\b".to_owned(),
        Some(c) if !of_words.is_match(c.encode_utf8(&mut [0; 4])) => format!("[{WORD}]"),
        Some(_) if first => format!("(?:{edge}|[^{WORD}])"),
        Some(_) => format!("(?:[^{WORD}]|{edge})"),
        None => r"\b".to_owned(),
    };
    let (left, right) = (side(word.chars().next(), "^", true), side(word.chars().last(), "$", false));
    ignoring_case(&format!("{left}{word}{right}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_pythons() {
        // As Python 3 counts them; the vowel signs of Devanagari are marks, not letters.
        for (text, n) in [("", 0), ("one, two_three 4", 3), ("don't", 2), ("हिन्दी", 3), ("x² ½", 2), ("naïve", 1)]
        {
            assert_eq!(word().expect("a class").find_iter(text).count(), n, "{text}");
        }
        assert_eq!(strip("\u{1c} a\u{a0}\n"), "a");
        assert!(is_blank(" \u{2003}\n") && is_blank("") && !is_blank("."));
    }

    #[test]
    fn boundaries_are_found_on_either_side() {
        let check = |word: &str, text: &str, want: bool| {
            assert_eq!(whole_word(word).expect("a word").is_match(text), want, "{word} in {text:?}");
        };
        check("rock", "a Rock.", true);
        check("rock", "rock", true);
        check("rock", "rocks or brock", false);
        check("rock", "rock_", false);
        check("e.g.", "e.g.x", true);
        check("'s", "it's", true);
        check("'s", "the 's", false);
        assert!(whole_word("(").is_err());
    }
}
