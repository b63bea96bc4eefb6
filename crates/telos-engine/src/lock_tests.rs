//! A constraint may ask the very model that is steered, from several threads at once: no lock of the decoder is held while it
//! is asked.

use crate::local::{Engine, Local};
use crate::local_models::{LocalModels, Options};
use crate::trajectory::{Along, trajectory};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use telos_core::request::TextOrIds;
use telos_core::{
    Ask, Constraint, ErrorKind, Look, ModelRef, Outcome, Prompt, Reply, Request, RequestError, Weights, ask_all,
};

/// Asks a language model for the logits after a text, and for a text of its own that a filter steers no further.
struct Asks {
    model: Arc<Local>,
    asked: AtomicUsize,
    forgotten: AtomicUsize,
}

impl Constraint for Asks {
    fn values(&self, looks: &[Look<'_>]) -> Vec<Result<f64, RequestError>> {
        self.asked.fetch_add(looks.len(), Ordering::Relaxed);
        let ids = |look: &Look<'_>| [look.prompt_ids, look.ids, look.appended].concat();
        let mut requests: Vec<Request> =
            looks.iter().map(|look| Request::new(Ask::NextLogits(TextOrIds::Ids(ids(look))))).collect();
        let own = json!({"kind": "generate", "prompt": "a", "max_new_tokens": 2});
        requests.push(Request::from_json(&own).expect("a request"));
        let value = |outcome: Outcome| match outcome? {
            Reply::NextLogits(reply) => Ok(f64::from(reply.logits[7]).tanh()),
            _ => Err(RequestError::new(ErrorKind::Internal, "no logits")),
        };
        ask_all(self.model.as_ref(), &requests).into_iter().take(looks.len()).map(value).collect()
    }

    fn forget(&self, _: u64) {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }
}

fn requests() -> Vec<Request> {
    let request = |seed: u64| -> Value {
        let constraint = json!({"kind": "lexicon", "words": ["stands in"]});
        json!({"kind": "generate", "prompt": (["A promise", "a", "import os"])[seed as usize % 3], "seed": seed,
            "max_new_tokens": 6, "top_k": 20, "trace": true, "controller": {"kind": "cbf", "alpha": 0.5,
            "constraint": constraint, "on_empty": "least_unsafe", "draft": ([0, 3])[seed as usize % 2]}})
    };
    (0..8).map(|seed| Request::from_json(&request(seed)).expect("a request")).collect()
}

fn texts(local: &Local, asks: &Arc<Asks>, requests: &[Request]) -> Vec<String> {
    let Engine::Causal(causal) = &local.engine else { panic!("a language model") };
    let own: Arc<dyn Constraint> = asks.clone();
    let numbered: Vec<(usize, &Request)> = requests.iter().enumerate().collect();
    let mut texts = vec![String::new(); requests.len()];
    causal.generate(&local.text, &numbered, &|_| Ok(own.clone()), &mut |place, outcome| {
        texts[place] = outcome.expect("a reply").to_json().to_string();
    });
    texts
}

#[test]
fn m19_a_model_may_be_its_own_constraint() {
    let (done, heard) = mpsc::channel();
    // Where a lock is held, the test fails and does not hang.
    let worker = thread::spawn(move || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/llama");
        let models = LocalModels::new(Options::new(2, std::env::temp_dir()));
        let local = models.local(&ModelRef::Local { path: folder }, Weights::Load).expect("the model opens");
        let (asked, forgotten) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let asks = Arc::new(Asks { model: local.clone(), asked, forgotten });
        let requests = requests();
        let alone: Vec<String> =
            requests.iter().flat_map(|request| texts(&local, &asks, std::slice::from_ref(request))).collect();
        assert!(asks.asked.load(Ordering::Relaxed) > 50 && alone.iter().any(|text| text.contains("\"changed\":true")));
        assert_eq!(asks.forgotten.load(Ordering::Relaxed), requests.len());
        // The same bits where several calls are under way, each with the model as its own constraint.
        let together: Vec<Vec<String>> = thread::scope(|scope| {
            let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| texts(&local, &asks, &requests))).collect();
            calls.into_iter().map(|call| call.join().expect("a call ends")).collect()
        });
        assert!(together.iter().all(|texts| *texts == alone));
        // h along a text likewise.
        let (prompt, ids) = (Prompt::Text("A promise".into()), local.text.encode("A promise", true).expect("ids"));
        let along = Along { prompt: &prompt, prompt_ids: &ids, generated: &[9, 20, 31] };
        assert_eq!(trajectory(&local.text, &along, asks.as_ref()).expect("h").h.len(), 4);
        done.send(()).expect("somebody waits");
    });
    let heard = heard.recv_timeout(Duration::from_mins(2));
    assert_ne!(heard, Err(mpsc::RecvTimeoutError::Timeout), "a lock is held while the constraint is asked");
    worker.join().expect("the worker ends");
}
