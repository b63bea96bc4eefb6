//! Finds the goals and benchmarks that are compiled into the program, so that a new one needs its folder and no line here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders of the repository that hold them.
const GOALS: &str = "goals";
const BENCHMARKS: &str = "benchmarks";

fn main() -> io::Result<()> {
    let root =
        Path::new(&env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?).join("../..").canonicalize()?;
    let mut files: Vec<PathBuf> = sorted(&root.join(GOALS))?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    for folder in sorted(&root.join(BENCHMARKS))? {
        if folder.join("benchmark.yaml").is_file() {
            // A file that is added to a benchmark's folder changes the folder alone.
            println!("cargo::rerun-if-changed={}", folder.display());
            files.extend(sorted(&folder)?.into_iter().filter(|path| path.is_file()));
        }
    }
    let mut table = "&[\n".to_owned();
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let path =
            file.strip_prefix(&root).map_err(io::Error::other)?.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        let (path, file) = (path.replace('\\', "/"), file.to_string_lossy());
        writeln!(table, "    EmbeddedFile {{ path: {path:?}, content: include_str!({file:?}) }},")
            .map_err(io::Error::other)?;
    }
    table.push(']');
    for folder in [GOALS, BENCHMARKS] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(out.join("builtin.rs"), table)
}

/// What a folder holds, hidden things left out, in order of name on every machine.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    paths.sort();
    Ok(paths)
}
