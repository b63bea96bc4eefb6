//! A grammar and the text that describes it; `world.grammar` begins with the notation.

use crate::error::TrainError;
use std::collections::HashMap;

/// A place of a text that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// From here on the latest opinion is good.
    Good,
    /// From here on the latest opinion is bad.
    Bad,
    /// Here an answer begins.
    Answer,
}

/// A part of a way to say a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Rule(usize),
    Mark(Mark),
}

/// One way to say a rule, chosen in proportion to its weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) weight: u32,
    pub(crate) parts: Vec<Part>,
}

/// Rules without left recursion, each with its ways.
#[derive(Debug, Clone)]
pub(crate) struct Grammar {
    pub(crate) rules: Vec<Vec<Way>>,
    names: HashMap<String, usize>,
}

/// A rule as it stands in the file: its header with `%x=rule`, and its lines.
struct Source<'a> {
    name: &'a str,
    each: Option<(&'a str, &'a str)>,
    lines: Vec<&'a str>,
}

impl Grammar {
    /// The index of a rule.
    pub(crate) fn rule(&self, name: &str) -> Result<usize, TrainError> {
        self.names.get(name).copied().ok_or_else(|| TrainError::Grammar(format!("there is no rule `{name}`")))
    }

    /// Reads a grammar. The error names the rule or the line.
    pub(crate) fn parse(text: &str) -> Result<Self, TrainError> {
        let sources = sources(text)?;
        let plain: HashMap<&str, Vec<&str>> =
            sources.iter().map(|source| (source.name, source.lines.clone())).collect();
        let words = |name: &str| -> Result<Vec<&str>, TrainError> {
            let words = plain.get(name).filter(|lines| lines.iter().all(|line| !line.contains(['[', '{'])));
            words.cloned().ok_or_else(|| TrainError::Grammar(format!("`{name}` is no rule of plain words")))
        };
        let mut flat: Vec<(String, Vec<String>)> = Vec::new();
        for source in &sources {
            let values = source.each.map_or(Ok(vec![""]), |(_, rule)| words(rule))?;
            for value in values {
                let put = |text: &str| match source.each {
                    Some((key, _)) => text.replace(&format!("{{{key}}}"), value),
                    None => text.to_owned(),
                };
                let mut lines = Vec::new();
                for line in &source.lines {
                    match each(line) {
                        None => lines.push(put(line)),
                        Some((key, rule, rest)) => {
                            let line = |value: &&str| put(&rest.replace(&format!("{{{key}}}"), value));
                            lines.extend(words(rule)?.iter().map(line));
                        }
                    }
                }
                flat.push((put(source.name), lines));
            }
        }
        let names: HashMap<String, usize> = flat.iter().enumerate().map(|(i, (name, _))| (name.clone(), i)).collect();
        if names.len() != flat.len() {
            return Err(TrainError::Grammar("two rules have the same name".into()));
        }
        let rules = flat.iter().map(|(_, lines)| lines.iter().map(|line| way(line, &names)).collect());
        Ok(Self { rules: rules.collect::<Result<_, _>>()?, names })
    }
}

fn sources(text: &str) -> Result<Vec<Source<'_>>, TrainError> {
    let mut sources: Vec<Source<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('@') {
            Some(header) => {
                let (head, lines) = match header.split_once(" = ") {
                    Some((head, words)) => (head, words.split(" | ").map(str::trim).collect()),
                    None => (header, Vec::new()),
                };
                let (name, each) = match head.split_once(" %") {
                    None => (head, None),
                    Some((name, each)) => (name, each.split_once('=')),
                };
                sources.push(Source { name: name.trim(), each, lines });
            }
            None => match sources.last_mut() {
                Some(rule) => rule.lines.push(line),
                None => return Err(TrainError::Grammar(format!("`{line}` stands before the first rule"))),
            },
        }
    }
    Ok(sources)
}

/// `%x=rule| rest` of a line.
fn each(line: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = line.strip_prefix('%')?.split_once("| ")?;
    let (key, rule) = head.split_once('=')?;
    Some((key, rule, rest))
}

fn way(line: &str, names: &HashMap<String, usize>) -> Result<Way, TrainError> {
    let weighted = line.split_once("| ").and_then(|(weight, rest)| Some((weight.parse::<u32>().ok()?, rest)));
    let (weight, mut rest) = weighted.unwrap_or((1, line));
    let mut parts = Vec::new();
    let mut text = String::new();
    while let Some(sign) = rest.chars().next() {
        let (inside, after) = match sign {
            '\\' => {
                let escaped = rest[1..].chars().next().unwrap_or('\\');
                text.push(if escaped == 'n' { '\n' } else { escaped });
                rest = &rest[1 + escaped.len_utf8()..];
                continue;
            }
            '[' => rest[1..].split_once(']').unwrap_or(("", "")),
            '{' => rest[1..].split_once('}').unwrap_or(("", "")),
            _ => {
                text.push(sign);
                rest = &rest[sign.len_utf8()..];
                continue;
            }
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(match (sign, inside) {
            ('{', "+") => Part::Mark(Mark::Good),
            ('{', "-") => Part::Mark(Mark::Bad),
            ('{', "?") => Part::Mark(Mark::Answer),
            ('[', name) if names.contains_key(name) => Part::Rule(names[name]),
            _ => return Err(TrainError::Grammar(format!("`{inside}` in `{line}` is neither a rule nor a mark"))),
        });
        rest = after;
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(Way { weight, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, says: &str) {
        let error = Grammar::parse(text).expect_err("an error").to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn errors_name_what_is_wrong() {
        check("stray line\n@a\nx", "stray line");
        check("@a\n[b]", "`b` in `[b]`");
        check("@a\n{!}", "neither a rule nor a mark");
        check("@a = x\n@a = y", "same name");
        check("@a = [b]\n@b = x\n@c\n%k=a| {k}", "no rule of plain words");
    }

    #[test]
    fn a_line_stands_for_each_word() {
        let grammar =
            Grammar::parse("@a\n%k=w| 2| the {k} [t_{k}]\n@w = x | y\n@t_{k} %k=w\n{k}{k}").expect("a grammar");
        for (text, is) in [("the x xx", true), ("the y yy", true), ("the x yy", false)] {
            assert_eq!(grammar.recognises("a", text).expect("a rule"), is, "{text}");
        }
        assert!(grammar.rules[grammar.rule("a").expect("a rule")].iter().all(|way| way.weight == 2));
    }
}
