//! The barrier filter's decision at one position, as a function of the values of h known so far.

use crate::orders::Ordered;
use crate::rule::{Rule, Strategy, Support};
use crate::sampler::{Candidates, Position};
use std::collections::HashMap;
use telos_core::{RequestError, Valued};

/// Tokens that a scan judges at once, as in CBF-LLM's code.
const CHUNK: usize = 32;

/// Candidates asked for at once by the lazy strategy, at most; the number doubles from one up to here.
const MOST_AHEAD: usize = 64;

/// Candidates asked for at once by a scan, at most.
const MOST_SCANNED: usize = 1024;

/// What is known at one position.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) plain: Option<Candidates>,
    pub(crate) by_key: Ordered,
    pub(crate) by_probability: Ordered,
    /// h with a token appended.
    pub(crate) after: HashMap<u32, Valued>,
    /// How many candidates the lazy strategy asks for next.
    pub(crate) ahead: usize,
    /// Look-ups at this position of texts that were not looked up before.
    pub(crate) evaluations: u32,
}

/// Why there is no decision.
pub(crate) enum Open {
    /// Tokens whose h is needed or may be, the needed ones first.
    Unknown(Vec<u32>),
    /// A token that the rule looks at has no h.
    Failed(RequestError),
}

/// A decision.
pub(crate) struct Choice {
    /// None where no candidate is allowed.
    pub(crate) token: Option<u32>,
    pub(crate) rejected: Vec<u32>,
    /// What the rule looked up, in order; repeats allowed.
    pub(crate) tried: Vec<u32>,
    /// From what `on_empty` may choose.
    pub(crate) from: Candidates,
}

/// (1 − alpha) · h, never −0.
pub(crate) fn thresholds(rule: &Rule, here: &Valued) -> Vec<f64> {
    let h = here.h.as_deref().unwrap_or_default();
    rule.alphas.iter().zip(h).map(|(alpha, h)| (1.0 - alpha) * h + 0.0).collect()
}

/// The rule, run on what is known.
pub(crate) struct Decision<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) position: Position<'a>,
    pub(crate) eos: &'a [u32],
    pub(crate) here: Option<&'a Valued>,
    pub(crate) at: &'a mut Place,
}

impl Decision<'_> {
    pub(crate) fn choose(&mut self, plain: &Candidates) -> Result<Choice, Open> {
        let scans_all_mass = self.rule.support == Support::After && self.position.has_top_p();
        if self.rule.strategy == Strategy::Scan || scans_all_mass {
            return self.scan(plain);
        }
        match self.rule.support {
            Support::Before => self.lazy(plain, None),
            Support::After => self.lazy(&Candidates::All, Some(Cutoff::default())),
        }
    }

    /// Whether the token is allowed, if that is known.
    fn allowed(&self, token: u32) -> Result<Option<bool>, Open> {
        let Some(here) = self.here else { return Ok(None) };
        let value = if self.eos.contains(&token) { Some(here) } else { self.at.after.get(&token) };
        let Some(value) = value else { return Ok(None) };
        // The h of an unchanged text is the very same number, whoever computed it again.
        let value = if value.text == here.text { here } else { value };
        let h = value.h.as_ref().map_err(|error| Open::Failed(error.clone()))?;
        Ok(Some(h.iter().zip(thresholds(self.rule, here)).all(|(h, threshold)| *h >= threshold)))
    }

    /// Whether h of the text with this token must still be asked for.
    fn is_open(&self, token: u32) -> bool {
        !self.eos.contains(&token) && !self.at.after.contains_key(&token)
    }

    /// Candidates in descending key, the first allowed one. With a cut-off, tokens beyond the k-th allowed in order of
    /// probability are no candidates.
    fn lazy(&mut self, from: &Candidates, mut cutoff: Option<Cutoff>) -> Result<Choice, Open> {
        let (mut rejected, mut tried) = (Vec::new(), Vec::new());
        let mut token = None;
        let mut place = 0;
        while let Some(next) = self.at.by_key.by_key(place, from, &self.position) {
            place += 1;
            if let Some(cutoff) = &mut cutoff
                && !self.within(next, cutoff, &mut tried)?
            {
                continue;
            }
            tried.push(next);
            match self.allowed(next)? {
                Some(true) => {
                    token = Some(next);
                    break;
                }
                Some(false) => rejected.push(next),
                None => return Err(self.ask_ahead(next, place, from, cutoff.is_some())),
            }
        }
        Ok(Choice { token, rejected, tried, from: from.clone() })
    }

    /// The token, and those that come after it in descending key, as many as are asked ahead now.
    fn ask_ahead(&mut self, token: u32, mut place: usize, from: &Candidates, cut: bool) -> Open {
        let mut tokens: Vec<u32> = self.is_open(token).then_some(token).into_iter().collect();
        // Where there is a cut-off, only the k most probable are sure to lie within it.
        let last =
            if cut { self.at.by_probability.by_probability(self.position.top_k() - 1, &self.position) } else { None };
        let look_no_further = place + 2 * self.at.ahead;
        while tokens.len() < self.at.ahead && place < look_no_further {
            let Some(next) = self.at.by_key.by_key(place, from, &self.position) else { break };
            place += 1;
            if self.is_open(next) && last.is_none_or(|last| !self.position.more_probable(last, next)) {
                tokens.push(next);
            }
        }
        self.at.ahead = (2 * self.at.ahead).min(MOST_AHEAD);
        Open::Unknown(tokens)
    }

    /// Whether fewer than k allowed tokens are more probable than this one.
    fn within(&mut self, token: u32, cutoff: &mut Cutoff, tried: &mut Vec<u32>) -> Result<bool, Open> {
        let k = self.position.top_k();
        let Some(last) = self.at.by_probability.by_probability(k - 1, &self.position) else { return Ok(true) };
        if !self.position.more_probable(last, token) {
            return Ok(true);
        }
        loop {
            if let Some(kth) = cutoff.kth {
                return Ok(!self.position.more_probable(kth, token));
            }
            let Some(next) = self.at.by_probability.by_probability(cutoff.judged, &self.position) else {
                return Ok(true);
            };
            if !self.position.more_probable(next, token) {
                return Ok(true);
            }
            match self.allowed(next)? {
                None => return Err(self.ask_prefix(cutoff.judged, k - cutoff.allowed, token)),
                Some(allowed) => {
                    tried.push(next);
                    cutoff.judged += 1;
                    cutoff.allowed += usize::from(allowed);
                    if cutoff.allowed == k {
                        cutoff.kth = Some(next);
                    }
                }
            }
        }
    }

    /// Tokens in descending probability from a place on, up to `end`: as many as the k-th allowed one is away at least.
    fn ask_prefix(&mut self, start: usize, missing: usize, end: u32) -> Open {
        let mut tokens = Vec::new();
        for place in start..start + missing.max(self.at.ahead).min(MOST_SCANNED) {
            match self.at.by_probability.by_probability(place, &self.position) {
                Some(token) if token != end => tokens.extend(self.is_open(token).then_some(token)),
                _ => break,
            }
        }
        self.at.ahead = (2 * self.at.ahead).min(MOST_AHEAD);
        Open::Unknown(tokens)
    }

    /// Candidates in descending probability, whole chunks until k are allowed; then the best key of these.
    fn scan(&mut self, plain: &Candidates) -> Result<Choice, Open> {
        let everything = self.position.vocabulary();
        let (from, total, k) = match (self.rule.support, plain) {
            (Support::Before, Candidates::Listed(tokens)) => (plain, tokens.len(), tokens.len()),
            (Support::Before, Candidates::All) => (plain, everything, everything),
            (Support::After, _) => (&Candidates::All, everything, self.position.top_k()),
        };
        let (mut accepted, mut rejected, mut tried) = (Vec::new(), Vec::new(), Vec::new());
        for start in (0..total).step_by(CHUNK) {
            for place in start..total.min(start + CHUNK) {
                let Some(token) = self.at_place(place, from) else { break };
                match self.allowed(token)? {
                    None => return Err(self.ask_chunks(start, k - accepted.len(), from)),
                    Some(_) if accepted.len() == k => {}
                    Some(true) => accepted.push(token),
                    Some(false) => rejected.push(token),
                }
                tried.push(token);
            }
            if accepted.len() == k {
                break;
            }
        }
        if self.rule.support == Support::After {
            accepted = self.position.nucleus(accepted);
        }
        let token = (!accepted.is_empty()).then(|| self.position.best(&Candidates::Listed(accepted)));
        if self.rule.strategy == Strategy::Lazy {
            // Top-p of what is allowed needs all of its mass, so nothing is saved, but the trace has lazy's form.
            let count = rejected.len();
            rejected = self.position.largest_keys(&Candidates::Listed(rejected), count);
            if let Some(token) = token {
                let key = self.position.key(token);
                rejected.retain(|t| self.position.key(*t) > key);
            }
        }
        Ok(Choice { token, rejected, tried, from: from.clone() })
    }

    fn at_place(&mut self, place: usize, from: &Candidates) -> Option<u32> {
        match from {
            Candidates::All => self.at.by_probability.by_probability(place, &self.position),
            Candidates::Listed(tokens) => tokens.get(place).copied(),
        }
    }

    /// The open tokens of the chunks that will be begun for sure, from one whose beginning is at `start`: `missing` more
    /// have to be allowed.
    fn ask_chunks(&mut self, start: usize, missing: usize, from: &Candidates) -> Open {
        let certain = missing.clamp(1, MOST_SCANNED).next_multiple_of(CHUNK);
        let tokens = (start..start + certain).map_while(|place| self.at_place(place, from)).collect::<Vec<_>>();
        Open::Unknown(tokens.into_iter().filter(|t| self.is_open(*t)).collect())
    }
}

/// How far the order of probability has been judged, to find the k-th allowed token.
#[derive(Debug, Default)]
struct Cutoff {
    judged: usize,
    allowed: usize,
    /// The k-th allowed token, once found.
    kth: Option<u32>,
}
