//! The benchmarks of a suite: looked up, overridden, and checked as they then are.

use crate::benchmark::{examine, in_override, lay_over, unbound_goals};
use crate::benchmark_file::BenchmarkFile;
use crate::constraints::no_such_constraint;
use crate::files::{Home, Presence};
use crate::ids::entry_id;
use crate::load::Loader;
use crate::registry::Registry;
use crate::resolve::Laid;
use serde_json::{Map, Value};
use telos_core::shape::finding::{At, Finding, did_you_mean};
use telos_core::shape::trail::{Step, Trail, follow, show, to_index, to_key};
use telos_core::shape::{Leaf, Meaning};

/// A benchmark of the suite.
struct Entry<'a> {
    /// Where in the suite.
    trail: Trail,
    /// Where its id is.
    at: Trail,
    file: &'a BenchmarkFile,
    over: Map<String, Value>,
}

impl Loader<'_> {
    pub(crate) fn benchmarks(&mut self, registry: &Registry, constraints: &[String], broken: &[Trail]) -> Vec<Laid> {
        let mut out = Vec::new();
        for (index, entry) in self.list("benchmarks").iter().enumerate() {
            let trail = to_index(&to_key(&[], "benchmarks"), index);
            let Some(id) = entry_id(entry) else { continue };
            let at = if entry.is_object() { to_key(&trail, "id") } else { trail.clone() };
            let Some(file) = registry.benchmarks.get(id) else {
                let hint = did_you_mean(id, registry.benchmarks.keys().map(String::as_str))
                    .unwrap_or_else(|| "`telos benchmarks` lists them; `registry:` adds folders of your own".into());
                self.report(Finding::value(&at, format!("there is no benchmark `{id}`")).hint(Some(hint)));
                continue;
            };
            let over = self.overrides(entry, &trail, file, broken);
            out.push(self.lay(&Entry { trail, at, file, over }, registry, constraints));
        }
        out
    }

    /// The keys of an override in which nothing is wrong so far.
    fn overrides(
        &mut self,
        entry: &Value,
        trail: &Trail,
        file: &BenchmarkFile,
        broken: &[Trail],
    ) -> Map<String, Value> {
        let mut over = entry.as_object().cloned().unwrap_or_default();
        over.retain(|key, _| !broken.iter().any(|b| b.starts_with(&to_key(trail, key))));
        let kind = over.get("request").and_then(|r| r.get("kind")).or_else(|| file.value.pointer("/request/kind"));
        let kind = kind.and_then(Value::as_str).unwrap_or_default().to_owned();
        if over.contains_key("generate") && kind != "generate" {
            over.shift_remove("generate");
            let message = format!("the requests of `{}` are of kind `{kind}`, which sample nothing", file.id);
            self.report(Finding::key(&to_key(trail, "generate"), message));
        }
        over
    }

    fn lay(&mut self, entry: &Entry<'_>, registry: &Registry, constraints: &[String]) -> Laid {
        let Entry { trail, file, over, .. } = entry;
        let path_home = self.home(&[trail.clone(), to_key(&to_key(&[], "source"), "path")].concat());
        let written = lay_over(&file.value, over, &path_home, self.around);
        let raw = |inner: &[Step]| match in_override(inner, over) {
            Some(inner) => self.document.is_raw_scalar(&[trail.clone(), inner].concat()),
            None => file.document.is_raw_scalar(inner),
        };
        let mut walked = examine(&written, &raw, self.around);
        walked.findings.extend(unbound_goals(&written, &registry.goals));
        for finding in walked.findings {
            // What is wrong with the benchmark's own file is reported there.
            if in_override(&finding.trail, over).is_some() || file.sound {
                let finding = in_suite(finding, entry);
                self.report(finding);
            }
        }
        let mut homes = Vec::new();
        for leaf in &walked.leaves {
            let home = match in_override(&leaf.trail, over) {
                Some(inner) => self.home(&[trail.clone(), inner].concat()),
                None => file.home.clone(),
            };
            if leaf.meaning == Meaning::ConstraintId {
                let id = follow(&written, &leaf.trail).and_then(Value::as_str).unwrap_or_default();
                if !constraints.iter().any(|known| known == id) {
                    let finding = no_such_constraint(id, &leaf.trail, constraints);
                    let finding = in_suite(finding, entry);
                    self.report(finding);
                }
            }
            self.presence(&home, &written, leaf, entry);
            homes.push(home);
        }
        Laid { written, leaves: walked.leaves, homes }
    }

    /// A file or model that a benchmark names.
    fn presence(&mut self, home: &Home, written: &Value, leaf: &Leaf, entry: &Entry<'_>) {
        let (finding, in_cache) = match home.presence(written, leaf, &self.around.cache_dir, self.around.builtin) {
            Presence::There => return,
            Presence::Missing(finding) => (finding, false),
            Presence::NotInCache(finding) => (finding, true),
        };
        let own = in_override(&leaf.trail, &entry.over).is_none();
        // A file that is compiled in cannot be mended; the suite can.
        let diagnostic = if own && matches!(entry.file.home, Home::Folder(_)) {
            entry.file.document.place(finding)
        } else {
            let key = format!("benchmarks.{}.{}", entry.file.id, show(&leaf.trail));
            let hint = finding.hint.as_ref().map(|hint| format!("{hint}, as with `--set {key}=…`"));
            let finding = Finding { hint: if in_cache { hint } else { finding.hint }, ..finding };
            self.place(in_suite(finding, entry))
        };
        if in_cache { self.not_in_cache.push(diagnostic) } else { self.out.push(diagnostic) }
    }
}

/// A finding in a merged benchmark as one in the suite: where it was overridden, else at the benchmark's name.
fn in_suite(finding: Finding, entry: &Entry<'_>) -> Finding {
    if let Some(inner) = in_override(&finding.trail, &entry.over) {
        return Finding { trail: [entry.trail.clone(), inner].concat(), ..finding };
    }
    let place = show(&finding.trail);
    let message = format!("{} (`{place}` of benchmark `{}`)", finding.message, entry.file.id);
    Finding { trail: entry.at.clone(), at: At::Value, message, ..finding }
}
