//! Goals for a terminal.

use crate::goal::view::{Coverage, GoalTree, GoalView};
use std::fmt::Write;
use telos_core::{DimensionSet, PrincipleList, Work};

impl GoalTree<'_> {
    /// The tree as a table, a node a line, at most `width` characters wide as far as ids and numbers allow.
    pub fn to_text(&self, width: usize) -> String {
        let version = self.version.map_or(String::new(), |version| format!(", taxonomy {version}"));
        format!(
            "Goals{version}, from the surface of behaviour to intrinsic values\n\n{}\n{}",
            self.table(width),
            wrap(&self.summary(), width, 0, 0)
        )
    }

    /// The first node in full, and the nodes below it as a table.
    pub fn first_to_text(&self, width: usize) -> String {
        let Some(first) = self.goals.first() else { return String::new() };
        let mut out = first.to_text(width);
        if !first.goal.leaf {
            let _ = write!(out, "\n{}\n{}", self.table(width), wrap(&self.summary(), width, 0, 0));
        }
        out
    }

    fn table(&self, width: usize) -> String {
        let top = self.goals.iter().map(|view| view.goal.id.depth()).min().unwrap_or(0);
        let name = |view: &GoalView<'_>| {
            let depth = view.goal.id.depth() - top;
            let id = if depth == 0 { &view.goal.id.0 } else { view.goal.id.last() };
            format!("{:1$}{id}", "", 2 * depth)
        };
        let longest = |title: &str, cells: &mut dyn Iterator<Item = usize>| cells.fold(title.len(), usize::max);
        let first = longest("goal", &mut self.goals.iter().map(|view| count(&name(view))));
        let second = longest("title", &mut self.goals.iter().map(|view| count(&view.goal.title)));
        // The titles say again what the ids say; on a narrow terminal the ids are enough.
        let titles = first + second + 2 + NUMBERS.len() <= width;
        let line = |name: &str, title: &str, numbers: &str| {
            let title = if titles { format!("  {title:<second$}") } else { String::new() };
            format!("{name:<first$}{title}{numbers}").trim_end().to_owned() + "\n"
        };
        let mut out = line("goal", "title", NUMBERS);
        for view in &self.goals {
            if view.goal.id.depth() == 0 {
                out.push('\n');
            }
            out.push_str(&line(&name(view), &view.goal.title, &numbers(&view.coverage)));
            let place = [view.goal.level.map(|l| l.to_string()), view.goal.band.map(|b| b.to_string())];
            let place: Vec<String> = place.into_iter().flatten().collect();
            if view.goal.id.depth() == 0 && !place.is_empty() {
                let _ = writeln!(out, "  ({})", place.join(", "));
            }
        }
        out
    }

    fn summary(&self) -> String {
        let all = &self.coverage;
        let facets = [(all.representation_leaves, "representation"), (all.evaluation_leaves, "evaluation")];
        let facets = facets.iter().filter(|(number, _)| *number > 0).map(|(number, name)| format!("{number} {name}"));
        let facets = match facets.collect::<Vec<_>>() {
            facets if facets.is_empty() => String::new(),
            facets => format!(" ({})", facets.join(", ")),
        };
        format!(
            "{}{facets}, {} with a benchmark; {}. {}: {}.",
            counted(all.leaves, "leaf", "leaves"),
            all.leaves_with_benchmark,
            counted(all.benchmarks, "benchmark", "benchmarks"),
            counted(all.named(), "named work", "named works"),
            all.works_by_status(),
        )
    }
}

/// The titles of the columns of numbers, and their widths.
const NUMBERS: &str = "  benchmarks  works  planned  out of scope";

fn numbers(coverage: &Coverage) -> String {
    let cell = |number: usize| if number == 0 { "–".to_owned() } else { number.to_string() };
    format!(
        "  {:>10}  {:>5}  {:>7}  {:>12}",
        cell(coverage.benchmarks),
        cell(coverage.works),
        cell(coverage.planned),
        cell(coverage.out_of_scope)
    )
}

impl GoalView<'_> {
    /// Everything that is known of it.
    fn to_text(&self, width: usize) -> String {
        let goal = self.goal;
        let mut out = format!("{}\n{}\n", goal.id.0, goal.title);
        let place = [
            goal.level.map(|level| level.to_string()),
            goal.band.map(|band| band.to_string()),
            goal.order.map(|order| format!("order {order} (1 is the surface of behaviour)")),
            self.facet.map(|facet| facet.to_string()),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            out.push_str(&wrap(&place.join(" · "), width, 0, 0));
        }
        let earlier = goal.earlier.iter().map(|(version, ids)| format!("{} ({version})", ids.join(", ")));
        for (name, texts) in [
            ("definition", vec![goal.definition.clone()]),
            ("motivation", vec![goal.motivation.clone()]),
            ("strengths", goal.strengths.clone()),
            ("limits", goal.limits.clone()),
            ("cites", goal.cites.clone()),
            ("earlier ids", earlier.collect()),
        ] {
            let texts: Vec<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
            if !texts.is_empty() {
                let _ = write!(out, "\n{name}\n");
                for text in texts {
                    out.push_str(&wrap(text, width, 2, 2));
                }
            }
        }
        out.extend(goal.dimensions.iter().map(|set| dimensions(set, width)));
        out.extend(goal.principles.iter().map(|list| principles(list, width)));
        if goal.leaf || !self.benchmarks.is_empty() {
            out.push_str("\nbenchmarks\n");
            for benchmark in &self.benchmarks {
                let licence = benchmark.licence.map_or(String::new(), |licence| format!(" ({licence})"));
                out.push_str(&wrap(&format!("{}: {}{licence}", benchmark.id, benchmark.about), width, 2, 4));
            }
            if self.benchmarks.is_empty() {
                out.push_str("  none\n");
            }
        }
        if !goal.works.is_empty() {
            let mut own = Coverage::default();
            own.tally(&goal.works);
            let _ = write!(out, "\nworks: {}\n", own.works_by_status());
            out.extend(goal.works.iter().map(|entry| work(entry, width)));
        }
        out
    }
}

fn work(work: &Work, width: usize) -> String {
    let cites = if work.cites.is_empty() { String::new() } else { format!(" ({})", work.cites.join("; ")) };
    let benchmarks = match work.benchmarks.as_slice() {
        [] => String::new(),
        ids => format!(" in {}", ids.join(", ")),
    };
    let reason = work.reason.as_ref().map_or(String::new(), |reason| format!(". {reason}"));
    wrap(&format!("{}{cites}: {}{benchmarks}{reason}", work.name, work.status), width, 2, 6)
}

fn dimensions(set: &DimensionSet, width: usize) -> String {
    let circle = if set.circular { ", on a circle in this order" } else { "" };
    let mut out = format!("\ndimensions {}\n", set.id);
    let about = about(&set.title, &set.definition, &set.cites);
    out.push_str(&wrap(&format!("{about}{circle}"), width, 2, 2));
    let mut entry = |id: &str, title: &str, definition: &str, of: &[String]| {
        let mut text = format!("{id}: {}", about_of(title, definition));
        if !of.is_empty() {
            let _ = write!(text, "; of {}", of.join(", "));
        }
        let opposites = set.opposites(id);
        if !opposites.is_empty() {
            let _ = write!(text, "; opposed to {}", opposites.join(", "));
        }
        out.push_str(&wrap(&text, width, 4, 6));
    };
    set.dimensions.iter().for_each(|d| entry(&d.id, &d.title, &d.definition, &[]));
    set.higher.iter().for_each(|group| entry(&group.id, &group.title, &group.definition, &group.of));
    out
}

fn principles(list: &PrincipleList, width: usize) -> String {
    let mut out = format!("\nprinciples {}\n", list.id);
    out.push_str(&wrap(&about(&list.title, &list.definition, &list.cites), width, 2, 2));
    for rule in &list.rules {
        out.push_str(&wrap(&format!("{}. {}", rule.number, rule.text), width, 4, 7));
    }
    out
}

fn about_of(title: &str, definition: &str) -> String {
    if definition.is_empty() { title.to_owned() } else { format!("{title}. {}", definition.trim_end_matches('.')) }
}

fn about(title: &str, definition: &str, cites: &[String]) -> String {
    let cites = if cites.is_empty() { String::new() } else { format!(" ({})", cites.join("; ")) };
    format!("{}{cites}", about_of(title, definition))
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// The text in lines of at most `width` characters where its words allow, the first indented by `first`, the others by `rest`.
fn wrap(text: &str, width: usize, first: usize, rest: usize) -> String {
    let mut out = String::new();
    let mut line = " ".repeat(first);
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && count(&line) + 1 + count(word) > width {
            out.push_str(&line);
            out.push('\n');
            line = " ".repeat(rest);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out + &line + "\n"
}
