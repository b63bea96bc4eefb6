//! What is wrong with a file, where, and how to mend it.

use std::fmt;
use std::path::PathBuf;

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file; `--set KEY` or `--limit` where the command line is to blame; `builtin:…` for a file that is compiled in.
    pub file: PathBuf,
    /// The line, from 1; 0 where there is no place in a file.
    pub line: usize,
    /// The column in characters, from 1; 0 where there is no place in a file.
    pub column: usize,
    /// The place in the document, such as `controllers[1].controller.alpha`.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// How to mend it, such as the name that was probably meant.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: message`, and the hint on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Mistakes that are printed one by one at most.
const LISTED: usize = 50;

/// Characters of one mistake that are printed at most; names that a file gives may be of any length.
const LONGEST: usize = 1000;

/// The lines of a list of mistakes: the first fifty, and how many more there are.
pub fn listing(diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut lines: Vec<String> = diagnostics.iter().take(LISTED).map(|found| cut(&found.to_string())).collect();
    if diagnostics.len() > LISTED {
        lines.push(format!("… and {} more mistakes", diagnostics.len() - LISTED));
    }
    lines
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text.to_owned(),
    }
}

/// Puts diagnostics in the order of files and places, each once.
pub(crate) fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}
