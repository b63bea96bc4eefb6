//! A number and its interval on a scale.

use super::xy;
use crate::visible::escape;
use std::fmt::Write as _;

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub struct Whisker<'a> {
    /// The ends of the scale; a scale without width is widened.
    pub scale: [f64; 2],
    /// The dot; none draws an empty scale.
    pub value: Option<f64>,
    /// The ends of the line.
    pub interval: Option<(f64, f64)>,
    /// A tick to compare with, such as 0 or the free arm's value.
    pub reference: Option<f64>,
    /// The title, read out in place of the picture.
    pub title: &'a str,
    /// A class for the colour: `value`, `better`, `worse` or `even`.
    pub class: &'a str,
}

const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 20.0;
const EDGE: f64 = 6.0;

/// The picture, 150 by 20.
pub fn whisker(w: &Whisker<'_>) -> String {
    let [low, high] = w.scale;
    let span = if high > low { high - low } else { 1.0 };
    let x = |v: f64| EDGE + ((v - low) / span).clamp(0.0, 1.0) * (WIDTH - 2.0 * EDGE);
    let middle = HEIGHT / 2.0;
    let mut out = format!(
        "<svg class=\"whisker {}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\"><title>{}</title>",
        escape(w.class),
        escape(w.title)
    );
    // Writing into a string cannot fail; so below.
    let _ = write!(out, "<path class=\"scale\" d=\"M{EDGE} {middle}H{}\"/>", xy(WIDTH - EDGE));
    if let Some(reference) = w.reference {
        let _ = write!(out, "<path class=\"reference\" d=\"M{} 2V{}\"/>", xy(x(reference)), xy(HEIGHT - 2.0));
    }
    if let Some((a, b)) = w.interval.filter(|(a, b)| a.is_finite() && b.is_finite()) {
        let (a, b) = (xy(x(a)), xy(x(b)));
        let (top, bottom) = (xy(middle - 4.0), xy(middle + 4.0));
        let _ = write!(out, "<path class=\"interval\" d=\"M{a} {middle}H{b}M{a} {top}V{bottom}M{b} {top}V{bottom}\"/>");
    }
    if let Some(value) = w.value.filter(|v| v.is_finite()) {
        let _ = write!(out, "<circle class=\"dot\" cx=\"{}\" cy=\"{middle}\" r=\"3.5\"/>", xy(x(value)));
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_on_the_scale() {
        let w = Whisker {
            scale: [0.0, 1.0],
            value: Some(0.5),
            interval: Some((0.25, 2.0)),
            reference: None,
            title: "a <b>",
            class: "value",
        };
        let svg = whisker(&w);
        assert!(svg.contains("cx=\"75\""), "{svg}");
        assert!(svg.contains("M40.5 10H144M"), "{svg}");
        assert!(svg.contains("<title>a &lt;b&gt;</title>"), "{svg}");
        let bare = whisker(&Whisker { value: None, interval: None, scale: [1.0, 1.0], ..w });
        assert!(!bare.contains("circle") && !bare.contains("NaN"), "{bare}");
    }
}
