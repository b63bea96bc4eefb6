//! What a run says while it runs: a bar with an estimate on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use telos_report::counted;
use telos_run::{Event, Listener};

/// How often a line is printed where there is no terminal.
const LINES: Duration = Duration::from_secs(10);

/// A listener that talks to standard error.
pub(crate) struct Progress {
    quiet: bool,
    bar: Option<ProgressBar>,
    last: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, bar: None, last: None }
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

/// A line to standard error; where that is closed, there is nobody to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
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
                if !self.quiet && std::io::stderr().is_terminal() {
                    let bar = ProgressBar::with_draw_target(Some(counts.units), ProgressDrawTarget::stderr());
                    let template = "{bar:30} {pos}/{len} units  {elapsed}  {msg}";
                    bar.set_style(
                        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
                    );
                    self.bar = Some(bar);
                }
            }
            Event::ModelOpening { model } => self.say(&format!("loading {model}")),
            Event::ModelOpened { .. } | Event::Replied { .. } => {}
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
            Event::UnitStarted { unit } => {
                if let Some(bar) = &self.bar {
                    let controller = unit.controller.as_deref().map(|c| format!("/{c}")).unwrap_or_default();
                    bar.set_message(format!("{}{controller} on {}", unit.model, unit.benchmark));
                    bar.tick();
                }
            }
            Event::UnitDone { done, total, seconds_left, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                    if let Some(left) = seconds_left {
                        bar.set_message(format!("about {} left", duration(*left)));
                    }
                } else if self.last.is_none_or(|last| last.elapsed() >= LINES) || done == total {
                    let left = seconds_left.map(|s| format!(", about {} left", duration(s))).unwrap_or_default();
                    self.say(&format!("{done} of {total} units{left}"));
                    self.last = Some(Instant::now());
                }
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
    fn durations_read_well() {
        for (seconds, text) in [(0.25, "0.2 s"), (59.0, "59.0 s"), (61.4, "1 min 01 s"), (7260.0, "2 h 01 min")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
