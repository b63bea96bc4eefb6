//! `keywords:…`: words that a response has to have, or must not have. Keywords are regular expressions, as in the reference.

use super::entry::{Follows, Kwargs};
use super::python::{ignoring_case, strip, whole_word};

/// Every keyword is found.
pub(super) fn existence(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let keywords = kwargs.texts("keywords")?.into_iter().map(ignoring_case).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(move |text| keywords.iter().all(|keyword| keyword.is_match(text))))
}

/// None of the words is found between word boundaries.
pub(super) fn forbidden_words(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let words = kwargs.texts("forbidden_words")?.into_iter().map(whole_word).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(move |text| !words.iter().any(|word| word.is_match(text))))
}

/// The keyword is found so many times, matches not overlapping; also within other words.
pub(super) fn frequency(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let keyword = ignoring_case(strip(kwargs.text("keyword")?))?;
    let (frequency, relation) = (kwargs.count("frequency")?, kwargs.relation("relation")?);
    Ok(Box::new(move |text| relation(keyword.find_iter(text).count(), frequency)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use serde_json::json;

    #[test]
    fn keywords_are_found_in_any_case() {
        let both = json!({"keywords": ["mom", "mother"]});
        check("keywords:existence", &both, &[("Mothers and MOM.", true), ("mother", false), ("moment, mother", true)]);
        let words = json!({"forbidden_words": ["rock", "issue"]});
        check("keywords:forbidden_words", &words, &[("rocks", true), ("An Issue", false), ("no", true)]);
        let many = json!({"keyword": " war ", "frequency": 2, "relation": "at least"});
        check("keywords:frequency", &many, &[("War, toward", true), ("war", false)]);
        let few = json!({"keyword": "aa", "frequency": 2, "relation": "less than"});
        check("keywords:frequency", &few, &[("aaa", true), ("aaaa", false)]);
    }
}
