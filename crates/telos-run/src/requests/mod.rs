//! How an item becomes requests: one file for each kind, and the table of them.

mod choices;
mod classify;
mod entry;
mod generate;
mod loglikelihood;
mod rolling;

pub use entry::RequestKind;
pub(crate) use entry::{Draw, Question, Recipe};

use serde_json::{Map, Value};
use telos_core::shape::KindShape;
use telos_core::{Ask, ControllerSpec, Request};

/// The kinds of a benchmark's `request`.
pub static REQUESTS: &[RequestKind] =
    &[choices::KIND, loglikelihood::KIND, rolling::KIND, generate::KIND, classify::KIND];

/// The shapes of [`REQUESTS`].
pub fn request_shapes() -> Vec<KindShape> {
    REQUESTS.iter().map(|kind| kind.shape).collect()
}

/// Reads a benchmark's `request`.
pub(crate) fn read(kind: &str, params: &Map<String, Value>) -> Result<Box<dyn Recipe>, String> {
    let found = REQUESTS.iter().find(|k| k.shape.kind == kind).ok_or_else(|| {
        let known: Vec<&str> = REQUESTS.iter().map(|k| k.shape.kind).collect();
        format!("unknown kind of request `{kind}`; known: {}", known.join(", "))
    })?;
    (found.read)(params).map_err(|message| format!("request of kind `{kind}`: {message}"))
}

/// A request of the first wave, asked of the same model with another controller and as another repeat: nothing else in it depends
/// on these.
pub(crate) fn redrawn(request: &Request, controller: &ControllerSpec, repeat: u32) -> Request {
    let mut request = request.clone();
    if let Ask::Generate { sampling, controller: acting, trace, .. } = &mut request.ask {
        sampling.sample = u64::from(repeat);
        acting.clone_from(controller);
        // A trace of the controller that changes nothing says nothing.
        *trace = !controller.is_none();
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Renderer, Row};
    use serde_json::json;
    use telos_core::Prompt;
    use telos_core::request::{Naming, Request};

    fn asks(kind: &str, params: &Value, chat: bool) -> Vec<Value> {
        let recipe = read(kind, params.as_object().expect("an object")).expect("a good request");
        let data = json!({"q": "1+1", "options": ["2", "3"], "t": " yes"});
        let renderer = Renderer::new();
        let row = Row { renderer: &renderer, benchmark: "b", item: "0", data: data.as_object().expect("an object") };
        let prompt = match recipe.question(row).expect("a question") {
            Question::Text(text) => Prompt::Text(text),
            Question::Turns(turns) => Prompt::Messages(turns),
        };
        let none = ControllerSpec::none();
        let draw = Draw { seed: 7, sample: 2, controller: &none };
        let naming = Naming { model: &ToString::to_string, constraint_ids: true, kinds: telos_control::KINDS };
        let asks = recipe.asks(prompt, chat, row, draw).expect("asks");
        asks.into_iter().map(|ask| Request::new(ask).to_json(naming)).collect()
    }

    #[test]
    fn kinds_have_unique_names_and_say_what_they_are() {
        let mut names: Vec<&str> = REQUESTS.iter().map(|k| k.shape.kind).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), REQUESTS.len());
        for kind in REQUESTS {
            assert!(!kind.shape.about.is_empty() && !kind.shape.fields.is_empty(), "{}", kind.shape.kind);
            assert!(kind.shape.fields.iter().all(|f| !f.about.is_empty()), "{}", kind.shape.kind);
        }
    }

    #[test]
    fn items_become_requests() {
        let choices = json!({"context": "Q: {{ q }}", "choices": "{{ options }}"});
        assert_eq!(asks("choices", &choices, false)[1]["continuation"], json!(" 3"));
        assert_eq!(asks("choices", &choices, true)[0]["continuation"], json!("2"));
        let pair = json!({"context": "", "choices": ["{{ q }}", "b"], "delimiter": ""});
        assert_eq!(asks("choices", &pair, false)[0]["continuation"], json!("1+1"));
        let target = json!({"context": "{{ q }}", "continuation": "{{ t }}"});
        assert_eq!(asks("loglikelihood", &target, false)[0]["continuation"], json!(" yes"));
        assert_eq!(asks("rolling", &json!({"text": "{{ q }}!"}), false)[0]["text"], json!("1+1!"));
        assert_eq!(
            asks("classify", &json!({"text": "{{ q }}", "text_pair": "{{ t }}"}), false)[0]["text_pair"],
            " yes"
        );
        let generate = json!({"prompt": "{{ q }}", "max_new_tokens": 4, "temperature": 0.5, "top_k": 3, "stop": ["x"]});
        let ask = &asks("generate", &generate, false)[0];
        assert_eq!((&ask["seed"], &ask["sample"], &ask["top_k"]), (&json!(7), &json!(2), &json!(3)));
        let chat = json!({"messages": [{"role": "user", "content": "{{ q }}"}], "max_new_tokens": 4});
        assert_eq!(asks("generate", &chat, true)[0]["messages"][0]["content"], json!("1+1"));
    }

    #[test]
    fn contradictions_are_found() {
        let shape = generate::KIND.shape;
        for bad in [json!({"max_new_tokens": 1}), json!({"prompt": "x", "messages": [], "max_new_tokens": 1})] {
            assert!(!(shape.check)(bad.as_object().expect("an object")).is_empty(), "{bad}");
        }
        assert!(read("chioces", &Map::new()).is_err_and(|e| e.contains("known: choices")));
    }
}
