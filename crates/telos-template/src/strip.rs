//! White space as Python strips it: Unicode's `White_Space` and the separators U+001C to U+001F, which Rust keeps.

use minijinja::value::from_args;
use minijinja::{Error, Value};
use std::borrow::Cow;
use std::collections::HashSet;

fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The filter `trim`, Python's `str.strip`.
#[expect(clippy::needless_pass_by_value, reason = "the library hands a filter its arguments by value")]
pub(crate) fn trim(text: Cow<'_, str>, characters: Option<Cow<'_, str>>) -> String {
    stripped(&text, characters.as_deref(), [true, true]).to_owned()
}

/// The methods `strip`, `lstrip` and `rstrip`; none for another.
pub(crate) fn method(text: &str, method: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    let ends = match method {
        "strip" => [true, true],
        "lstrip" => [true, false],
        "rstrip" => [false, true],
        _ => return Ok(None),
    };
    let (characters,): (Option<&str>,) = from_args(arguments)?;
    Ok(Some(stripped(text, characters, ends).into()))
}

/// Python's `str.split` without a separator: the words between white space, after at most so many of which the rest is one.
pub(crate) fn words(text: &str, most: Option<i64>) -> impl Iterator<Item = &str> {
    let mut left = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let mut rest = text.trim_start_matches(is_space);
    std::iter::from_fn(move || {
        let end = if left == 0 { None } else { rest.find(is_space) };
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        left = left.saturating_sub(1);
        rest = after.trim_start_matches(is_space);
        (!word.is_empty()).then_some(word)
    })
}

/// A text without these characters, or without white space, at its beginning and its end, as is asked.
fn stripped<'a>(text: &'a str, characters: Option<&str>, [begin, end]: [bool; 2]) -> &'a str {
    // As a set: a text and what is stripped of it may both be long.
    let set: Option<HashSet<char>> = characters.map(|characters| characters.chars().collect());
    let strips = |c: char| set.as_ref().map_or_else(|| is_space(c), |set| set.contains(&c));
    let text = if begin { text.trim_start_matches(strips) } else { text };
    if end { text.trim_end_matches(strips) } else { text }
}

#[cfg(test)]
mod tests {
    use crate::Language;

    #[test]
    fn white_space_is_that_of_python() {
        let text = " \u{1c}a b\u{1f}\u{a0}\n";
        for (template, want) in [
            ("{{ x | trim }}", "a b"),
            ("{{ x | trim | length }}", "3"),
            ("{{ x.strip() }}", "a b"),
            ("{{ x.lstrip() }}", "a b\u{1f}\u{a0}\n"),
            ("{{ x.rstrip() }}", " \u{1c}a b"),
            ("{{ x.split() }}", "['a', 'b']"),
            ("{{ ' a  b c '.split(none, 1) }}", "['a', 'b c ']"),
            ("{{ ' a  b '.split(none, 5) }}{{ ''.split() }}{{ ' a '.split(none, 0) }}", "['a', 'b'][]['a ']"),
            ("{{ 'xxayx' | trim('x') }}", "ay"),
            ("{{ 'xxayx'.strip('x') }}", "ay"),
            ("{{ 'xxayx'.lstrip('xa') }}", "yx"),
        ] {
            let compiled = Language::Chat.compile(template).expect("a template");
            let rendered = compiled.text(&minijinja::context! { x => text }).expect("a text");
            assert_eq!(rendered, want, "{template}");
        }
    }
}
