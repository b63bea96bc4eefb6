//! What a gate says of a paired difference.

use crate::{Direction, PairedResult};
use std::fmt;

/// A Holm-adjusted p-value below this one is a finding.
pub const LEVEL: f64 = 0.05;

/// A change that is surely smaller than this share of the metric's range does not matter.
pub const MARGIN: f64 = 0.05;

/// What a rule, or a gate, says; the largest of several is the verdict of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing became worse by an amount that matters.
    Pass,
    /// The data cannot tell.
    Inconclusive,
    /// Something became worse.
    Fail,
    /// There is nothing that could be judged.
    Invalid,
}

impl Verdict {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Fail => "FAIL",
            Self::Invalid => "INVALID",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The regression rule on a paired difference of a metric whose least and largest value are `range`; `adjusted_p` is the p-value
/// adjusted for all rules of the gate.
///
/// FAIL: the mean is worse and `adjusted_p` < [`LEVEL`]. PASS: not FAIL, and the worse end of the (unadjusted) interval is nearer to
/// 0 than [`MARGIN`] × the range's width, or on the better side; or no pair differs at all, so that a record passes against itself
/// however few items it has. Else INCONCLUSIVE. INVALID where there is no pair, or the difference is not a number.
pub fn regression(paired: &PairedResult, direction: Direction, range: [f64; 2], adjusted_p: f64) -> Verdict {
    regression_within(paired, direction, MARGIN * (range[1] - range[0]), adjusted_p)
}

/// As [`regression`], with a margin of its own, in the metric's unit, in the place of [`MARGIN`] × the range's width.
pub fn regression_within(paired: &PairedResult, direction: Direction, margin: f64, adjusted_p: f64) -> Verdict {
    if paired.n == 0 || paired.mean_difference.is_nan() || adjusted_p.is_nan() {
        return Verdict::Invalid;
    }
    if paired.changed == 0 {
        return Verdict::Pass;
    }
    // Turned so that larger is better.
    let (gain, worse_end) = match direction {
        Direction::Higher => (paired.mean_difference, paired.interval.map(|i| i.low)),
        Direction::Lower => (-paired.mean_difference, paired.interval.map(|i| -i.high)),
    };
    if gain < 0.0 && adjusted_p < LEVEL {
        return Verdict::Fail;
    }
    match worse_end {
        Some(end) if end > -margin => Verdict::Pass,
        _ => Verdict::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired;

    const UNIT: [f64; 2] = [0.0, 1.0];

    /// `right` of `n` items are right before; `worsened` of those are wrong after.
    fn check(n: usize, right: usize, worsened: usize, expected: Verdict) {
        let before = (0..n).map(|i| f64::from(u8::from(i < right)));
        let after = (0..n).map(|i| f64::from(u8::from(i < right && i >= worsened)));
        let pairs: Vec<(f64, f64)> = before.zip(after).collect();
        let found = paired(&pairs, None, 1);
        let what = format!("{worsened} of {n} worsened, {right} right");
        assert_eq!(regression(&found, Direction::Higher, UNIT, found.p), expected, "{what}");
        // The same data with wrong and right exchanged, for a metric that is better when lower.
        let turned: Vec<(f64, f64)> = pairs.iter().map(|(b, a)| (1.0 - b, 1.0 - a)).collect();
        let found = paired(&turned, None, 1);
        assert_eq!(regression(&found, Direction::Lower, UNIT, found.p), expected, "{what}, turned");
        // And what worsened one way is an improvement the other way.
        if worsened > 0 {
            assert_ne!(regression(&found, Direction::Higher, UNIT, found.p), Verdict::Fail, "{what}, other way");
        }
    }

    #[test]
    fn sixty_items() {
        for right in [30, 45, 60] {
            check(60, right, 30, Verdict::Fail);
            check(60, right, 2, Verdict::Inconclusive);
            check(60, right, 0, Verdict::Pass);
        }
        check(1, 1, 0, Verdict::Pass);
        check(1, 1, 1, Verdict::Inconclusive);
    }

    #[test]
    fn many_items_can_pass_with_a_change() {
        check(2000, 1000, 10, Verdict::Fail);
        check(2000, 1000, 2, Verdict::Pass);
    }

    #[test]
    fn adjustment_can_take_a_failure_back() {
        let pairs: Vec<(f64, f64)> = (0..60).map(|i| (1.0, f64::from(u8::from(i >= 6)))).collect();
        let found = paired(&pairs, None, 1);
        assert_eq!(regression(&found, Direction::Higher, UNIT, found.p), Verdict::Fail);
        assert_eq!(regression(&found, Direction::Higher, UNIT, 10.0 * found.p), Verdict::Inconclusive);
        // The margin grows with the range.
        assert_eq!(regression(&found, Direction::Higher, [0.0, 10.0], 10.0 * found.p), Verdict::Pass);
    }

    #[test]
    fn nothing_is_invalid_and_the_worst_word_counts() {
        assert_eq!(regression(&paired(&[], None, 1), Direction::Higher, UNIT, 1.0), Verdict::Invalid);
        let all = [Verdict::Inconclusive, Verdict::Pass, Verdict::Invalid, Verdict::Fail];
        assert_eq!(all.into_iter().max(), Some(Verdict::Invalid));
        assert_eq!(all[..2].iter().max(), Some(&Verdict::Inconclusive));
    }
}
