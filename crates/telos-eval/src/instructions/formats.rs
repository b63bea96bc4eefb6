//! `detectable_format:…` and `punctuation:…`: the shape of a response.

use super::entry::{Follows, Kwargs};
use super::python::{SPACE, is_blank, regex};

/// Exactly so many lines that begin with one `*` or with `-`.
pub(super) fn number_bullet_lists(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let wanted = kwargs.count("num_bullets")?;
    let stars = regex(&format!(r"(?m)^{SPACE}*\*[^*].*$"))?;
    let dashes = regex(&format!("(?m)^{SPACE}*-.*$"))?;
    Ok(Box::new(move |text| stars.find_iter(text).count() + dashes.find_iter(text).count() == wanted))
}

/// A title in double angular brackets that is not blank.
pub(super) fn title(_: &Kwargs<'_>) -> Result<Follows, String> {
    let title = regex(r"<<[^\n]+>>")?;
    Ok(Box::new(move |text| {
        let mut titles = title.find_iter(text);
        titles.any(|title| !is_blank(title.as_str().trim_start_matches('<').trim_end_matches('>')))
    }))
}

/// No comma anywhere.
#[expect(clippy::unnecessary_wraps, reason = "the table holds functions that may fail")]
pub(super) fn no_comma(_: &Kwargs<'_>) -> Result<Follows, String> {
    Ok(Box::new(|text| !text.contains(',')))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use serde_json::json;

    #[test]
    fn bullets_are_counted() {
        let two = json!({"num_bullets": 2});
        check(
            "detectable_format:number_bullet_lists",
            &two,
            &[
                ("* a\n* b", true),
                ("- a\n  - b\nc", true),
                ("* a\n- b\n- c", false),
                ("**bold**\n* a\n* b", true),
                ("a * b\nc - d", false),
                // A lone star takes the line break after it, and the next line with it.
                ("*\n* a\n- b", true),
            ],
        );
    }

    #[test]
    fn titles_have_two_brackets_and_something_in_them() {
        let none = json!({});
        check(
            "detectable_format:title",
            &none,
            &[
                ("<<A title>>\ntext", true),
                ("<title>", false),
                ("<< >>", false),
                ("<<a\nb>>", false),
                ("<<<a>>>", true),
            ],
        );
        check("punctuation:no_comma", &none, &[("a; b", true), ("a, b", false), ("a، b", true)]);
    }
}
