//! Charts as inline SVG. Colours come from the page's style sheet by class, so that they follow light and dark; every chart has a
//! title, and what it shows stands in a table or text beside it as well.

mod line;
mod profile;
mod whisker;

pub use line::{HLine, Mark, h_line};
pub use profile::{Dot, Line, Profile, profile};
pub use whisker::{Whisker, whisker};

/// A coordinate with one digit after the point: enough for a pixel, and short.
fn xy(v: f64) -> String {
    let text = format!("{v:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
