//! h over the tokens of a text: the controlled text's line, its thresholds, its interventions, and the free text's line behind it.

use super::xy;
use crate::number::number;
use crate::visible::escape;
use std::fmt::Write as _;

/// A step at which the controller acted.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The step, from 0.
    pub step: usize,
    /// h at the mark.
    pub h: f64,
    /// What happened, in words.
    pub title: String,
    /// Whether it was a fallback, not a replaced token.
    pub fallback: bool,
}

/// What to draw. Lines begin with h of the prompt, then have a value after each token.
#[derive(Debug, Clone)]
pub struct HLine<'a> {
    /// What the picture is of.
    pub title: &'a str,
    /// The free arm's line.
    pub free: Option<&'a [f64]>,
    /// The controlled arm's line.
    pub controlled: &'a [f64],
    /// The threshold at each step of the controlled text.
    pub threshold: &'a [f64],
    /// Where the controller acted.
    pub marks: &'a [Mark],
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 30.0;

/// The picture, 720 by 190.
pub fn h_line(chart: &HLine<'_>) -> String {
    let free = chart.free.unwrap_or_default();
    let all = || free.iter().chain(chart.controlled).chain(chart.threshold).copied().filter(|v| v.is_finite());
    // The line of h = 0 is always in the picture.
    let (low, high) = all().fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    let room = ((high - low) * 0.08).max(0.02);
    let (low, high) = (low - room, high + room);
    let tokens = free.len().max(chart.controlled.len()).saturating_sub(1).max(1);
    let x = |i: f64| LEFT + i / tokens as f64 * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| TOP + (high - v) / (high - low) * (HEIGHT - TOP - BOTTOM);

    let mut out = format!(
        "<svg class=\"hline\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{}</title><desc>{}</desc>",
        escape(chart.title),
        escape(&description(chart)),
    );
    for tick in ticks(low, high) {
        let place = xy(y(tick));
        let class = if tick == 0.0 { "zero" } else { "grid" };
        // Writing into a string cannot fail; so below.
        let _ = write!(out, "<path class=\"{class}\" d=\"M{LEFT} {place}H{}\"/>", xy(WIDTH - RIGHT));
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            xy(LEFT - 6.0),
            xy(y(tick) + 4.0),
            tick_text(tick)
        );
    }
    let base = HEIGHT - BOTTOM;
    let every = token_step(tokens);
    for i in (0..=tokens).step_by(every) {
        let place = xy(x(i as f64));
        let _ = write!(out, "<path class=\"grid\" d=\"M{place} {}V{}\"/>", xy(base), xy(base + 4.0));
        let _ = write!(out, "<text x=\"{place}\" y=\"{}\" text-anchor=\"middle\">{i}</text>", xy(base + 17.0));
    }
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" class=\"axis\">tokens</text>",
        xy(WIDTH - RIGHT),
        xy(HEIGHT - 1.0)
    );
    let line = |values: &[f64]| {
        let points = values.iter().enumerate().filter(|(_, v)| v.is_finite());
        points.map(|(i, v)| format!("{},{}", xy(x(i as f64)), xy(y(*v)))).collect::<Vec<_>>().join(" ")
    };
    if !free.is_empty() {
        let _ = write!(out, "<polyline class=\"free\" points=\"{}\"/>", line(free));
    }
    // The threshold of step i is what h after token i + 1 is held against: a stair.
    let mut stair = String::new();
    for (i, v) in chart.threshold.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let _ = write!(stair, "M{} {}H{}", xy(x(i as f64)), xy(y(*v)), xy(x(i as f64 + 1.0)));
    }
    if !stair.is_empty() {
        let _ = write!(out, "<path class=\"threshold\" d=\"{stair}\"/>");
    }
    if !chart.controlled.is_empty() {
        let _ = write!(out, "<polyline class=\"controlled\" points=\"{}\"/>", line(chart.controlled));
    }
    for mark in chart.marks.iter().filter(|mark| mark.h.is_finite()) {
        let (cx, cy) = (x(mark.step as f64 + 1.0), y(mark.h));
        let class = if mark.fallback { "mark fallback" } else { "mark" };
        // A diamond: told apart from the line by its shape, not by its colour alone.
        let d = format!("M{} {}l5 5l-5 5l-5 -5z", xy(cx), xy(cy - 5.0));
        let _ = write!(out, "<path class=\"{class}\" d=\"{d}\"><title>{}</title></path>", escape(&mark.title));
    }
    out.push_str("</svg>");
    out
}

fn description(chart: &HLine<'_>) -> String {
    let ends = |values: &[f64]| match (values.first(), values.last()) {
        (Some(first), Some(last)) => {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            format!("from {} to {}, least {}", number(*first), number(*last), number(least))
        }
        _ => "not known".to_owned(),
    };
    let mut parts = Vec::new();
    if !chart.controlled.is_empty() {
        let acted = crate::number::counted(chart.marks.len(), "intervention");
        parts.push(format!("Controlled: h {}, {acted}.", ends(chart.controlled)));
    }
    if let Some(free) = chart.free {
        parts.push(format!("Free: h {}.", ends(free)));
    }
    parts.join(" ")
}

/// Round values within the range, 0 among them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 4.0;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * magnitude).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

fn tick_text(v: f64) -> String {
    let text = format!("{v:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    short.replace('-', "−")
}

fn token_step(tokens: usize) -> usize {
    [1, 2, 5, 10, 20, 50, 100, 200, 500].into_iter().find(|step| tokens / step <= 12).unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_marks_and_words_are_there() {
        let marks = [Mark { step: 1, h: 0.3, title: "step 1 <script>".into(), fallback: false }];
        let chart = HLine {
            title: "item 1",
            free: Some(&[0.2, 0.1, -0.4]),
            controlled: &[0.2, 0.1, 0.3],
            threshold: &[0.14, 0.07],
            marks: &marks,
        };
        let svg = h_line(&chart);
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains("class=\"zero\"") && svg.contains("step 1 &lt;script&gt;"), "{svg}");
        assert!(
            svg.contains(
                "Controlled: h from 0.200 to 0.300, least 0.100, 1 intervention. Free: h from 0.200 to -0.400"
            )
        );
        let empty = h_line(&HLine { free: None, controlled: &[f64::NAN], threshold: &[], marks: &[], ..chart });
        assert!(!empty.contains("NaN"), "{empty}");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(-0.45, 0.35), vec![-0.4, -0.2, 0.0, 0.2]);
        assert_eq!(tick_text(-0.4), "−0.4");
        assert_eq!(token_step(30), 5);
    }
}
