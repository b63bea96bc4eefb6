//! A toy model with a toy classifier, both fixed functions of the ids and the text, and the loop that an engine runs.

use serde_json::{Value, json};
use telos_control::{Start, parse};
use telos_core::noise::mix;
use telos_core::{Action, Answers, At, Controller, ControllerSpec, Probe, RequestError, Sampling, Step, Valued};

/// Everything about a toy model.
#[derive(Clone)]
pub(crate) struct Toy {
    pub(crate) seed: u64,
    pub(crate) vocabulary: usize,
    /// Logits are multiples of this, so that ties occur; 0 for none.
    pub(crate) grain: f32,
    /// What is added to every h: how much of the vocabulary is safe.
    pub(crate) lean: f64,
    /// Where it is given, every h is this.
    pub(crate) h_always: Option<f64>,
    /// h are multiples of this; 0 for none.
    pub(crate) h_grain: f64,
    pub(crate) eos: Vec<u32>,
    /// Whether some tokens decode to nothing, and some to the same text.
    pub(crate) odd_pieces: bool,
}

impl Toy {
    pub(crate) fn new(seed: u64, vocabulary: usize) -> Self {
        Self { seed, vocabulary, grain: 0.0, lean: 0.2, h_always: None, h_grain: 0.0, eos: vec![1], odd_pieces: true }
    }

    /// One of many different worlds.
    pub(crate) fn any(seed: u64) -> Self {
        let pick = |salt: u64, n: u64| mix(seed ^ mix(salt)) % n;
        Self {
            seed,
            vocabulary: [3, 9, 40, 130][pick(1, 4) as usize],
            grain: [0.0, 0.0, 0.5, 2.0][pick(2, 4) as usize],
            lean: [-0.6, -0.2, 0.1, 0.3, 0.7][pick(3, 5) as usize],
            h_always: None,
            h_grain: [0.0, 0.25][pick(4, 2) as usize],
            eos: [vec![], vec![1], vec![0, 2]][pick(5, 3) as usize].clone(),
            odd_pieces: pick(6, 3) > 0,
        }
    }

    pub(crate) fn logits(&self, ids: &[u32]) -> Vec<f32> {
        let text = ids.iter().fold(mix(self.seed), |hash, id| mix(hash ^ u64::from(*id)));
        let logit = |t: u64| {
            let x = (share(mix(text ^ t)) * 8.0 - 4.0) as f32;
            if self.grain == 0.0 { x } else { (x / self.grain).round() * self.grain }
        };
        (0..self.vocabulary as u64).map(logit).collect()
    }

    pub(crate) fn decode(&self, ids: &[u32]) -> String {
        ids.iter().map(|id| self.piece(*id)).collect()
    }

    fn piece(&self, id: u32) -> String {
        match id % 7 {
            _ if self.eos.contains(&id) => String::new(),
            3 if self.odd_pieces => String::new(),
            5 if self.odd_pieces => "same ".into(),
            _ => format!("{id} "),
        }
    }

    /// h of constraint `which`, from −1 to 1.
    pub(crate) fn h(&self, which: u64, text: &str) -> f64 {
        if let Some(h) = self.h_always {
            return h;
        }
        let hash = text.bytes().fold(mix(self.seed ^ mix(which)), |hash, b| mix(hash ^ u64::from(b)));
        let h = (share(hash) * 2.0 - 1.0 + self.lean).clamp(-1.0, 1.0);
        if self.h_grain == 0.0 { h } else { (h / self.h_grain).round() * self.h_grain }
    }
}

/// A barrier filter with the options given.
pub(crate) fn cbf(alpha: f64, options: &Value) -> ControllerSpec {
    controller("cbf", &[(0, alpha)], options)
}

/// A number in [0, 1) from bits.
pub(crate) fn share(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A controller's object; constraint number i is the toy's h number i.
pub(crate) fn controller(kind: &str, alphas: &[(u64, f64)], options: &Value) -> ControllerSpec {
    let mut map = options.as_object().expect("options").clone();
    map.insert("kind".into(), kind.into());
    let constraint =
        |i: u64| json!({"kind": "classifier_margin", "model": i.to_string(), "positive": ["p"], "negative": ["n"]});
    if let [(i, alpha)] = alphas
        && !map.contains_key("listed")
    {
        map.insert("constraint".into(), constraint(*i));
        if kind == "cbf" {
            map.insert("alpha".into(), (*alpha).into());
        }
    } else if !alphas.is_empty() {
        let entry = |(i, alpha): &(u64, f64)| {
            if kind == "cbf" {
                json!({"constraint": constraint(*i), "alpha": alpha})
            } else {
                json!({"constraint": constraint(*i)})
            }
        };
        map.insert("constraints".into(), alphas.iter().map(entry).collect());
    }
    map.shift_remove("listed");
    ControllerSpec(map)
}

/// A text that has been run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) ids: Vec<u32>,
    pub(crate) steps: Vec<Step>,
    pub(crate) error: Option<RequestError>,
    /// How many values of h were asked for, and in how many rounds.
    pub(crate) asked: usize,
    pub(crate) rounds: usize,
    /// How many logits were asked for beyond those of the text itself.
    pub(crate) ahead: usize,
}

/// Runs a controller as an engine does.
pub(crate) fn run(toy: &Toy, spec: &ControllerSpec, sampling: &Sampling) -> Run {
    let parsed = parse(spec).expect("a good controller");
    let which: Vec<u64> =
        parsed.constraints.iter().map(|c| c.0["model"].as_str().expect("a name").parse().expect("a number")).collect();
    let start = Start { sampling: sampling.clone(), eos: toy.eos.clone() };
    let mut machine = parsed.build(&start);
    let mut run = Run { ids: Vec::new(), steps: Vec::new(), error: None, asked: 0, rounds: 0, ahead: 0 };
    while run.ids.len() < sampling.max_new_tokens {
        let (logits, ids) = (toy.logits(&run.ids), run.ids.clone());
        let at = At { logits: &logits, step: ids.len() as u64, ids: &ids };
        let action = answer_needs(toy, machine.as_mut(), &which, &at, sampling.max_new_tokens, &mut run);
        match action {
            Action::Emit(step) => {
                let token = step.token.expect("an emitted token");
                run.ids.push(token);
                run.steps.push(step);
                if toy.eos.contains(&token) {
                    break;
                }
            }
            Action::Stop(step) => {
                run.steps.push(step);
                break;
            }
            Action::Fail(error) => {
                run.error = Some(error);
                break;
            }
            Action::Need { .. } | Action::Rollback { .. } => {
                unreachable!("needs are answered, nothing is rolled back")
            }
        }
    }
    run
}

/// A number that equal texts share.
pub(crate) fn number(text: &str) -> u128 {
    text.bytes().fold(7, |number: u128, byte| number.wrapping_mul(1_000_003) ^ u128::from(byte) ^ (number >> 64))
}

fn answer_needs(
    toy: &Toy,
    machine: &mut dyn Controller,
    which: &[u64],
    at: &At<'_>,
    room: usize,
    run: &mut Run,
) -> Action {
    let probed = |probe: &Probe| {
        assert!(probe.append.iter().rev().skip(1).all(|token| !toy.eos.contains(token)), "goes on after the end");
        [&at.ids[..at.ids.len() - probe.back], &probe.append].concat()
    };
    let mut action = machine.begin(at);
    while let Action::Need { h, logits } = &action {
        assert!(!h.is_empty() || !logits.is_empty(), "asked for nothing");
        run.rounds += usize::from(!h.is_empty());
        run.asked += h.len();
        run.ahead += logits.len();
        let value = |probe: &Probe| {
            assert!(probe.append.last().is_none_or(|token| !toy.eos.contains(token)), "asked for an end of sequence");
            let text = toy.decode(&probed(probe));
            Valued { text: number(&text), h: Ok(which.iter().map(|i| toy.h(*i, &text)).collect()) }
        };
        let after = |probe: &Probe| {
            let ids = probed(probe);
            let ends = ids.len() >= room || ids.last().is_some_and(|id| toy.eos.contains(id));
            (!ends).then(|| toy.logits(&ids))
        };
        let answers = Answers { h: h.iter().map(value).collect(), logits: logits.iter().map(after).collect() };
        action = machine.resume(at, answers);
    }
    action
}

/// One of many ways to sample.
pub(crate) fn any_sampling(seed: u64) -> Sampling {
    let pick = |salt: u64, n: u64| mix(seed ^ mix(100 + salt)) % n;
    Sampling {
        temperature: [0.0, 0.3, 1.0, 1.7][pick(1, 4) as usize],
        top_k: [None, Some(1), Some(4), Some(30), Some(1000)][pick(2, 5) as usize],
        top_p: [1.0, 1.0, 0.4, 0.9, 0.999][pick(3, 5) as usize],
        seed,
        sample: pick(4, 3),
        ..Sampling::new(12)
    }
}
