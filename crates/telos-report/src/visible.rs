//! A model's text made harmless and whole: what would be invisible, or would reorder the text around it, is written out.

use std::fmt::Write as _;

/// The text with control characters (but line ends and tabs), bidirectional controls, zero-width characters and lone byte-order
/// marks written as `⟨U+202E⟩`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            // Writing into a string cannot fail.
            let _ = write!(out, "⟨U+{:04X}⟩", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a reader would not see the character, or see others out of order.
pub fn hidden(c: char) -> bool {
    let control = c.is_control() && c != '\n' && c != '\t';
    let format = matches!(
        u32::from(c),
        0x00AD
            | 0x034F
            | 0x061C
            | 0x115F..=0x1160
            | 0x17B4..=0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFEFF
            | 0xFFA0
            | 0xFFF0..=0xFFFB
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
    );
    control || format
}

/// Text for the inside of an XML or HTML element or a quoted attribute. Characters that XML 1.0 does not allow are left out.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_written_out() {
        for (text, shown) in [
            ("a\u{202e}b", "a⟨U+202E⟩b"),
            ("a\u{200b}\u{0}\n\t", "a⟨U+200B⟩⟨U+0000⟩\n\t"),
            ("\u{e0041}\u{e0100}", "⟨U+E0041⟩⟨U+E0100⟩"),
            ("\u{1b}[31m\u{9b}\u{7f}\u{3164}", "⟨U+001B⟩[31m⟨U+009B⟩⟨U+007F⟩⟨U+3164⟩"),
            ("grün 漢字 🙂", "grün 漢字 🙂"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(escape("<a href=\"x\">'&\u{1b}\u{ffff}"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    }
}
