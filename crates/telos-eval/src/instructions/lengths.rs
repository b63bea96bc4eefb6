//! `length_constraints:…`: how long a response is.

use super::entry::{Follows, Kwargs};
use super::python::{SPACE, is_blank, regex, word};

/// So many words.
pub(super) fn number_words(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let (wanted, relation) = (kwargs.count("num_words")?, kwargs.relation("relation")?);
    let word = word()?;
    Ok(Box::new(move |text| relation(word.find_iter(text).count(), wanted)))
}

/// Exactly so many paragraphs between dividers `***`. A blank one at the beginning or the end does not count, a blank one
/// elsewhere fails.
pub(super) fn number_paragraphs(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let wanted = kwargs.count("num_paragraphs")?;
    let divider = regex(&format!(r"{SPACE}?\*\*\*{SPACE}?"))?;
    Ok(Box::new(move |text| paragraphs(&divider.split(text).collect::<Vec<_>>()) == Some(wanted)))
}

/// How many paragraphs there are; none where a blank one stands within.
fn paragraphs(parts: &[&str]) -> Option<usize> {
    let blank = |part: &&str| is_blank(part);
    let within = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
    if within.iter().any(blank) {
        return None;
    }
    // A text without a divider is one part, which is its first and its last.
    let edges = [parts.first(), parts.last().filter(|_| parts.len() > 1)];
    Some(parts.len() - edges.into_iter().flatten().filter(|part| blank(part)).count())
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::paragraphs;
    use serde_json::json;

    #[test]
    fn words_are_counted() {
        let most = json!({"num_words": 3, "relation": "less than"});
        check("length_constraints:number_words", &most, &[("one two", true), ("one, two; three", false)]);
        let least = json!({"num_words": 3.0, "relation": "at least"});
        check("length_constraints:number_words", &least, &[("one two", false), ("isn't it", true)]);
    }

    #[test]
    fn paragraphs_lie_between_dividers() {
        let two = json!({"num_paragraphs": 2});
        check(
            "length_constraints:number_paragraphs",
            &two,
            &[
                ("a\n***\nb", true),
                ("***\na\n\n***\n\nb\n***", true),
                ("a\n***\n \n***\nb", false),
                ("a", false),
                ("a***b***c", false),
            ],
        );
        assert_eq!(paragraphs(&["", ""]), Some(0));
        assert_eq!(paragraphs(&[""]), Some(0));
    }
}
