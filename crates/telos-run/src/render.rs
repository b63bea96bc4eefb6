//! Benchmark templates: minijinja with Python's string methods, where an undefined name is an error.

use minijinja::value::Serde;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use telos_core::text::did_you_mean;
use telos_template::{Compiled, Language, TemplateError};

/// A template that could not be filled. The message reads after "failed to ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("render {template:?} for item `{item}` of benchmark `{benchmark}`: {message}; its columns are {columns}")]
pub struct RenderError {
    /// The benchmark's id.
    pub benchmark: String,
    /// The item's id.
    pub item: String,
    /// The template, shortened.
    pub template: String,
    /// What is wrong, and what was perhaps meant.
    pub message: String,
    /// The columns that there are.
    pub columns: String,
}

/// The templates of a run, each compiled once.
#[derive(Debug, Default)]
pub struct Renderer {
    compiled: Mutex<HashMap<String, Arc<Result<Compiled, TemplateError>>>>,
}

impl Renderer {
    /// Undefined names are errors, trailing newlines stay, nothing is escaped, strings have Python's methods.
    pub fn new() -> Self {
        Self::default()
    }

    fn compile(&self, template: &str) -> Arc<Result<Compiled, TemplateError>> {
        // A thread that panicked has left the table as it was.
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = compiled.get(template) {
            return Arc::clone(found);
        }
        let made = Arc::new(Language::Benchmark.compile(template));
        compiled.insert(template.to_owned(), Arc::clone(&made));
        made
    }

    /// The names that a template takes from outside; none for a text that is no template or that cannot be parsed.
    pub(crate) fn names(&self, template: &str) -> HashSet<String> {
        if !is_template(template) {
            return HashSet::new();
        }
        self.compile(template).as_ref().as_ref().map(|t| t.undeclared().into_iter().collect()).unwrap_or_default()
    }
}

/// One row, with what an error about it has to name.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Fills the templates.
    pub renderer: &'a Renderer,
    /// The benchmark's id.
    pub benchmark: &'a str,
    /// The item's id.
    pub item: &'a str,
    /// The columns.
    pub data: &'a Map<String, Value>,
}

impl Row<'_> {
    /// The template's text.
    pub fn text(&self, template: &str) -> Result<String, RenderError> {
        if !is_template(template) {
            return Ok(template.to_owned());
        }
        let compiled = self.renderer.compile(template);
        let filled = compiled.as_ref().as_ref().map_err(Clone::clone).and_then(|t| t.text(&self.context()));
        filled.map_err(|error| self.explain(template, &error))
    }

    fn context(&self) -> minijinja::Value {
        minijinja::Value::from(Serde(self.data))
    }

    /// The template's value: of any type where the whole string is one `{{ expression }}`, else its text.
    pub fn value(&self, template: &str) -> Result<Value, RenderError> {
        let compiled = self.renderer.compile(template);
        let value = compiled.as_ref().as_ref().map_err(Clone::clone).and_then(|t| t.value(&self.context()));
        let Some(value) = value.map_err(|error| self.explain(template, &error))? else {
            return self.text(template).map(Value::String);
        };
        if value.is_undefined() {
            let inner = template.trim().trim_start_matches("{{").trim_end_matches("}}");
            return Err(self.fail(template, format!("`{}` is undefined", inner.trim())));
        }
        serde_json::to_value(&value).map_err(|error| self.fail(template, error.to_string()))
    }

    /// A value of YAML with every string in it that holds a template filled; other values as they are.
    pub fn fill(&self, value: &Value) -> Result<Value, RenderError> {
        Ok(match value {
            Value::String(text) if is_template(text) => self.value(text)?,
            Value::Array(list) => Value::Array(list.iter().map(|v| self.fill(v)).collect::<Result<_, _>>()?),
            Value::Object(map) => Value::Object(self.fill_map(map)?),
            other => other.clone(),
        })
    }

    /// [`Row::fill`] of each value.
    pub fn fill_map(&self, map: &Map<String, Value>) -> Result<Map<String, Value>, RenderError> {
        map.iter().map(|(key, value)| Ok((key.clone(), self.fill(value)?))).collect()
    }

    /// A list of strings: what the template gives, numbers and flags written out.
    pub fn texts(&self, template: &Value) -> Result<Vec<String>, RenderError> {
        let shown = template.as_str().map_or_else(|| template.to_string(), str::to_owned);
        let Value::Array(list) = self.fill(template)? else {
            let message = "expected a list; write `{{ column }}` alone, or a list of templates".to_owned();
            return Err(self.fail(&shown, message));
        };
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
            other => Err(self.fail(&shown, format!("expected a list of strings; one entry is {other}"))),
        };
        list.iter().map(text).collect()
    }

    /// An error about this row.
    pub fn fail(&self, template: &str, message: String) -> RenderError {
        let columns: Vec<&str> = self.data.keys().map(String::as_str).collect();
        RenderError {
            benchmark: self.benchmark.to_owned(),
            item: self.item.to_owned(),
            template: shorten(template),
            message,
            columns: if columns.is_empty() { "none".to_owned() } else { columns.join(", ") },
        }
    }

    fn explain(&self, template: &str, error: &TemplateError) -> RenderError {
        let mut message = error.message().to_owned();
        if let Some(line) = error.line().filter(|_| template.contains('\n')) {
            message = format!("{message} (line {line} of the template)");
        }
        if matches!(error, TemplateError::Undefined { .. }) {
            let mut missing: Vec<String> = self.renderer.names(template).into_iter().collect();
            missing.retain(|name| !self.data.contains_key(name));
            missing.sort_unstable();
            for name in missing {
                let hint = did_you_mean(&name, self.data.keys().map(String::as_str));
                let hint = hint.map(|known| format!(", did you mean `{known}`?")).unwrap_or_default();
                message = format!("{message}; there is no column `{name}`{hint}");
            }
        }
        self.fail(template, message)
    }
}

/// Whether a string of YAML is a template at all.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Long templates make long messages; their beginning is enough to find them.
fn shorten(template: &str) -> String {
    const SHOWN: usize = 80;
    match template.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &template[..end]),
        None => template.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(template: &str, data: &Value, expected: Result<Value, &str>) {
        let renderer = Renderer::new();
        let data = data.as_object().expect("an object");
        let row = Row { renderer: &renderer, benchmark: "b", item: "7", data };
        match (row.value(template), expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{template}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{template}: {error}"),
            (other, _) => panic!("{template}: {other:?}"),
        }
    }

    #[test]
    fn values_keep_their_type_and_texts_their_newlines() {
        let data = json!({"q": "Why?", "n": 3, "list": ["a", "b"], "m": {"choices": [1, 2]}});
        check("Q: {{ q }}\nA:\n", &data, Ok(json!("Q: Why?\nA:\n")));
        check("{{ list }}", &data, Ok(json!(["a", "b"])));
        check(" {{ m.choices }} ", &data, Ok(json!([1, 2])));
        check("{{ n }}", &data, Ok(json!(3)));
        check("{{ n }}{{ n }}", &data, Ok(json!("33")));
        check("{{ [q.lower(), q.replace('?', '!')] }}", &data, Ok(json!(["why?", "Why!"])));
        check("<b> & {{ q }}", &data, Ok(json!("<b> & Why?")));
        check("{% for x in list %}{{ x }},{% endfor %}", &data, Ok(json!("a,b,")));
        check("plain", &data, Ok(json!("plain")));
    }

    #[test]
    fn errors_name_benchmark_item_template_and_columns() {
        let data = json!({"question": "Why?", "answer": "So."});
        for template in ["{{ qestion }}", "Q: {{ qestion }}"] {
            check(template, &data, Err("its columns are question, answer"));
            check(template, &data, Err("item `7` of benchmark `b`"));
            check(template, &data, Err("qestion"));
        }
        check("Q: {{ qestion }}", &data, Err("did you mean `question`?"));
        check("{{ question.x }} y", &data, Err("undefined"));
        check("{{ question", &data, Err("syntax error"));
    }

    #[test]
    fn lists_are_filled_entry_by_entry() {
        let renderer = Renderer::new();
        let data = json!({"a": "x", "n": 2, "o": {"k": 1}});
        let row = Row { renderer: &renderer, benchmark: "b", item: "0", data: data.as_object().expect("an object") };
        assert_eq!(row.texts(&json!(["{{ a }}", "{{ n }}", "no"])), Ok(vec!["x".into(), "2".into(), "no".into()]));
        assert!(row.texts(&json!("{{ a }}")).is_err());
        assert!(row.texts(&json!(["{{ o }}"])).is_err());
        assert_eq!(row.fill(&json!({"t": ["{{ n }}", {"u": "{{ a }}!"}]})), Ok(json!({"t": [2, {"u": "x!"}]})));
    }
}
