//! Several numbers with intervals on one scale, one line each: a profile of values as dots.

use super::xy;
use crate::visible::escape;
use std::fmt::Write as _;

/// What to draw.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    /// The title, read out in place of the picture.
    pub title: &'a str,
    /// From the top.
    pub lines: &'a [Line],
    /// A place to compare with, such as 0.
    pub reference: Option<f64>,
}

/// A dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// One for each arm, in the order of the legend.
    pub dots: Vec<Dot>,
}

/// One arm's number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dot {
    /// The number.
    pub value: Option<f64>,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
}

const WIDTH: f64 = 640.0;
const LABEL: f64 = 150.0;
const EDGE: f64 = 16.0;
const STEP: f64 = 12.0;
const ROOM: f64 = 12.0;
const AXIS: f64 = 22.0;

/// The picture, 640 wide; an arm's dots have the classes `arm0`, `arm1`, ….
pub fn profile(p: &Profile<'_>) -> String {
    let all = || p.lines.iter().flat_map(|line| &line.dots);
    let ends = all().flat_map(|dot| [dot.value, dot.interval.map(|i| i.0), dot.interval.map(|i| i.1)]);
    let ends = ends.chain([p.reference]).flatten().filter(|v| v.is_finite());
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 0.0) };
    let (low, high) = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
    let x = |v: f64| LABEL + EDGE + (v - low) / (high - low) * (WIDTH - LABEL - 2.0 * EDGE);
    let tall = |line: &Line| line.dots.len().max(1) as f64 * STEP + ROOM;
    let height = p.lines.iter().map(tall).sum::<f64>() + AXIS;
    let mut out = format!(
        "<svg class=\"profile\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\"><title>{}</title>",
        xy(height),
        escape(p.title)
    );
    let bottom = height - AXIS;
    // Writing into a string cannot fail; so below.
    for tick in ticks(low, high) {
        let at = xy(x(tick));
        let _ = write!(out, "<path class=\"grid\" d=\"M{at} 0V{}\"/>", xy(bottom));
        let text = crate::number::number(tick).replace('-', "−");
        let _ = write!(out, "<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{text}</text>", xy(height - 6.0));
    }
    if let Some(reference) = p.reference {
        let _ = write!(out, "<path class=\"reference\" d=\"M{} 0V{}\"/>", xy(x(reference)), xy(bottom));
    }
    let mut top = 0.0;
    for line in p.lines {
        let middle = top + tall(line) / 2.0;
        let _ = write!(out, "<text x=\"0\" y=\"{}\">{}</text>", xy(middle + 4.0), escape(&line.name));
        for (arm, dot) in line.dots.iter().enumerate() {
            let y = xy(top + ROOM / 2.0 + STEP * (arm as f64 + 0.5));
            if let Some((a, b)) = dot.interval.filter(|(a, b)| a.is_finite() && b.is_finite()) {
                let _ = write!(out, "<path class=\"arm{arm}\" d=\"M{} {y}H{}\"/>", xy(x(a)), xy(x(b)));
            }
            if let Some(value) = dot.value.filter(|v| v.is_finite()) {
                let _ = write!(out, "<circle class=\"arm{arm}\" cx=\"{}\" cy=\"{y}\" r=\"4\"/>", xy(x(value)));
            }
        }
        top += tall(line);
    }
    out.push_str("</svg>");
    out
}

/// Round numbers between two ends, four to eight of them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let raw = (high - low) / 5.0;
    let unit = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * unit).into_iter().find(|step| *step >= raw).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    (first..=(high / step).floor() as i64).map(|i| i as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_share_one_scale() {
        let dot = |v: f64| Dot { value: Some(v), interval: Some((v - 0.5, v + 0.5)) };
        let lines = [
            Line { name: "power <b>".into(), dots: vec![dot(-0.5), dot(0.0)] },
            Line { name: "security".into(), dots: vec![dot(0.5), Dot { value: None, interval: None }] },
        ];
        let svg = profile(&Profile { title: "values", lines: &lines, reference: Some(0.0) });
        // From -1 to 1 over 166 … 624.
        assert!(svg.contains("cx=\"280.5\"") && svg.contains("cx=\"395\"") && svg.contains("cx=\"509.5\""), "{svg}");
        assert!(svg.contains("M166 ") && svg.contains("H624"), "{svg}");
        assert!(svg.contains("power &lt;b&gt;") && svg.matches("<circle").count() == 3, "{svg}");
        let empty = profile(&Profile { title: "", lines: &[], reference: None });
        assert!(!empty.contains("NaN") && !empty.contains("inf"), "{empty}");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(-1.0, 1.0), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(ticks(0.0, 7.0), [0.0, 2.0, 4.0, 6.0]);
    }
}
