//! White space as Python sees it, which the anchors' encoding rules are written in.

/// Whether Python's `str.isspace` and `\s` take the character for white space: Unicode's `White_Space` and U+001C to U+001F.
pub fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.rstrip()`.
pub fn python_rstrip(text: &str) -> &str {
    text.trim_end_matches(is_python_space)
}

/// Python's `len(re.split(r"\s+", text))`: leading and trailing white space each give an empty word that counts.
pub fn python_words(text: &str) -> usize {
    let mut words = 1;
    let mut inside_space = false;
    for c in text.chars() {
        let space = is_python_space(c);
        if space && !inside_space {
            words += 1;
        }
        inside_space = space;
    }
    words
}

/// Characters of a name for which a slip is looked for at most: nobody misspells a longer one, and the comparison takes time
/// in the product of the lengths.
const LONGEST_SLIP: usize = 100;

/// The entry of `known` that `given` is most likely a slip for, if any is near. A swap of neighbours counts as one edit.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = given.chars().count();
    if length > LONGEST_SLIP {
        return None;
    }
    let allowed = length.div_ceil(3).max(1);
    known.into_iter().map(|k| (strsim::osa_distance(given, k), k)).filter(|(d, _)| *d <= allowed).min().map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_as_python_counts_them() {
        for (text, words) in [("", 1), ("a", 1), ("a b", 2), (" a  b\n", 4), ("\u{1c}x", 2), (" ", 2)] {
            assert_eq!(python_words(text), words, "{text:?}");
        }
    }

    #[test]
    fn rstrip_takes_pythons_separators() {
        assert_eq!(python_rstrip("a \u{1f}\n\u{a0}"), "a");
    }

    #[test]
    fn slips_are_recognised() {
        let known = ["temperature", "top_k", "top_p", "seed"];
        assert_eq!(did_you_mean("temprature", known), Some("temperature"));
        assert_eq!(did_you_mean("tpo_k", known), Some("top_k"));
        assert_eq!(did_you_mean("colour", known), None);
        assert_eq!(did_you_mean(&"seed".repeat(1_000_000), known), None);
    }
}
