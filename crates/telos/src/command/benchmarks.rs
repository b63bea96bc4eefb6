//! `telos benchmarks`: what there is to run.

use crate::cli::Benchmarks;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::world::World;
use serde_json::{Value, json};
use std::fmt::Write;
use telos_core::text::did_you_mean;
use telos_core::{Direction, Metric};
use telos_run::Size;
use telos_spec::BenchmarkFile;
use telos_spec::suite::Benchmark;

/// A benchmark with what can be told of it without a model.
struct Entry<'a> {
    file: &'a BenchmarkFile,
    benchmark: Benchmark,
    metrics: Vec<Metric>,
    /// Or why it is not known.
    size: Result<Size, String>,
}

/// Prints all benchmarks, or one in full.
pub(crate) fn benchmarks(world: &World, what: &Benchmarks) -> Result<u8, Failure> {
    let registry = world.registry(&what.registry)?;
    let Some(id) = &what.id else {
        let entries = registry.benchmarks.values().map(|file| entry(world, file)).collect::<Result<Vec<_>, _>>()?;
        if what.json {
            print_json(&entries.iter().map(to_json).collect::<Vec<_>>())?;
        } else {
            print(&entries.iter().map(short).collect::<Vec<_>>().join("\n"))?;
        }
        return Ok(exit::SUCCESS);
    };
    let Some(file) = registry.benchmarks.get(id) else {
        let known = registry.benchmarks.keys().map(String::as_str);
        let hint = did_you_mean(id, known).map(|known| format!("did you mean `{known}`?"));
        let hint = hint.unwrap_or_else(|| "`telos benchmarks` lists them; `--registry` adds a folder".into());
        return Err(Failure::usage(format!("there is no benchmark `{id}`; {hint}")));
    };
    let entry = entry(world, file)?;
    if what.json {
        let mut value = to_json(&entry);
        value["yaml"] = file.value.clone();
        print_json(&value)?;
    } else {
        print(&full(&entry))?;
    }
    Ok(exit::SUCCESS)
}

fn entry<'a>(world: &World, file: &'a BenchmarkFile) -> Result<Entry<'a>, Failure> {
    let benchmark = file.benchmark(&world.surroundings());
    let told =
        |problems: Vec<telos_run::Problem>| problems.into_iter().map(|p| p.message).collect::<Vec<_>>().join("; ");
    let metrics = telos_run::metrics(&benchmark).map_err(|problems| {
        Failure::usage(format!("failed to read the benchmark {}: {}", file.file.display(), told(problems)))
    })?;
    let path = &benchmark.source.path;
    let size = if benchmark.source.embedded.is_some() || path.exists() {
        telos_run::size(&benchmark).map_err(told)
    } else {
        Err(format!("its data is not on this machine; it would be {}", path.display()))
    };
    Ok(Entry { file, benchmark, metrics, size })
}

fn to_json(entry: &Entry<'_>) -> Value {
    let Entry { file, benchmark, metrics, size } = entry;
    let count = |of: fn(&Size) -> u64| size.as_ref().ok().map(of);
    json!({
        "id": file.id,
        "about": file.about,
        "goals": file.goals,
        "licence": file.licence,
        "file": file.file.display().to_string(),
        "request": benchmark.request.kind,
        "evaluator": benchmark.evaluator.kind,
        "metrics": metrics,
        "repeats": benchmark.repeats,
        "items": count(|size| size.items),
        "available": count(|size| size.available),
        "requests": count(|size| size.requests),
        "unknown_because": size.as_ref().err(),
    })
}

/// `40 items, 160 requests`.
fn cost(entry: &Entry<'_>) -> String {
    match &entry.size {
        Err(_) => "data not here".into(),
        Ok(size) => {
            let items = if size.items == size.available {
                size.items.to_string()
            } else {
                format!("{} of {}", size.items, size.available)
            };
            let repeats = if size.repeats > 1 { format!(" × {}", size.repeats) } else { String::new() };
            format!("{items} items{repeats}, {} requests", size.requests)
        }
    }
}

/// Three lines, four where there are goals.
fn short(entry: &Entry<'_>) -> String {
    let Entry { file, benchmark, metrics, .. } = entry;
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    let licence = file.licence.as_deref().unwrap_or("licence not stated");
    let mut out = format!("{}  ({}; {licence})\n", file.id, cost(entry));
    for line in [
        file.about.clone(),
        format!("{}: {}", benchmark.evaluator.kind, names.join(", ")),
        file.goals.iter().map(|goal| goal.0.as_str()).collect::<Vec<_>>().join(", "),
    ] {
        if !line.is_empty() {
            out.extend(["  ", &line, "\n"]);
        }
    }
    out
}

fn full(entry: &Entry<'_>) -> String {
    let Entry { file, metrics, size, .. } = entry;
    let mut out = short(entry);
    let mut line = |text: String| {
        // A string takes whatever is written to it.
        let _ = writeln!(out, "{text}");
    };
    line(format!("\nfile\n  {}", file.file.display()));
    if let Err(reason) = size {
        line(format!("\nitems\n  unknown: {reason}"));
    }
    line("\nmetrics".into());
    for metric in metrics {
        let way = match metric.direction {
            Direction::Higher => "higher is better",
            Direction::Lower => "lower is better",
            Direction::None => "describes",
        };
        let range = metric.range.map(|[least, most]| format!(", {least} to {most}")).unwrap_or_default();
        line(format!("  {} ({way}{range}): {}", metric.name, metric.about));
    }
    line(format!("\nits YAML\n{}", indent(&telos_spec::to_yaml(&file.value))));
    out
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
