//! White space as Python strips it: Unicode's `White_Space` and the separators U+001C to U+001F, which Rust keeps.

use minijinja::Value;
use std::borrow::Cow;

fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The filter `trim`, Python's `str.strip`.
#[expect(clippy::needless_pass_by_value, reason = "the library hands a filter its arguments by value")]
pub(crate) fn trim(text: Cow<'_, str>, characters: Option<Cow<'_, str>>) -> String {
    match characters {
        None => text.trim_matches(is_space).to_owned(),
        Some(characters) => text.trim_matches(|c| characters.contains(c)).to_owned(),
    }
}

/// The methods `strip`, `lstrip` and `rstrip` without an argument; none for anything else.
pub(crate) fn method(text: &str, method: &str) -> Option<Value> {
    match method {
        "strip" => Some(text.trim_matches(is_space).into()),
        "lstrip" => Some(text.trim_start_matches(is_space).into()),
        "rstrip" => Some(text.trim_end_matches(is_space).into()),
        _ => None,
    }
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
            ("{{ 'xxayx' | trim('x') }}", "ay"),
            ("{{ 'xxayx'.strip('x') }}", "ay"),
        ] {
            let compiled = Language::Chat.compile(template).expect("a template");
            let rendered = compiled.text(&minijinja::context! { x => text }).expect("a text");
            assert_eq!(rendered, want, "{template}");
        }
    }
}
