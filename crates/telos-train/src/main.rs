//! Trains the two built-in models of Telos on text that it generates itself, and measures the figures of their model cards.
//!
//! Invariant: nothing depends on this program, it reads no data but its own grammar, and it uses no network.

mod error;
mod figures;
mod folder;
mod hashes;
mod make;
mod model;
mod optimise;
mod positivity;
mod sample;
mod text;
mod train;
mod world;

use clap::{Parser, Subcommand};
use error::TrainError;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Trains and measures the two built-in models of Telos.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print texts of the small world, one a paragraph
    World {
        /// The seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many texts
        #[arg(long, default_value_t = 20)]
        count: usize,
        /// The rule of the grammar
        #[arg(long, default_value = world::DOCUMENT)]
        rule: String,
    },
    /// Train both models and write their folders
    Train {
        /// The folder in which both folders are written
        #[arg(long, default_value_os_t = builtin())]
        out: PathBuf,
        /// Steps of the language model; 0 leaves it out
        #[arg(long, default_value_t = 7000)]
        steps: usize,
        /// Steps of the classifier; 0 leaves it out
        #[arg(long, default_value_t = 4000)]
        classifier_steps: usize,
        /// The seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Measure the figures of the model cards; fails where one is missed
    Figures {
        /// The folder in which both model folders are
        #[arg(long, default_value_os_t = builtin())]
        models: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print texts sampled from the language model, each behind whether the world's grammar can make it
    Sample {
        /// The folder in which both model folders are
        #[arg(long, default_value_os_t = builtin())]
        models: PathBuf,
        /// The seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many texts
        #[arg(long, default_value_t = 20)]
        count: usize,
    },
    /// Print the hash of each file of weights, as the table that pins them states it
    Hashes {
        /// The folder in which both model folders are
        #[arg(long, default_value_os_t = builtin())]
        models: PathBuf,
    },
}

/// The folder of the models that are committed.
fn builtin() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../telos-engine/builtin")
}

fn run(command: Command, out: &mut impl std::io::Write) -> Result<(), TrainError> {
    let stdout = || TrainError::at(Path::new("standard output"));
    match command {
        Command::World { seed, count, rule } => {
            let grammar = world::world()?;
            let mut rng = world::Rng::new(seed);
            for _ in 0..count {
                let sample = grammar.generate(&rule, &mut rng)?;
                writeln!(out, "{}\n", sample.text).map_err(stdout())?;
            }
            Ok(())
        }
        Command::Train { out, steps, classifier_steps, seed } => {
            make::make(make::Order { seed, causal_steps: steps, classifier_steps }, &out)
        }
        Command::Figures { models, json } => {
            let figures = figures::measure(&models)?;
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&figures)?).map_err(stdout())?;
            } else {
                figures.iter().try_for_each(|figure| writeln!(out, "{figure}")).map_err(stdout())?;
            }
            figures::judge(&figures)
        }
        Command::Sample { models, seed, count } => {
            for (text, parses) in figures::sampled(&models, count, &mut world::Rng::new(seed))? {
                let verdict = if parses { "parses" } else { "does not parse" };
                writeln!(out, "[{verdict}]\n{text}\n").map_err(stdout())?;
            }
            Ok(())
        }
        Command::Hashes { models } => {
            for (path, hash) in hashes::of(&models)? {
                writeln!(out, "    (\"{path}\", \"{hash}\"),").map_err(stdout())?;
            }
            Ok(())
        }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell where even this cannot be written.
            let _ = writeln!(std::io::stderr(), "telos-train: {error}");
            ExitCode::FAILURE
        }
    }
}
