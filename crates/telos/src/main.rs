//! `telos`, the program: arguments, wiring, messages, exit codes.
//!
//! Invariant: nothing is measured, computed or rendered here; the other crates do, and this is the only one that names all
//! of them.

mod catalogue;
mod choice;
mod cli;
mod command;
mod exit;
mod failure;
mod machine;
mod output;
mod progress;
#[cfg(test)]
mod stored_record;
mod target;
mod world;

use clap::Parser;
use cli::{Cli, Color, Command};
use failure::Failure;
use std::io::IsTerminal;
use std::process::ExitCode;
use world::World;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match act(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(Failure { message, code }) => {
            let label = if colored(cli.talk.color) { "\x1b[1;31merror\x1b[0m" } else { "error" };
            progress::complain(label, &message);
            ExitCode::from(code)
        }
    }
}

/// What cannot be understood as a command line, or help that was asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    let plain = error.render().to_string();
    // What was typed stands in the message; clap's own colours are kept where it is harmless.
    if plain.chars().any(telos_report::hidden) {
        progress::say(plain.trim_end());
    } else {
        // Where nobody listens, there is nobody to tell.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE))
}

fn act(cli: &Cli) -> Result<u8, Failure> {
    let world = World::new(cli.talk.quiet)?;
    match &cli.command {
        Command::Run(what) => command::run::run(&world, cli.talk.quiet, what),
        Command::Init(what) => command::init::init(&world, what),
        Command::Plan(what) => command::plan::plan(&world, what),
        Command::Check(what) => command::check::check(&world, what),
        Command::Goals(what) => command::goals::goals(&world, what),
        Command::Benchmarks(what) => command::benchmarks::benchmarks(&world, what),
        Command::Controllers(what) => command::kinds::controllers(&world, what),
        Command::Models(what) => command::kinds::models(what),
        Command::Probe(what) => command::probe::probe(world.models().as_ref(), what),
        Command::Score(what) => command::score::score(what),
        Command::Compare(what) => command::compare::compare(what),
        Command::Gate(what) => command::gate::gate(&world, what),
        Command::Baseline(what) => command::baseline::baseline(what),
        Command::Report(what) => command::report::report(&world, what),
        Command::Export(what) => command::export::export(what),
        Command::Schema(what) => command::schema::schema(&world, what),
    }
}

fn colored(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal(),
    }
}
