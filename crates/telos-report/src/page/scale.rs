//! What a metric's values lie on: the range that is drawn, and which way is better.

use crate::summary::MetricRow;
use telos_core::metric::Direction;

/// Which way is better, in words.
pub(super) fn better(direction: Direction) -> &'static str {
    match direction {
        Direction::Higher => "higher is better",
        Direction::Lower => "lower is better",
        Direction::None => "it describes; neither way is better",
    }
}

/// The metric's range where all of it is finite, else what the intervals span, with a little room.
pub(super) fn scale(rows: &[&MetricRow]) -> [f64; 2] {
    if let Some(range) = rows[0].range.filter(|r| r[0].is_finite() && r[1].is_finite()) {
        return range;
    }
    let all = rows.iter().flat_map(|row| [row.low, row.mean, row.high]).flatten().filter(|v| v.is_finite());
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return [0.0, 1.0];
    }
    let room = if high > low { (high - low) * 0.1 } else { low.abs().max(1.0) * 0.1 };
    [low - room, high + room]
}
