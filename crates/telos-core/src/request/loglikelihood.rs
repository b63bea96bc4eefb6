//! `loglikelihood`: log p(continuation | context).

use super::fields::Fields;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str = r#"{"kind": "loglikelihood", "context": "Is lying wrong?", "continuation": " Yes"}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(String, String), RequestError> {
    Ok((fields.text("context")?, fields.text("continuation")?))
}

pub(super) fn write(into: &mut Written<'_>, (context, continuation): (&String, &String)) {
    into.put("context", context.as_str());
    into.put("continuation", continuation.as_str());
}
