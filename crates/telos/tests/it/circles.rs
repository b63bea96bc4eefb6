//! No file of a crate uses a file that uses it, straight or by others: whoever reads one reads what it stands on and is done.
//! Sources are read as words: the modules that there are, `use`, and paths that begin with `crate`, `super`, `self` or a module
//! below. A name that is handed on (`pub use`) is followed to its own file. Tests within the files do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module, or a path as it is written.
type Names = Vec<String>;

/// What a file says of others.
#[derive(Debug, Default, PartialEq)]
struct Source {
    uses: Vec<Names>,
    /// Names that it hands on, and whose they are.
    hands_on: BTreeMap<String, Names>,
    /// Modules that only tests have.
    tests: Vec<String>,
    /// Public functions whose errors are bare strings.
    bare: Vec<String>,
}

/// Names, and signs one by one; neither comments nor literals.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (Vec::<String>::new(), 0);
    let find = |from: usize, end: &str| {
        let end: Vec<char> = end.chars().collect();
        (from..chars.len()).find(|n| chars[*n..].starts_with(&end)).map_or(chars.len(), |n| n + end.len())
    };
    while let Some(c) = chars.get(at).copied() {
        let name = (at..chars.len()).take_while(|n| chars[*n].is_alphanumeric() || chars[*n] == '_').count();
        let word: String = chars[at..at + name].iter().collect();
        let marks = (at + name..chars.len()).take_while(|n| chars[*n] == '#').count();
        if chars[at..].starts_with(&['/', '/']) {
            at = find(at, "\n");
        } else if word.ends_with('r') && word.len() < 3 && chars.get(at + name + marks) == Some(&'"') {
            at = find(at + name + marks + 1, &format!("\"{}", "#".repeat(marks)));
        } else if name > 0 {
            out.push(word);
            at += name;
        } else if c == '"' || c == '\'' && (chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')) {
            at += 1;
            while chars.get(at).is_some_and(|end| *end != c) {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else {
            out.extend((!c.is_whitespace()).then(|| c.to_string()));
            at += 1;
        }
    }
    out
}

/// The paths of a `use` from one of its words on, each with the name under which it is known; and the place after them.
fn tree(words: &[String], mut at: usize, before: &[String], out: &mut Vec<(String, Names)>) -> usize {
    let (mut path, mut known) = (before.to_vec(), None);
    while let Some(word) = words.get(at).filter(|word| !matches!(word.as_str(), "," | "}" | ";")) {
        match word.as_str() {
            "{" => {
                while words.get(at).is_some_and(|word| matches!(word.as_str(), "{" | ",")) {
                    at = tree(words, at + 1, &path, out);
                }
                return at + 1;
            }
            "as" => known = words.get(at + 1).cloned(),
            ":" => {}
            "self" if !path.is_empty() => {}
            name if known.is_none() => path.push(name.to_owned()),
            _ => {}
        }
        at += 1;
    }
    out.extend(known.or_else(|| path.last().cloned()).map(|known| (known, path)));
    at
}

fn read(text: &str) -> Source {
    let (words, mut source, mut at) = (words(text), Source::default(), 0);
    let is =
        |at: usize, expected: &str| expected.split(' ').zip(at..).all(|(e, n)| words.get(n).is_some_and(|w| w == e));
    let after = |from: usize, open: &str, close: &str| {
        let mut depth = 0;
        let ends = |n: &usize| {
            depth += i32::from(words[*n] == open) - i32::from(words[*n] == close);
            depth == 0
        };
        (from..words.len()).find(ends).map_or(words.len(), |end| end + 1)
    };
    while at < words.len() {
        if is(at, "# [ cfg ( test ) ]") {
            at += 7;
            while is(at, "#") {
                at = after(at + 1, "[", "]");
            }
            match (at..words.len()).find(|n| is(*n, "mod") || is(*n, ";") || is(*n, "{")) {
                Some(found) if is(found, "mod") && is(found + 2, "{") => at = after(found + 2, "{", "}"),
                Some(found) if is(found, "mod") => source.tests.push(words[found + 1].clone()),
                _ => {}
            }
        } else if is(at, "use") {
            let (mut found, public) = (Vec::new(), at > 0 && (is(at - 1, "pub") || is(at - 1, ")")));
            at = tree(&words, at + 1, &[], &mut found);
            if public {
                source.hands_on.extend(found);
            } else {
                source.uses.extend(found.into_iter().map(|(_, path)| path));
            }
        } else if is(at, "pub fn") {
            let end = (at..words.len()).find(|n| is(*n, "{") || is(*n, ";")).unwrap_or(words.len());
            let bare = (at..end).any(|n| is(n, "Result <")) && (at..end).any(|n| is(n, ", String >"));
            source.bare.extend(bare.then(|| words[at + 2].clone()));
            at += 2;
        } else {
            let mut path = vec![words[at].clone()];
            while is(at + 1, ": :") && at + 3 < words.len() {
                at += 3;
                path.push(words[at].clone());
            }
            source.uses.extend((path.len() > 1).then_some(path));
            at += 1;
        }
    }
    source
}

/// The sources of a crate by module; its root has no name.
fn sources(folder: &Path, module: &[String], out: &mut BTreeMap<Names, Source>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let root = matches!(name.as_str(), "lib" | "main" | "mod");
        let inner = if root { module.to_vec() } else { [module, &[name]].concat() };
        if path.is_dir() {
            sources(&path, &inner, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.insert(inner, read(&fs::read_to_string(&path).expect("text")));
        }
    }
}

/// The module that a path leads to from another.
fn target(all: &BTreeMap<Names, Source>, from: &[String], path: &[String], depth: usize) -> Option<Names> {
    let within = |module: &[String], name: &String| [module, std::slice::from_ref(name)].concat();
    let mut at = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "super" => from[..from.len().checked_sub(1)?].to_vec(),
        "self" => from.to_vec(),
        _ => within(from, &path[0]),
    };
    all.get(&at)?;
    for (n, name) in path.iter().enumerate().skip(1) {
        let below = within(&at, name);
        if name == "super" {
            at.pop();
        } else if all.contains_key(&below) {
            at = below;
        } else if let Some(other) = all.get(&at).and_then(|source| source.hands_on.get(name)).filter(|_| depth < 8) {
            return target(all, &at, &[other, &path[n + 1..]].concat(), depth + 1).or(Some(at));
        } else {
            break;
        }
    }
    Some(at)
}

/// A circle of modules, each of which uses the next; none where there is none.
fn circle(all: &BTreeMap<Names, Source>) -> Option<Vec<Names>> {
    let arrows = |from: &Names| -> BTreeSet<Names> {
        all[from].uses.iter().filter_map(|path| target(all, from, path, 0)).filter(|to| to != from).collect()
    };
    let arrows: BTreeMap<&Names, BTreeSet<Names>> = all.keys().map(|module| (module, arrows(module))).collect();
    all.keys().find_map(|start| {
        let (mut ways, mut seen) = (vec![vec![start.clone()]], BTreeSet::new());
        while let Some(way) = ways.pop() {
            for next in &arrows[way.last()?] {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push([&way[..], std::slice::from_ref(next)].concat());
                }
            }
        }
        None
    })
}

/// The crates, each with what its sources say, without the modules of its tests.
fn crates() -> impl Iterator<Item = (String, BTreeMap<Names, Source>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(folder).expect("the crates").map(|entry| entry.expect("an entry"));
    entries.filter(|entry| entry.path().is_dir()).map(|entry| {
        let mut all = BTreeMap::new();
        sources(&entry.path().join("src"), &[], &mut all);
        let tests = |(module, source): (&Names, &Source)| {
            source.tests.iter().map(|test| [&module[..], std::slice::from_ref(test)].concat()).collect::<Vec<_>>()
        };
        let tests: Vec<Names> = all.iter().flat_map(tests).collect();
        all.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        (entry.file_name().to_string_lossy().into_owned(), all)
    })
}

#[test]
fn no_file_uses_one_that_uses_it() {
    for (name, all) in crates() {
        let found = circle(&all);
        assert!(!all.is_empty() && found.is_none(), "{name}: {found:?}");
    }
}

/// Where an error is kept as the reason why there is no number, and shown as such.
const REASONS: [&str; 1] = ["telos-stats"];

#[test]
fn no_public_function_fails_with_a_bare_string() {
    for (name, all) in crates().filter(|(name, _)| !REASONS.contains(&name.as_str())) {
        let bare: Vec<(&Names, &Vec<String>)> =
            all.iter().map(|(module, source)| (module, &source.bare)).filter(|(_, bare)| !bare.is_empty()).collect();
        assert!(bare.is_empty(), "{name}: {bare:?}");
    }
}

#[test]
fn circles_are_seen_and_tests_are_not() {
    let text = "use crate::b::{self, C as D, e::{F}};\npub(crate) use a::{G, h as I};\n// use crate::x;\nlet y = \"use crate::z;\";\n\
        #[cfg(test)]\nmod found;\npub fn k() -> Result<u8, String> {}\n#[cfg(test)]\n#[expect(x, reason = \"[\")]\nmod tests { use crate::t; { } }\nself::n::o()";
    let names = |path: &str| path.split("::").map(str::to_owned).collect::<Names>();
    let expected = Source {
        uses: ["crate::b", "crate::b::C", "crate::b::e::F", "self::n::o"].map(names).into(),
        hands_on: [("G", "a::G"), ("I", "a::h")].map(|(known, path)| (known.to_owned(), names(path))).into(),
        tests: vec!["found".to_owned()],
        bare: vec!["k".to_owned()],
    };
    assert_eq!(read(text), expected);
    let check = |files: &[(&str, &str)], found: bool| {
        let module = |name: &str| if name.is_empty() { Names::new() } else { names(name) };
        let all = files.iter().map(|(name, text)| (module(name), read(text))).collect();
        assert_eq!(circle(&all).is_some(), found, "{files:?}");
    };
    check(&[("", "mod a; mod b; pub use b::B;"), ("a", "use crate::B;"), ("b", "use crate::a::A;")], true);
    check(&[("", "mod a; mod b; pub use b::B;"), ("a", "use crate::B;"), ("b", "")], false);
    check(&[("a", "mod b; fn f() { b::g() }"), ("a::b", "use super::h;")], true);
    check(&[("a", "pub use b::g; mod b;"), ("a::b", "use super::c::h;"), ("a::c", "")], false);
}
