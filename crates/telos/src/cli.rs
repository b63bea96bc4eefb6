//! The command line: what can be typed. Parsing ends here; acting begins in `command`.

#![expect(clippy::doc_markdown, reason = "these comments are the help's text")]

use crate::choice::one_of;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use telos_data::EXPORTS;
use telos_report::{VIEWS, View, view};

/// Measure how well a language model meets the goals people want it aligned with, with and without a controller in its
/// decoding.
#[derive(Debug, Parser)]
#[command(name = "telos", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) talk: Talk,
}

const EXIT_CODES: &str = "\
Exit codes: 0 success or PASS, 1 internal error, 2 usage, configuration or input, 4 nothing was run, 6 INCONCLUSIVE under \
--strict, 7 INVALID or incomplete, 100 a gate FAILED, 130 interrupted (the record can be resumed).

Environment: TELOS_CACHE is the folder that `cache:` stands for (else $XDG_CACHE_HOME/telos, else ~/.cache/telos); \
TELOS_THREADS is the number of threads (else as many as there are cores); NO_COLOR turns colours off.";

/// How much is said, and how.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Talk {
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Colours of messages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a suite, or benchmarks on a model: a record, a page, a table
    Run(Run),
    /// Write a commented suite and a benchmark to start from
    Init(Init),
    /// Show what a suite would run, without loading a model's weights
    Plan(Plan),
    /// Check suites, benchmarks, goals and gates, and name every mistake with its place
    Check(Check),
    /// Show the goals that a model can be aligned with, and what of them can be measured
    Goals(Goals),
    /// Show the benchmarks that there are, or one in full
    Benchmarks(Benchmarks),
    /// Show the kinds of controllers and constraints, and their keys
    Controllers(Kinds),
    /// Show which models can be opened, and how one is named
    Models(Kinds),
    /// Ask a model directly: requests in, replies out, one JSON object per line
    Probe(Probe),
    /// Score a record again from its stored replies, without a model
    Score(Score),
    /// Compare two records, or two arms (RUN#MODEL/CONTROLLER), item by item
    Compare(Compare),
    /// Hold a record against a baseline or rules and give a verdict
    Gate(Gate),
    /// Make a record what later ones are held against
    #[command(subcommand)]
    Baseline(BaselineAction),
    /// Render a record, as one HTML page or another view
    Report(Report),
    /// Write a record in another form
    Export(Export),
    /// Print the JSON Schema of a file format
    Schema(Schema),
}

#[derive(Debug, Args)]
pub(crate) struct SuiteArgs {
    /// The suite's YAML file
    pub(crate) suite: PathBuf,
    /// At most this many items of each benchmark
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Change a value of the suite, such as controllers.cbf-0.3.controller.alpha=0.5
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The suite's YAML file; or, with --model, benchmarks: ids, their YAML files, or folders of them
    #[arg(required = true, value_name = "SUITE|BENCHMARK")]
    pub(crate) what: Vec<PathBuf>,
    /// The model for the benchmarks: a folder, a .gguf file, or builtin:NAME
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// A controller to run them with, beside running them free: a YAML file with an object that has `kind`, or with
    /// {id, controller, constraints}
    #[arg(long = "controller", value_name = "FILE", requires = "model")]
    pub(crate) controllers: Vec<PathBuf>,
    /// Write down the suite that this stands for
    #[arg(long, value_name = "FILE", requires = "model")]
    pub(crate) write_suite: Option<PathBuf>,
    /// A folder of benchmarks and goals, laid over what is built in
    #[arg(long, value_name = "DIR", requires = "model")]
    pub(crate) registry: Vec<PathBuf>,
    /// At most this many items of each benchmark
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Change a value of the suite, such as controllers.cbf-0.3.controller.alpha=0.5
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
    /// The record's folder [default: runs/SUITE-TIME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Go on with the record that is there: exactly what is missing
    #[arg(long)]
    pub(crate) resume: bool,
    /// Answer what earlier runs asked already from this folder, and keep new replies in it
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// The HTML page [default: report.html in the record's folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Show every metric, not only the one that matters most of each benchmark
    #[arg(long)]
    pub(crate) all: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder; nothing that is in it is overwritten
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// YAML files, or folders of them
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Goals {
    /// A goal's path id, such as values/evaluation, to be shown in full [default: all, as a tree]
    pub(crate) id: Option<String>,
    /// A folder with goals and benchmarks of your own, laid over what is built in; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) registry: Vec<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Benchmarks {
    /// A benchmark's id, to be shown in full [default: all]
    pub(crate) id: Option<String>,
    /// A folder with goals and benchmarks of your own, laid over what is built in; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) registry: Vec<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Kinds {
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Probe {
    /// A folder in the Hugging Face layout, or a .gguf file
    #[arg(long)]
    pub(crate) model: String,
    /// The requests, JSON Lines [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) requests: Option<PathBuf>,
    /// The replies [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// The record's folder
    pub(crate) run: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// A record, or one of its arms: RUN or RUN#MODEL/CONTROLLER
    pub(crate) a: String,
    /// The other one
    pub(crate) b: String,
    /// Print the comparison as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// The record that is judged
    pub(crate) run: PathBuf,
    /// What it is held against: a record, or a file of `telos baseline accept` [default: the one that the rules name]
    #[arg(long, value_name = "RUN|FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// The rules [default: no metric of the baseline's became worse]
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Exit with 6 where nothing can be decided
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write the verdict as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Append the verdict as Markdown, such as to $GITHUB_STEP_SUMMARY
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Print the verdict as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineAction {
    /// Keep a record's scores in a small file, for version control
    Accept(Accept),
}

#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The record's folder
    pub(crate) run: PathBuf,
    /// The JSON file to write
    #[arg(long = "as", value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Why these scores are what later ones are held against; it stands in the file
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The record's folder
    pub(crate) run: PathBuf,
    /// What to hold it against: a record, or a file of `telos baseline accept`
    #[arg(long, value_name = "RUN|FILE")]
    pub(crate) against: Option<PathBuf>,
    /// The rules of the verdict, as `telos gate` has them; the file's own baseline counts where --against is missing
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Show at most this many items of a benchmark in full [default: 200]
    #[arg(long, value_name = "N")]
    pub(crate) items: Option<usize>,
    /// Show at most this many repeats of an item [default: 2]
    #[arg(long, value_name = "N")]
    pub(crate) repeats: Option<u32>,
    /// What it is rendered as
    #[arg(long, default_value = view::HTML.name, value_parser = one_of(VIEWS, |view| (view.name, view.about)))]
    pub(crate) view: &'static View,
    /// The file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The record's folder
    pub(crate) run: PathBuf,
    /// The form
    #[arg(long, value_parser = one_of(EXPORTS, |export| (export.name, export.about)))]
    pub(crate) format: &'static telos_data::Export,
    /// The file; - for standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The file format
    pub(crate) which: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// A suite's YAML
    Suite,
    /// A benchmark's YAML
    Benchmark,
    /// A goal file's YAML
    Goal,
    /// A gate's YAML
    Gate,
    /// A record's run.json
    Record,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
