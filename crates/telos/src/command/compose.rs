//! The suite that `telos run` runs: a file's, or the one that benchmarks and a model stand for.

use crate::cli::Run;
use crate::failure::Failure;
use crate::output::write_text;
use crate::progress::say;
use crate::world::{World, mistakes};
use std::path::{Path, PathBuf};
use telos_spec::suite::Suite;
use telos_spec::{Composition, file_kind};

/// Reads the suite, or makes one.
pub(crate) fn suite_of(world: &World, quiet: bool, what: &Run) -> Result<Suite, Failure> {
    let suite = what.what.iter().find(|path| file_kind(path) == Some("suite"));
    match (&what.model, suite, what.what.as_slice()) {
        (Some(_), Some(suite), _) => Err(Failure::usage(format!(
            "{} is a suite, which names its models itself: leave out `--model`, or change one with `--set models.ID.model=…`",
            suite.display()
        ))),
        (None, Some(suite), [_, _, ..]) => Err(Failure::usage(format!(
            "{} is a suite, and a suite runs alone: run the others by themselves, or name them under its `benchmarks`",
            suite.display()
        ))),
        (None, _, [one]) if could_be_suite(one) => world.suite(one, &what.sets, what.limit),
        (None, ..) => Err(Failure::usage(format!(
            "expected one suite file, or benchmarks and a model: `telos run {} --model MODEL`",
            what.what.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
        ))),
        (Some(model), None, benchmarks) => compose(world, quiet, what, (benchmarks, model)),
    }
}

/// Whether what is wrong with a path, if anything, is best said of it as a suite.
fn could_be_suite(path: &Path) -> bool {
    let file = path.is_file() && !matches!(file_kind(path), Some("benchmark" | "goal"));
    file || !path.exists() && path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

fn compose(world: &World, quiet: bool, what: &Run, (benchmarks, model): (&[PathBuf], &str)) -> Result<Suite, Failure> {
    let composition = Composition {
        benchmarks,
        model,
        controllers: &what.controllers,
        registry: &what.registry,
        limit: what.limit,
        file: what.write_suite.as_deref(),
    };
    let around = world.surroundings();
    let composed = composition.compose(&around).map_err(|found| mistakes(&found))?;
    // Its paths begin in this folder, so that it must be there before they are looked for.
    if let Some(folder) = what.write_suite.as_deref().and_then(Path::parent) {
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::usage(format!("failed to create the folder {}: {e}", folder.display())))?;
    }
    // A suite with mistakes is not worth a file.
    let suite = composed.load(&what.sets, &around).map_err(|found| mistakes(&found))?;
    if let Some(file) = &what.write_suite {
        save(file, &composed.text)?;
        if !quiet {
            let sets = what.sets.iter().map(|set| format!(" --set '{set}'")).collect::<Vec<_>>().concat();
            say(&format!("the suite is {}; `telos run {}{sets}` runs it again", file.display(), file.display()));
        }
    }
    Ok(suite)
}

/// Writes the suite; a file that holds something else is left alone.
fn save(file: &Path, text: &str) -> Result<(), Failure> {
    if file.exists() {
        let same = std::fs::read_to_string(file).is_ok_and(|there| there == text);
        return if same {
            Ok(())
        } else {
            Err(Failure::usage(format!(
                "failed to write the suite {}: there is a file already; remove it, or name another with `--write-suite`",
                file.display()
            )))
        };
    }
    write_text(file, text)
}
