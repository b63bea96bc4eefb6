//! Chat templates, rendered as transformers renders them (`transformers/utils/chat_template_utils.py`).

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, Error, ErrorKind, context};
use std::collections::BTreeMap;
use telos_core::request::Message;

/// The name under which the template stands in its environment.
const NAME: &str = "chat_template";

/// A chat template and the special tokens that it may name.
pub(crate) struct Template {
    environment: Environment<'static>,
    tokens: Vec<(&'static str, String)>,
    /// The template's source, hashed.
    pub(crate) hash: String,
}

impl Template {
    /// Compiles a template. The error names the line.
    pub(crate) fn new(source: &str, tokens: Vec<(&'static str, String)>) -> Result<Self, String> {
        let hash = telos_core::digest::blake3_hex(source.as_bytes());
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| describe(&e))?);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        // A template that prints today's date would make runs differ from day to day; it is given this one.
        environment.add_function("strftime_now", |format: String| strftime(&format));
        environment.add_filter("tojson", to_json);
        environment.add_template_owned(NAME, without_generation_tags(source)).map_err(|e| describe(&e))?;
        Ok(Self { environment, tokens, hash })
    }

    /// The chat as text.
    pub(crate) fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, String> {
        let messages: Vec<Value> =
            messages.iter().map(|m| context! { role => m.role.as_str(), content => m.content.as_str() }).collect();
        let tokens: BTreeMap<&str, Value> =
            self.tokens.iter().map(|(name, text)| (*name, Value::from(text.as_str()))).collect();
        let template = self.environment.get_template(NAME).map_err(|e| describe(&e))?;
        let tokens = Value::from(tokens);
        template
            .render(context! { messages, add_generation_prompt, tools => (), documents => (), ..tokens })
            .map_err(|e| describe(&e))
    }
}

fn describe(error: &Error) -> String {
    let line = error.line().map(|line| format!(" (line {line} of the chat template)")).unwrap_or_default();
    format!("the chat template cannot render this: {}{line}", error.detail().unwrap_or(&error.to_string()))
}

/// `{% generation %}` marks what was generated, for training; rendering ignores it.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(end) = rest[start..].find("%}").map(|end| start + end + 2) else { break };
        out.push_str(&rest[..start]);
        let tag = &rest[start..end];
        let word = tag.trim_matches(|c: char| "{%-+}".contains(c) || c.is_whitespace());
        out.push_str(&match word {
            "generation" => tag.replace("generation", "if true"),
            "endgeneration" => tag.replace("endgeneration", "endif"),
            _ => tag.to_owned(),
        });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// `json.dumps` without escaping for HTML, `indent` honoured.
#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
fn to_json(Serde(json): Serde<serde_json::Value>, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let _: Option<bool> = options.get("ensure_ascii")?;
    options.assert_all_used()?;
    let mut out = String::new();
    write_json(&json, indent, 0, &mut out);
    Ok(out)
}

/// Python's separators: `, ` and `: ` on one line, a line for each entry with `indent`.
fn write_json(value: &serde_json::Value, indent: Option<usize>, depth: usize, out: &mut String) {
    use serde_json::Value as Json;
    let line = |depth: usize, out: &mut String| {
        if let Some(indent) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    let comma = if indent.is_some() { "," } else { ", " };
    let (open, close, len) = match value {
        Json::Array(list) => ('[', ']', list.len()),
        Json::Object(map) => ('{', '}', map.len()),
        other => return out.push_str(&other.to_string()),
    };
    out.push(open);
    let entry = |i: usize, key: Option<&String>, value: &Json, out: &mut String| {
        if i > 0 {
            out.push_str(comma);
        }
        line(depth + 1, out);
        if let Some(key) = key {
            out.push_str(&Json::from(key.as_str()).to_string());
            out.push_str(": ");
        }
        write_json(value, indent, depth + 1, out);
    };
    match value {
        Json::Array(list) => list.iter().enumerate().for_each(|(i, v)| entry(i, None, v, out)),
        Json::Object(map) => map.iter().enumerate().for_each(|(i, (k, v))| entry(i, Some(k), v, out)),
        _ => {}
    }
    if len > 0 {
        line(depth, out);
    }
    out.push(close);
}

/// The date that templates are given: 1 January 2024, a Monday, at midnight.
fn strftime(format: &str) -> String {
    let known = [
        ("%d", "01"),
        ("%m", "01"),
        ("%Y", "2024"),
        ("%y", "24"),
        ("%b", "Jan"),
        ("%B", "January"),
        ("%a", "Mon"),
        ("%A", "Monday"),
        ("%H", "00"),
        ("%M", "00"),
        ("%S", "00"),
    ];
    known.iter().fold(format.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let template = Template::new(source, vec![("bos_token", "<s>".to_owned())]).expect("compiles");
        let messages = [Message { role: "user".into(), content: " <hi> 'é' ".into() }];
        assert_eq!(template.render(&messages, true).expect("renders"), expected, "{source}");
    }

    #[test]
    fn templates_render_as_transformers_renders_them() {
        check("{{ bos_token }}{% for m in messages %}\n{{ m['content'].strip() }}{% endfor %}\n", "<s><hi> 'é'");
        check("{{ messages[0] | tojson }}", r#"{"role": "user", "content": " <hi> 'é' "}"#);
        check("{{ [1, {}] | tojson(indent=2) }}", "[\n  1,\n  {}\n]");
        check("{%- generation -%} x {%- endgeneration -%}", "x");
        check("{% if tools %}t{% endif %}{% if add_generation_prompt %}g{% endif %}", "g");
        check("{{ strftime_now('%d %b %Y') }}", "01 Jan 2024");
    }

    #[test]
    fn a_template_may_refuse() {
        let template = Template::new("{{ raise_exception('no ' + 'system') }}", vec![]).expect("compiles");
        let error = template.render(&[], true).expect_err("refuses");
        assert!(error.contains("no system"), "{error}");
    }
}
