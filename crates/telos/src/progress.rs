//! What a run says while it runs: a bar with an estimate on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use telos_report::{counted, visible};
use telos_run::{Event, Listener, UnitInfo};

/// How often a line is printed where there is no terminal.
const LINES: Duration = Duration::from_secs(10);

/// A listener that talks to standard error.
pub(crate) struct Progress {
    quiet: bool,
    bar: Option<ProgressBar>,
    last: Option<Instant>,
    /// What is being asked.
    at: Option<Asking>,
}

/// The texts of one model, controller and benchmark on their way.
struct Asking {
    unit: UnitInfo,
    /// Of the first unit of these texts in this sitting, and how many texts stood before it.
    began: Instant,
    first: u64,
}

impl Asking {
    /// Goes on with a unit: of the same texts, or of others.
    fn follow(before: Option<Self>, unit: &UnitInfo) -> Self {
        let same = |old: &UnitInfo| {
            (&old.model, &old.controller, &old.benchmark, old.wave)
                == (&unit.model, &unit.controller, &unit.benchmark, unit.wave)
        };
        match before {
            Some(Self { unit: old, began, first }) if same(&old) => Self { unit: unit.clone(), began, first },
            _ => Self { unit: unit.clone(), began: Instant::now(), first: unit.before },
        }
    }

    /// Texts that are done, where `done` of the unit's `of` requests are answered.
    fn texts(&self, done: u64, of: u64) -> u64 {
        self.unit.before + (self.unit.texts * done).checked_div(of).unwrap_or(0)
    }

    /// What is being asked, how far it is and how long it will take, in words.
    fn line(&self, texts: u64) -> String {
        let UnitInfo { model, controller, benchmark, wave, turns, of, .. } = &self.unit;
        let arm = controller.as_ref().map_or_else(|| model.clone(), |controller| format!("{model}/{controller}"));
        let what = match *wave {
            0 => String::new(),
            turn if turn < *turns => format!(", turn {}", turn + 1),
            _ => ", looked at again".to_owned(),
        };
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = (texts - self.first.min(texts)) as f64 / seconds.max(1e-3);
        let speed = if rate > 0.0 {
            let left = (*of - texts.min(*of)) as f64 / rate;
            let rate = if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") };
            format!(", {rate} texts a second, {} left", duration(left))
        } else {
            String::new()
        };
        format!("{benchmark}, {arm}{what}: {texts} of {of} texts{speed}")
    }
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, bar: None, last: None, at: None }
    }

    /// Tells how far it is: at once on a terminal, now and then elsewhere.
    fn tell(&mut self, done: u64, of: u64) {
        let Some(at) = &self.at else { return };
        if let Some(bar) = &self.bar {
            bar.set_message(visible(&at.line(at.texts(done, of))));
        } else if !self.quiet && self.last.is_none_or(|last| last.elapsed() >= LINES) {
            self.say(&at.line(at.texts(done, of)));
            self.last = Some(Instant::now());
        }
    }

    fn say(&self, line: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }
}

/// A line to standard error, hidden characters made visible; where that is closed, there is nobody to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible(line));
}

/// The same, after a label that may be coloured.
pub(crate) fn complain(label: &str, message: &str) {
    let _ = writeln!(std::io::stderr(), "{label}: {}", visible(message));
}

impl Listener for Progress {
    fn on(&mut self, event: &Event) {
        match event {
            // A plan with problems does not run: the error says why, and counts of the rest would only confuse.
            Event::Planned { plan } if !plan.problems.is_empty() => {}
            Event::Planned { plan } => {
                let counts = &plan.counts;
                self.say(&format!(
                    "{}: {}, {} requests, {} tokens ({} distinct prefixes), at most {} new tokens",
                    plan.suite,
                    counted(plan.arms.len(), "arm"),
                    counts.requests,
                    counts.tokens,
                    counts.prefix_tokens,
                    counts.new_tokens
                ));
                plan.warnings.iter().for_each(|warning| self.say(&format!("worth a look: {warning}")));
                if !self.quiet && std::io::stderr().is_terminal() {
                    let bar = ProgressBar::with_draw_target(Some(counts.units), ProgressDrawTarget::stderr());
                    let template = "{bar:20} {elapsed}  {msg}";
                    bar.set_style(
                        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
                    );
                    self.bar = Some(bar);
                }
            }
            Event::ModelOpening { model } => self.say(&format!("loading {model}")),
            Event::ModelOpened { .. } => {}
            Event::JournalDamaged { lost, replies } => {
                self.say(&format!(
                    "warning: the journal is damaged: {}; what stood there is asked again, and {replies} replies are there",
                    lost.join("; ")
                ));
            }
            Event::CacheOpened { replies, damaged } => {
                self.say(&format!("the cache holds {replies} replies"));
                for damage in damaged {
                    self.say(&format!("warning: {damage}"));
                }
            }
            Event::CacheKept { used, kept, problems } => {
                self.say(&format!("{used} replies came from the cache, {kept} are new in it"));
                for problem in problems {
                    self.say(&format!("warning: {problem}"));
                }
            }
            Event::Resumed { replies, units } => {
                self.say(&format!("going on: {replies} replies, {units} units are there"));
            }
            Event::UnitStarted { unit } => self.at = Some(Asking::follow(self.at.take(), unit)),
            Event::Replied { done, of } => self.tell(*done, *of),
            Event::UnitDone { done, unit, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                }
                self.tell(unit.requests, unit.requests);
            }
            Event::Writing => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                self.say("writing the record");
            }
            Event::Finished { replies, errors, skipped, seconds } => {
                let counts = [(errors, "errors"), (skipped, "skipped")];
                let worth = counts.iter().filter(|(count, _)| **count > 0);
                let notes = worth.map(|(count, what)| format!(", {count} {what}")).collect::<Vec<_>>().concat();
                self.say(&format!("{replies} replies in {}{notes}", duration(*seconds)));
            }
        }
    }
}

/// Seconds, for a person.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t10_a_line_says_what_is_asked_and_how_long_it_takes() {
        let unit = |before, controller: Option<&str>| UnitInfo {
            id: "u".into(),
            model: "tiny".into(),
            controller: controller.map(str::to_owned),
            benchmark: "positivity".into(),
            wave: 0,
            turns: 2,
            requests: 8,
            before,
            texts: 16,
            of: 112,
        };
        let first = Asking::follow(None, &unit(32, Some("cbf-0.3")));
        assert_eq!(first.line(32), "positivity, tiny/cbf-0.3: 32 of 112 texts");
        let began = Instant::now().checked_sub(Duration::from_secs(2)).expect("the machine is up for longer");
        let later = Asking::follow(Some(Asking { began, ..first }), &unit(48, Some("cbf-0.3")));
        assert_eq!(later.texts(4, 8), 56);
        assert_eq!(later.line(56), "positivity, tiny/cbf-0.3: 56 of 112 texts, 12 texts a second, 4.7 s left");
        let turn = |wave| Asking::follow(None, &UnitInfo { wave, ..unit(0, None) }).line(8);
        assert_eq!(turn(1).split(": ").next(), Some("positivity, tiny, turn 2"));
        assert_eq!(turn(2).split(": ").next(), Some("positivity, tiny, looked at again"));
        let other = Asking::follow(Some(later), &unit(0, None));
        assert_eq!((other.first, other.line(0)), (0, "positivity, tiny: 0 of 112 texts".to_owned()));
    }

    #[test]
    fn durations_read_well() {
        for (seconds, text) in [(0.25, "0.2 s"), (59.0, "59.0 s"), (61.4, "1 min 01 s"), (7260.0, "2 h 01 min")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
