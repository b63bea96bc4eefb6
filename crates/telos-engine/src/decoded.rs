//! The text of ids that grow, decoded a piece at a time.
//!
//! The decoding of all ids at once is what a text is. It is not the pieces of its tokens put together: a character may lie in
//! several tokens, and decoders drop spaces at the beginning or before punctuation. So a few ids before a place at which the
//! text is whole are decoded with the new ones, and what comes after that place is taken from there. Where that decoding does
//! not begin as it did before the new ids came (a byte that makes the bytes before it no text), everything is decoded again.

use crate::text::side::TextSide;
use telos_core::RequestError;

/// Ids that are decoded again before a place, at least, where there are as many: more than decoders look across.
const WINDOW: usize = 8;

/// What stands for a character that is not whole yet, or is none.
const BROKEN: char = '\u{fffd}';

/// A place at which the text is whole: what is appended leaves what comes before it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    ids: usize,
    bytes: usize,
}

const START: Point = Point { ids: 0, bytes: 0 };

/// The text of some ids.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    text: String,
    /// In order; the first is the start.
    points: Vec<Point>,
    /// The decoding of the window before the last point, by itself.
    before: String,
}

impl Decoded {
    /// The text of no ids.
    pub(crate) fn new() -> Self {
        Self { text: String::new(), points: vec![START], before: String::new() }
    }

    /// The text of some ids.
    pub(crate) fn of(side: &TextSide, ids: &[u32]) -> Result<Self, RequestError> {
        let mut decoded = Self::new();
        decoded.grow(side, ids)?;
        Ok(decoded)
    }

    /// The decoding of all ids.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The ids are these now, the earlier ones first among them. Gives how many bytes of the text stayed as they were.
    pub(crate) fn grow(&mut self, side: &TextSide, ids: &[u32]) -> Result<usize, RequestError> {
        let (text, stayed) = self.with(side, ids, ids.len())?;
        if stayed == 0 {
            self.points.truncate(1);
        }
        self.text = text;
        if self.text.len() > stayed && !self.text.ends_with(BROKEN) {
            self.points.push(Point { ids: ids.len(), bytes: self.text.len() });
        }
        self.look_back(side, ids)?;
        Ok(stayed)
    }

    /// The ids are these now, a beginning of the earlier ones.
    pub(crate) fn shrink(&mut self, side: &TextSide, ids: &[u32]) -> Result<(), RequestError> {
        self.points.retain(|point| point.ids <= ids.len());
        self.look_back(side, ids)?;
        self.text = self.with(side, ids, ids.len())?.0;
        Ok(())
    }

    /// The text of other ids, of which the first `kept` are the own ones, and how many bytes it has in common with the own
    /// text for sure.
    pub(crate) fn with(&self, side: &TextSide, ids: &[u32], kept: usize) -> Result<(String, usize), RequestError> {
        let last = self.points.iter().rposition(|point| point.ids <= kept).unwrap_or(0);
        let point = self.points[last];
        if point == START {
            return Ok((side.decode(ids)?, 0));
        }
        let start = self.window(last);
        let of_window;
        let before = if last + 1 == self.points.len() {
            &self.before
        } else {
            of_window = side.decode(&ids[start..point.ids])?;
            &of_window
        };
        match side.decode(&ids[start..])?.strip_prefix(before.as_str()) {
            Some(after) => Ok((format!("{}{after}", &self.text[..point.bytes]), point.bytes)),
            None => Ok((side.decode(ids)?, 0)),
        }
    }

    /// Where the window before a point begins.
    fn window(&self, point: usize) -> usize {
        let end = self.points[point].ids;
        let far = self.points[..point].iter().rfind(|before| before.ids + WINDOW <= end);
        far.map_or(0, |before| before.ids)
    }

    fn look_back(&mut self, side: &TextSide, ids: &[u32]) -> Result<(), RequestError> {
        let last = self.points.len() - 1;
        self.before = side.decode(&ids[self.window(last)..self.points[last].ids])?;
        Ok(())
    }
}

/// Where the first of some strings begins in a text of which the first `known` bytes hold none of them.
pub(crate) fn first_of(strings: &[String], text: &str, known: usize) -> Option<usize> {
    let begins = |string: &String| {
        // One that was not there before reaches into what is new.
        let from = text.floor_char_boundary(known.saturating_sub(string.len()).min(text.len()));
        text[from..].find(string.as_str()).map(|at| from + at)
    };
    strings.iter().filter_map(begins).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use std::path::Path;
    use telos_core::noise::mix;

    /// Ids of every kind: frequent ones, special ones, bytes that are no text by themselves.
    fn any_ids(side: &TextSide, seed: u64, many: usize) -> Vec<u32> {
        let size = side.size() as u64;
        let id = |i: u64| {
            let bits = mix(mix(seed) ^ i);
            let below = if bits.is_multiple_of(3) { size.min(300) } else { size };
            (mix(bits) % below) as u32
        };
        (0..many as u64).map(id).filter(|id| side.token_text(*id).is_some()).collect()
    }

    #[test]
    fn pieces_are_the_whole_for_every_tokenizer() {
        let mut broken = 0;
        for name in ["llama", "qwen2", "bert-cls", "roberta-cls", "llama-reward"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(name);
            let side = TextSide::open(Home::Folder(&folder)).expect("a text side");
            for seed in 0..60 {
                let ids = any_ids(&side, seed, 60);
                let mut decoded = Decoded::of(&side, &ids[..seed as usize % 7]).expect("text");
                let (mut many, mut shrunk) = (seed as usize % 7, 0);
                while many < ids.len() {
                    let before = decoded.text().to_owned();
                    many += 1 + (mix(seed ^ many as u64) % 3) as usize;
                    many = many.min(ids.len());
                    let stayed = decoded.grow(&side, &ids[..many]).expect("text");
                    let whole = side.decode(&ids[..many]).expect("text");
                    assert_eq!(decoded.text(), whole, "{name}, seed {seed}, {many} ids");
                    assert_eq!(before.get(..stayed), whole.get(..stayed), "{name}, seed {seed}");
                    broken += usize::from(whole.ends_with(BROKEN));
                    // What is tried after a beginning of it.
                    let kept = many - (mix(seed ^ many as u64 ^ 9) % 12).min(many as u64) as usize;
                    let tried = [&ids[..kept], &any_ids(&side, seed ^ many as u64, 3)].concat();
                    let (text, same) = decoded.with(&side, &tried, kept).expect("text");
                    assert_eq!(text, side.decode(&tried).expect("text"), "{name}, seed {seed}, {kept} kept");
                    assert_eq!(text.get(..same), decoded.text().get(..same), "{name}, seed {seed}");
                    if shrunk < 5 && mix(seed ^ many as u64 ^ 5).is_multiple_of(4) {
                        shrunk += 1;
                        many -= many.min(9);
                        decoded.shrink(&side, &ids[..many]).expect("text");
                        assert_eq!(decoded.text(), side.decode(&ids[..many]).expect("text"), "{name}, seed {seed}");
                    }
                }
            }
        }
        assert!(broken > 50, "only {broken} texts ended within a character");
    }

    #[test]
    fn a_long_text_is_not_decoded_again() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/llama");
        let side = TextSide::open(Home::Folder(&folder)).expect("a text side");
        let ids = side.encode(&"A promise was kept, and nobody was harmed. ".repeat(40), false).expect("ids");
        let mut decoded = Decoded::new();
        for many in 1..=ids.len() {
            decoded.grow(&side, &ids[..many]).expect("text");
            let last = decoded.points.len() - 1;
            let behind = many - decoded.window(last);
            assert!(behind <= 3 * WINDOW, "{behind} ids are decoded for one more after {many}");
        }
    }

    #[test]
    fn a_string_is_found_where_it_reaches_into_what_is_new() {
        let stop = |strings: &[&str], text: &str, known: usize| {
            first_of(&strings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), text, known)
        };
        assert_eq!(stop(&["END"], "an END", 5), Some(3));
        assert_eq!(stop(&["END", "an E"], "an END", 3), Some(0));
        assert_eq!(stop(&["END"], "an EN", 4), None);
        assert_eq!(stop(&["é!", "!"], "é!", 2), Some(0));
        assert_eq!(stop(&["x"], "", 9), None);
    }
}
