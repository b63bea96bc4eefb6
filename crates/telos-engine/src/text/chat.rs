//! Chat templates, rendered as transformers renders them (`transformers/utils/chat_template_utils.py`).

use minijinja::context;
use minijinja::value::Value;
use std::collections::BTreeMap;
use telos_core::request::Message;
use telos_template::{Compiled, Language, TemplateError};

/// A chat template and the special tokens that it may name.
pub(crate) struct Template {
    compiled: Compiled,
    tokens: Vec<(&'static str, String)>,
    /// The template's source, hashed.
    pub(crate) hash: String,
}

impl Template {
    /// Compiles a template. The error names the line.
    pub(crate) fn new(source: &str, tokens: Vec<(&'static str, String)>) -> Result<Self, TemplateError> {
        let hash = telos_core::digest::blake3_hex(source.as_bytes());
        let compiled = Language::Chat.compile(&without_generation_tags(source))?;
        Ok(Self { compiled, tokens, hash })
    }

    /// The chat as text.
    pub(crate) fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, TemplateError> {
        let messages: Vec<Value> =
            messages.iter().map(|m| context! { role => m.role.as_str(), content => m.content.as_str() }).collect();
        let tokens: BTreeMap<&str, Value> =
            self.tokens.iter().map(|(name, text)| (*name, Value::from(text.as_str()))).collect();
        let tokens = Value::from(tokens);
        self.compiled.text(&context! { messages, add_generation_prompt, tools => (), documents => (), ..tokens })
    }
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
        assert!(error.to_string().contains("no system"), "{error}");
    }
}
