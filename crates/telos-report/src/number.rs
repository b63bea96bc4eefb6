//! Numbers as people read them.

/// About three significant digits, never more than four after the point.
pub(crate) fn number(v: f64) -> String {
    let size = v.abs();
    match size {
        _ if v.is_nan() => "–".to_owned(),
        _ if v.is_infinite() => if v > 0.0 { "∞" } else { "-∞" }.to_owned(),
        _ if size == 0.0 => "0".to_owned(),
        _ if !(5e-4..1e6).contains(&size) => format!("{v:.1e}"),
        _ if size >= 1000.0 => format!("{v:.0}"),
        _ if size >= 100.0 => format!("{v:.1}"),
        _ if size >= 10.0 => format!("{v:.2}"),
        _ => format!("{v:.3}"),
    }
}

/// With its sign, also where it is positive.
pub(crate) fn signed(v: f64) -> String {
    if v > 0.0 { format!("+{}", number(v)) } else { number(v) }
}

/// A number that may be missing.
pub(crate) fn maybe(v: Option<f64>) -> String {
    v.map_or_else(|| "–".to_owned(), number)
}

/// `low … high`, or a dash.
pub(crate) fn interval(low: Option<f64>, high: Option<f64>) -> String {
    range_text(low, high, number)
}

/// `low … high` of a difference, or a dash.
pub(crate) fn signed_interval(low: Option<f64>, high: Option<f64>) -> String {
    range_text(low, high, signed)
}

fn range_text(low: Option<f64>, high: Option<f64>, write: impl Fn(f64) -> String) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{} … {}", write(low), write(high)),
        _ => "–".to_owned(),
    }
}

/// A p-value: three digits after the point, or that it is below them.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}

/// A whole number with thin groups of three: `5,000`.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 item`, `2 items`: a count with thin groups of three, and its noun.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A number's text with the real minus sign.
pub(crate) fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (v, text) in [
            (0.0, "0"),
            (0.5, "0.500"),
            (-0.0333, "-0.033"),
            (12.345, "12.35"),
            (123.45, "123.5"),
            (12_345.6, "12346"),
            (1.5e7, "1.5e7"),
            (1.234e-5, "1.2e-5"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(v), text);
        }
        assert_eq!(signed(0.25), "+0.250");
        assert_eq!((p_value(0.0002), p_value(0.25)), ("<0.001".into(), "0.250".into()));
        assert_eq!((counted(1, "item"), counted(1_234_567, "item")), ("1 item".into(), "1,234,567 items".into()));
        assert_eq!(interval(Some(0.1), None), "–");
    }
}
