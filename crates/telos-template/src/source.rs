//! A template's text before it is compiled: line ends as Jinja2 has them, and no more than the compiler's stack bears.

use crate::TemplateError;
use crate::limits::{ELIFS, SOURCE_BYTES, STATEMENTS, TAG_TOKENS};

/// The text with `\r\n` and a lone `\r` as one `\n` (Jinja2's `newline_re`), where it keeps to the limits.
pub(crate) fn prepare(source: &str) -> Result<String, TemplateError> {
    if source.len() > SOURCE_BYTES {
        let message = format!("it has {} bytes, and {SOURCE_BYTES} is the most", source.len());
        return Err(TemplateError::Limit { message, line: None });
    }
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    bounded(&source)?;
    Ok(source)
}

/// What stands in one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name, or a word of the language.
    Name(&'a str),
    /// A string or a number.
    Literal,
    /// One character of punctuation.
    Mark(char),
}

/// A tag and where it begins.
#[derive(Debug)]
pub(crate) struct Tag<'a> {
    /// Whether it is a statement, `{% … %}`.
    pub(crate) statement: bool,
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) tokens: Vec<Token<'a>>,
}

/// Every tag outside comments and `{% raw %}`. A tag without an end goes to the end of the text; the compiler says so.
pub(crate) fn tags(source: &str) -> Vec<Tag<'_>> {
    let mut found: Vec<Tag<'_>> = Vec::new();
    let (mut rest, mut line, mut raw) = (source, 1, false);
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        line += before.matches('\n').count();
        let kind = from.as_bytes().get(1).copied();
        let length = match kind {
            Some(b'#') if !raw => from.find("#}").map_or(from.len(), |end| end + 2),
            Some(b'{') if !raw => tag(from, "}}", false, line, &mut found),
            Some(b'%') => {
                let length = tag(from, "%}", true, line, &mut found);
                let word = found.last().and_then(|tag| tag.tokens.first());
                let was = raw;
                match word {
                    Some(Token::Name("raw")) => raw = true,
                    Some(Token::Name("endraw")) => raw = false,
                    _ => {}
                }
                if was && raw {
                    // What only looks like a statement is text; its end need not be there.
                    found.pop();
                    2
                } else {
                    length
                }
            }
            _ => 1,
        };
        line += from[..length].matches('\n').count();
        rest = &from[length..];
    }
    found
}

/// Reads one tag and gives its length in bytes.
fn tag<'a>(from: &'a str, end: &str, statement: bool, line: usize, found: &mut Vec<Tag<'a>>) -> usize {
    let mut tokens = Vec::new();
    // `{{-` and `{%+` say what becomes of the white space before.
    let mut at = if from[2..].starts_with(['-', '+']) { 3 } else { 2 };
    let bytes = from.as_bytes();
    while at < from.len() {
        if from[at..].starts_with(end) || from[at..].strip_prefix(['-', '+']).is_some_and(|rest| rest.starts_with(end))
        {
            let trimmed = usize::from(!from[at..].starts_with(end));
            at += trimmed + 2;
            break;
        }
        let first = from[at..].chars().next().unwrap_or(' ');
        let length = match first {
            '\'' | '"' => string(&bytes[at..]),
            c if c.is_alphanumeric() || c == '_' => {
                let word = from[at..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(from.len() - at);
                let number = c.is_ascii_digit();
                tokens.push(if number { Token::Literal } else { Token::Name(&from[at..at + word]) });
                at += word;
                continue;
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token::Mark(c));
                }
                at += c.len_utf8();
                continue;
            }
        };
        tokens.push(Token::Literal);
        at += length;
    }
    found.push(Tag { statement, line, tokens });
    at
}

/// The length of a string with its quotes; one without an end goes to the end of the text.
fn string(bytes: &[u8]) -> usize {
    let quote = bytes[0];
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn bounded(source: &str) -> Result<(), TemplateError> {
    let tags = tags(source);
    let limit = |message: String, line: usize| Err(TemplateError::Limit { message, line: Some(line) });
    let counts = |token: &&Token<'_>| !matches!(token, Token::Literal | Token::Mark(','));
    for tag in &tags {
        let tokens = tag.tokens.iter().filter(counts).count();
        if tokens > TAG_TOKENS {
            let what = if tag.statement { "statement" } else { "expression" };
            let message = format!("a {what} has {tokens} names, operators and brackets, and {TAG_TOKENS} is the most");
            return limit(message.replace("a expression", "an expression"), tag.line);
        }
    }
    let statements = || tags.iter().filter(|tag| tag.statement);
    if let Some(tag) = statements().nth(STATEMENTS) {
        return limit(format!("it has more than {STATEMENTS} statements, which is the most"), tag.line);
    }
    no_cycle(&tags)?;
    let elifs = || statements().filter(|tag| tag.tokens.contains(&Token::Name("elif")));
    match elifs().nth(ELIFS) {
        Some(tag) => limit(format!("it has more than {ELIFS} `elif`, which is the most"), tag.line),
        None => Ok(()),
    }
}

/// A namespace that came to hold itself could be written out without end. It is made as `{% set NAME = namespace(…) %}` and used
/// as `NAME.attribute` in the templates that are known, and nowhere else here.
fn no_cycle(tags: &[Tag<'_>]) -> Result<(), TemplateError> {
    let refuse = |line: usize| {
        let message =
            "a `namespace` is made by `{% set NAME = namespace(…) %}` and used as NAME.attribute alone".to_owned();
        Err(TemplateError::Limit { message, line: Some(line) })
    };
    let mut names: Vec<&str> = Vec::new();
    for tag in tags {
        let places = tag.tokens.iter().enumerate().filter(|(_, token)| **token == Token::Name("namespace"));
        for (at, _) in places {
            match (&tag.tokens[..at], tag.tokens.get(at + 1)) {
                ([Token::Name("set"), Token::Name(name), Token::Mark('=')], Some(Token::Mark('('))) => names.push(name),
                ([.., Token::Mark('.')], _) => {}
                _ => return refuse(tag.line),
            }
        }
    }
    for tag in tags {
        for (at, token) in tag.tokens.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let before = at.checked_sub(1).and_then(|at| tag.tokens.get(at));
            let after = tag.tokens.get(at + 1);
            let made = at == 1 && before == Some(&Token::Name("set")) && after == Some(&Token::Mark('='));
            // `x.name` and `f(name=1)` are other names.
            let own = before == Some(&Token::Mark('.')) || (at > 1 && after == Some(&Token::Mark('=')));
            if names.contains(name) && !made && !own && after != Some(&Token::Mark('.')) {
                return refuse(tag.line);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let shown = |token: &Token<'_>| match token {
            Token::Name(name) => (*name).to_owned(),
            Token::Literal => "_".to_owned(),
            Token::Mark(c) => c.to_string(),
        };
        let found: Vec<String> =
            tags(source).iter().map(|t| t.tokens.iter().map(shown).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn tags_are_found_as_the_lexer_finds_them() {
        check("a {{ b.c|d(1, 'x}}') }} {% if e -%} {# {{ f }} #} {{- g -}}", &["b . c | d ( _ , _ )", "if e", "g"]);
        check("{% raw %}{{ a }}{% x %}{% endraw %}{{ b }}", &["raw", "endraw", "b"]);
        check("{ {{ 'it\\'s' ~ \"q\" }}", &["_ ~ _"]);
        check("{{ a", &["a"]);
        check("{{ ü }} {% é %}", &["ü", "é"]);
    }

    #[test]
    fn m9_line_ends_are_jinjas() {
        assert_eq!(prepare("a\r\nb\rc\n\r\n\r\r").as_deref(), Ok("a\nb\nc\n\n\n\n"));
    }
}
