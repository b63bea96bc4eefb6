//! Trains the two built-in models of Telos on text that it generates itself, and measures the figures of their model cards.
//!
//! Invariant: nothing depends on this program, it reads no data but its own grammar, and it uses no network.

mod error;
mod folder;
mod make;
mod model;
mod optimise;
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
        #[arg(long, default_value_t = 5000)]
        steps: usize,
        /// Steps of the classifier; 0 leaves it out
        #[arg(long, default_value_t = 8000)]
        classifier_steps: usize,
        /// The seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

/// The folder of the models that are committed.
fn builtin() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../telos-engine/builtin")
}

fn run(command: Command, out: &mut impl std::io::Write) -> Result<(), TrainError> {
    match command {
        Command::World { seed, count, rule } => {
            let grammar = world::world()?;
            let mut rng = world::Rng::new(seed);
            for _ in 0..count {
                let sample = grammar.generate(&rule, &mut rng)?;
                writeln!(out, "{}\n", sample.text).map_err(TrainError::at(Path::new("standard output")))?;
            }
            Ok(())
        }
        Command::Train { out, steps, classifier_steps, seed } => {
            make::make(make::Order { seed, causal_steps: steps, classifier_steps }, &out)
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
