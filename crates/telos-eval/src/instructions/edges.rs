//! `startend:…`: how a response begins and ends.

use super::entry::{Follows, Kwargs};
use super::python::strip;

/// It ends with the phrase, in any case; quotation marks around the whole do not count.
pub(super) fn end_checker(kwargs: &Kwargs<'_>) -> Result<Follows, String> {
    let phrase = strip(kwargs.text("end_phrase")?).to_lowercase();
    Ok(Box::new(move |text| strip(text).trim_matches('"').to_lowercase().ends_with(&phrase)))
}

/// The whole stands between double quotation marks.
#[expect(clippy::unnecessary_wraps, reason = "the table holds functions that may fail")]
pub(super) fn quotation(_: &Kwargs<'_>) -> Result<Follows, String> {
    Ok(Box::new(|text| {
        let text = strip(text);
        text.len() > 1 && text.starts_with('"') && text.ends_with('"')
    }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use serde_json::json;

    #[test]
    fn ends_are_compared() {
        let phrase = json!({"end_phrase": " Is there more? "});
        let cases = [("Yes. IS THERE MORE?\n", true), ("\"Is there more?\"", true), ("Is there more? No.", false)];
        check("startend:end_checker", &phrase, &cases);
        let cases = [("\"a\" ", true), ("\"", false), ("\"\"", true), ("\"a\".", false)];
        check("startend:quotation", &json!({}), &cases);
    }
}
