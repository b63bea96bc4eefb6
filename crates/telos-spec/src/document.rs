//! A YAML file as a JSON value, with the places of its keys and values.
//!
//! `serde_yaml` reads the values; a second pass with an event parser finds the places. JSON is enough: what it cannot hold
//! (tags, infinities, keys that are no strings) has no meaning in our files.

use crate::diagnostic::Diagnostic;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::de::{self, Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use telos_core::shape::finding::{At, Finding};
use telos_core::shape::trail::{Step, show};

/// A parsed file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// Its name in diagnostics.
    pub(crate) file: PathBuf,
    /// Its content; of equal keys the first counts.
    pub(crate) value: Value,
    root: Node,
}

/// A value as YAML, a line break at its end.
pub fn to_yaml(value: &Value) -> String {
    // Whatever JSON holds, YAML can.
    serde_yaml::to_string(value).unwrap_or_default()
}

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

const START: Place = Place { line: 1, column: 1 };

#[derive(Debug, Clone, PartialEq)]
struct Node {
    place: Place,
    content: Content,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Map(Entries),
    List(Vec<Node>),
    /// A scalar, and whether it is plain or in single quotes, where a backslash is a backslash.
    Scalar {
        raw: bool,
    },
    Alias,
}

/// The entries of a map in the file's order, found by key without going through them: a file may have very many.
#[derive(Debug, Clone, Default, PartialEq)]
struct Entries {
    list: Vec<(Place, Node)>,
    by_key: HashMap<String, usize>,
}

impl Entries {
    fn get(&self, key: &str) -> Option<&(Place, Node)> {
        self.by_key.get(key).and_then(|at| self.list.get(*at))
    }

    fn insert(&mut self, key: String, place: Place, node: Node) {
        self.by_key.insert(key, self.list.len());
        self.list.push((place, node));
    }
}

/// How deep lists and objects may lie within each other. It is `serde_yaml`'s own limit, looked for before it parses: its
/// scanner takes time in the square of the depth, minutes for a hundred thousand brackets.
const DEPTH: usize = 128;

impl Document {
    /// Reads YAML. One byte order mark at the beginning is passed over. Mistakes that leave the values readable come beside the document.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<(Self, Vec<Diagnostic>), Diagnostic> {
        let diagnostic = |place: Place, message: String| Diagnostic {
            file: file.to_path_buf(),
            line: place.line,
            column: place.column,
            path: String::new(),
            message,
            hint: None,
        };
        let text = text.strip_prefix(MARK).unwrap_or(text);
        if text.starts_with(MARK) {
            let message = "a second byte order mark (U+FEFF) stands here; one is passed over, delete the rest";
            return Err(diagnostic(START, message.to_owned()));
        }
        if let Some((place, message)) = scan(text) {
            return Err(diagnostic(place, message));
        }
        let value = serde_yaml::from_str::<Lenient>(text).map_err(|error| {
            let place = error.location().map_or(START, |l| Place { line: l.line(), column: l.column() });
            // The place stands in front of the message already.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            diagnostic(place, format!("this is not YAML as expected: {message}"))
        })?;
        let mut duplicates = Vec::new();
        let root = nodes(text, &mut duplicates);
        let found = duplicates.into_iter().map(|(key, place, first)| Diagnostic {
            hint: Some(format!("the first one stands in line {}", first.line)),
            ..diagnostic(place, format!("the key `{key}` stands here a second time"))
        });
        let found = found.collect();
        Ok((Self { file: file.to_path_buf(), value: value.0, root }, found))
    }

    /// Whether the file itself holds something at the end of the trail.
    pub(crate) fn has(&self, trail: &[Step]) -> bool {
        self.lookup(trail).is_some()
    }

    /// Whether the scalar there is plain or in single quotes.
    pub(crate) fn is_raw_scalar(&self, trail: &[Step]) -> bool {
        self.lookup(trail).is_some_and(|(_, node)| node.content == Content::Scalar { raw: true })
    }

    /// A finding with its place: that of the nearest part which is in the file.
    pub(crate) fn place(&self, finding: Finding) -> Diagnostic {
        let mut trail = finding.trail.as_slice();
        let mut at = finding.at;
        let place = loop {
            if let Some((key, node)) = self.lookup(trail) {
                break if at == At::Key { key } else { node.place };
            }
            trail = &trail[..trail.len() - 1];
            at = At::Key;
        };
        Diagnostic {
            file: self.file.clone(),
            line: place.line,
            column: place.column,
            path: show(&finding.trail),
            message: finding.message,
            hint: finding.hint,
        }
    }

    /// The place of the key that leads to a node (its own where none does), and the node.
    fn lookup(&self, trail: &[Step]) -> Option<(Place, &Node)> {
        trail.iter().try_fold((self.root.place, &self.root), |(_, node), step| match (step, &node.content) {
            (Step::Key(key), Content::Map(entries)) => entries.get(key).map(|(place, node)| (*place, node)),
            (Step::Index(index), Content::List(list)) => list.get(*index).map(|node| (node.place, node)),
            _ => None,
        })
    }
}

/// A byte order mark, which some editors put at the beginning of a file.
const MARK: char = '\u{feff}';

/// What must be found before `serde_yaml` reads the text: that it goes deeper than [`DEPTH`], or a whole number beyond 64
/// bits, which would come out as the nearest float.
fn scan(text: &str) -> Option<(Place, String)> {
    let mut events = Parser::new_from_str(text);
    let mut depth = 0_usize;
    let deep = |place: Place| Some((place, format!("lists and objects lie more than {DEPTH} deep in each other here")));
    while let Some(next) = events.next_event() {
        let (event, span) = match next {
            Ok(next) => next,
            // The scanner looks ahead, and counts brackets to 255.
            Err(error) if error.info().contains("recursion limit") => {
                return deep(Place { line: error.marker().line(), column: error.marker().col() + 1 });
            }
            // `serde_yaml` says it better.
            Err(_) => return None,
        };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::Scalar(text, ScalarStyle::Plain, ..) if is_oversized(&text) => {
                let shown: String = text.chars().take(40).collect();
                let message = format!("the whole number {shown} does not fit 64 bits; write it in quotes");
                return Some((place(span), message));
            }
            _ => {}
        }
        if depth > DEPTH {
            return deep(place(span));
        }
    }
    None
}

/// Whether a plain scalar is a whole number that neither a signed nor an unsigned integer of 64 bits holds.
fn is_oversized(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.len() > 18
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<i64>().is_err()
        && text.parse::<u64>().is_err()
}

type Duplicates = Vec<(String, Place, Place)>;

/// The tree of places. Where the event parser gives up on something that `serde_yaml` reads, the tree ends there.
fn nodes(text: &str, duplicates: &mut Duplicates) -> Node {
    let mut events = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = events.next_event() {
        if !matches!(event, Event::StreamStart | Event::DocumentStart(_)) {
            return node(&event, span, &mut events, duplicates)
                .unwrap_or(Node { place: START, content: Content::Alias });
        }
    }
    Node { place: START, content: Content::Alias }
}

fn place(span: Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

fn node<'a, T: saphyr_parser::Input>(
    event: &Event<'a>,
    span: Span,
    events: &mut Parser<'a, T>,
    duplicates: &mut Duplicates,
) -> Option<Node> {
    let content = match event {
        Event::Scalar(_, style, ..) => {
            Content::Scalar { raw: matches!(style, ScalarStyle::Plain | ScalarStyle::SingleQuoted) }
        }
        Event::SequenceStart(..) => {
            let mut list = Vec::new();
            loop {
                match events.next_event()?.ok()? {
                    (Event::SequenceEnd, _) => break,
                    (event, span) => list.push(node(&event, span, events, duplicates)?),
                }
            }
            Content::List(list)
        }
        Event::MappingStart(..) => {
            let mut entries = Entries::default();
            loop {
                let (key_event, key_span) = events.next_event()?.ok()?;
                let key = match &key_event {
                    Event::MappingEnd => break,
                    Event::Scalar(text, ..) => text.to_string(),
                    _ => {
                        node(&key_event, key_span, events, duplicates)?;
                        String::new()
                    }
                };
                let (event, span) = events.next_event()?.ok()?;
                let mut value = node(&event, span, events, duplicates)?;
                // A value that is not there has the place of its key.
                if matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty() || span.is_empty()) {
                    value.place = place(key_span);
                }
                if let Some((first, _)) = entries.get(&key) {
                    duplicates.push((key, place(key_span), *first));
                } else {
                    entries.insert(key, place(key_span), value);
                }
            }
            Content::Map(entries)
        }
        _ => Content::Alias,
    };
    // A block mapping begins where its first key does.
    let place = match &content {
        Content::Map(entries) if span.is_empty() => entries.list.first().map_or(place(span), |(key, _)| *key),
        _ => place(span),
    };
    Some(Node { place, content })
}

/// A value of YAML as JSON. `serde_yaml`'s own value refuses duplicate keys at the first one; here they are found later, all
/// of them, with their places.
pub(crate) struct Lenient(pub(crate) Value);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor).map(Self)
    }
}

struct LenientVisitor;

impl<'de> Visitor<'de> for LenientVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, true, false, a list or an object")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    /// Of an empty document.
    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Lenient(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(Lenient(key)) = access.next_key()? {
            let Lenient(value) = access.next_value()?;
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            map.entry(key).or_insert(value);
        }
        Ok(Value::Object(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(de::Error::custom("a tag such as `!name` has no meaning here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telos_core::shape::trail::to_key;

    fn place_of(yaml: &str, trail: &[Step], at: At) -> (usize, usize) {
        let (document, found) = Document::parse(Path::new("x.yaml"), yaml).expect("good YAML");
        assert_eq!(found, []);
        let placed = document.place(Finding { trail: trail.to_vec(), at, message: String::new(), hint: None });
        (placed.line, placed.column)
    }

    #[test]
    fn keys_and_values_have_places() {
        let yaml = "a: 1\nb:\n  - {c: x, d: [1, 2]}\n  - e: |\n      text\n    f: \"ä\"\n";
        let b = to_key(&[], "b");
        let item = |i: usize, key: &str| [b.clone(), vec![Step::Index(i), Step::Key(key.into())]].concat();
        for (trail, at, expected) in [
            (vec![], At::Value, (1, 1)),
            (to_key(&[], "a"), At::Key, (1, 1)),
            (to_key(&[], "a"), At::Value, (1, 4)),
            (b.clone(), At::Key, (2, 1)),
            (item(0, "c"), At::Key, (3, 6)),
            (item(0, "d"), At::Value, (3, 15)),
            ([b.clone(), vec![Step::Index(1)]].concat(), At::Value, (4, 5)),
            (item(1, "f"), At::Value, (6, 8)),
            // A block begins with its text.
            (item(1, "e"), At::Value, (5, 7)),
            (item(1, "absent"), At::Value, (4, 5)),
        ] {
            assert_eq!(place_of(yaml, &trail, at), expected, "{trail:?} {at:?}");
        }
    }

    #[test]
    fn anchors_and_empty_values_have_places() {
        let yaml = "a: &x {b: 1}\nc: *x\nd:\n  e:\n";
        let (document, _) = Document::parse(Path::new("x.yaml"), yaml).expect("good YAML");
        assert_eq!(document.value, serde_json::json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"e": null}}));
        assert_eq!(place_of(yaml, &to_key(&to_key(&[], "c"), "b"), At::Key), (2, 1));
        assert_eq!(place_of(yaml, &to_key(&to_key(&[], "d"), "e"), At::Value), (4, 3));
    }

    #[test]
    fn duplicates_are_found_with_their_places_and_the_first_counts() {
        let (document, found) =
            Document::parse(Path::new("x.yaml"), "a: 1\nb: {c: 1, c: 2}\na: 2\n").expect("readable");
        assert_eq!(document.value, serde_json::json!({"a": 1, "b": {"c": 1}}));
        let places: Vec<_> = found.iter().map(|d| (d.line, d.column)).collect();
        assert_eq!(places, [(2, 11), (3, 1)]);
    }

    fn refused(yaml: &str) -> String {
        Document::parse(Path::new("x.yaml"), yaml).expect_err("a mistake").to_string()
    }

    #[test]
    fn d6_one_byte_order_mark_is_passed_over() {
        let (document, found) = Document::parse(Path::new("x.yaml"), "\u{feff}a: 1\nb: 2\n").expect("good YAML");
        assert_eq!((document.value, found), (serde_json::json!({"a": 1, "b": 2}), vec![]));
        assert_eq!(place_of("\u{feff}a: 1\n", &to_key(&[], "a"), At::Value), (1, 4));
        let message = refused("\u{feff}\u{feff}a: 1\n");
        assert!(message.starts_with("x.yaml:1:1: a second byte order mark"), "{message}");
    }

    #[test]
    fn d9_whole_numbers_keep_their_digits() {
        for number in ["18446744073709551616", "-9223372036854775809", "340282366920938463463374607431768211456"] {
            let message = refused(&format!("a:\n  b: {number}\n"));
            assert!(message.contains("does not fit 64 bits") && message.starts_with("x.yaml:2:"), "{message}");
        }
        let (document, _) = Document::parse(Path::new("x.yaml"), "a: 18446744073709551615\nb: 1e25\n").expect("fits");
        assert_eq!(document.value, serde_json::json!({"a": u64::MAX, "b": 1e25}));
    }

    #[test]
    fn d10_depth_is_bounded_before_anything_takes_its_time() {
        for open in ["[", "{a: ", "- ", "? "] {
            let message = refused(&open.repeat(100_000));
            assert!(message.contains("more than 128 deep"), "{open}: {message}");
        }
        assert!(refused(&nested(200)).starts_with("x.yaml:129:"), "{}", refused(&nested(200)));
        assert!(Document::parse(Path::new("x.yaml"), &nested(100)).is_ok());
    }

    /// Maps in maps, one a line.
    fn nested(depth: usize) -> String {
        (0..depth).flat_map(|i| [" ".repeat(i), "a:\n".to_owned()]).collect()
    }

    #[test]
    fn broken_yaml_has_a_place() {
        for (yaml, line) in [("a: [1, 2\nb: 3\n", 2), ("a: .inf\n", 1), ("a: !x 1\n", 1), ("a: 1\n  b: 2\n", 2)] {
            let error = Document::parse(Path::new("x.yaml"), yaml).expect_err("a mistake");
            assert_eq!(error.line, line, "{error}");
            assert!(error.column > 0);
        }
    }
}
