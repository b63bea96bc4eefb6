//! Why a template cannot be used.

use minijinja::ErrorKind;

/// The reason. The message reads after "the template cannot be rendered: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is no template of the language, or names a filter or function that there is not.
    #[error("{message}{}", at(*.line))]
    Syntax {
        /// What is wrong.
        message: String,
        /// The line of the template, from 1.
        line: Option<usize>,
    },
    /// It asks for more than a template may.
    #[error("{message}{}", at(*.line))]
    Limit {
        /// Which limit, and what it is.
        message: String,
        /// The line of the template, from 1.
        line: Option<usize>,
    },
    /// A name has no value.
    #[error("{message}{}", at(*.line))]
    Undefined {
        /// Which, as far as it is known.
        message: String,
        /// The line of the template, from 1.
        line: Option<usize>,
    },
    /// It gave up while it was rendered: its own `raise_exception`, or values that do not fit.
    #[error("{message}{}", at(*.line))]
    Failed {
        /// Why.
        message: String,
        /// The line of the template, from 1.
        line: Option<usize>,
    },
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line} of the template)")).unwrap_or_default()
}

impl TemplateError {
    /// The line of the template, from 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Syntax { line, .. }
            | Self::Limit { line, .. }
            | Self::Undefined { line, .. }
            | Self::Failed { line, .. } => *line,
        }
    }

    /// The reason without its line.
    pub fn message(&self) -> &str {
        match self {
            Self::Syntax { message, .. }
            | Self::Limit { message, .. }
            | Self::Undefined { message, .. }
            | Self::Failed { message, .. } => message,
        }
    }
}

/// A template may refuse with a text of any length.
fn cut(text: &str) -> String {
    const SHOWN: usize = 300;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        let line = error.line();
        let detail = error.detail().map(cut);
        let message = match &detail {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        match error.kind() {
            ErrorKind::OutOfFuel => {
                let steps = "it takes more steps, or writes more, than a template may (about a second, or 128 MB)";
                Self::Limit { message: detail.unwrap_or_else(|| steps.to_owned()), line }
            }
            ErrorKind::SyntaxError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownMethod => Self::Syntax { message, line },
            ErrorKind::UndefinedError => Self::Undefined { message, line },
            ErrorKind::InvalidOperation => Self::Failed { message: detail.unwrap_or(message), line },
            _ => Self::Failed { message, line },
        }
    }
}
