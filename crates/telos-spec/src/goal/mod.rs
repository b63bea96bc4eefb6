//! Goal files: one node of the taxonomy and what lies below it, laid over the nodes that are there.

mod check;
mod near;
pub(crate) mod shapes;
mod text;
pub(crate) mod view;

pub(crate) use check::{Names, unbound_works};
pub(crate) use near::{near, no_such_goal};

use crate::ids::bad_id;
use serde::de::DeserializeOwned;
use serde_json::Value;
use telos_core::shape::finding::Finding;
use telos_core::shape::trail::{Step, Trail, to_index, to_key};
use telos_core::{DimensionSet, Goal, GoalId, PrincipleList, Work};

/// Lays one node and all below it over the goals that are there. What a key says takes the place of what was there; works,
/// sets of dimensions and lists of principles come beside those that are there, or in the place of one with the same name.
pub(crate) fn lay_goal(goals: &mut Vec<Goal>, node: &Value, id: &str, trail: &Trail, findings: &mut Vec<Finding>) {
    let place = goals.iter().position(|goal| goal.id.0 == id).unwrap_or_else(|| {
        let parent = id.rsplit_once('/').map(|(parent, _)| parent);
        let last = parent.and_then(|parent| goals.iter().rposition(|goal| goal.id.is_within(parent)));
        let place = last.map_or(goals.len(), |last| last + 1);
        goals.insert(place, Goal::new(id));
        place
    });
    let mut layer = Layer { node, trail, findings };
    layer.lay(&mut goals[place]);
    let children = node.get("children").and_then(Value::as_array);
    let mut seen: Vec<&str> = Vec::new();
    for (index, child) in children.into_iter().flatten().enumerate() {
        let below = to_index(&to_key(trail, "children"), index);
        let Some(part) = child.get("id").and_then(Value::as_str) else { continue };
        findings.extend(bad_id(part, &to_key(&below, "id")));
        if seen.contains(&part) {
            findings.push(Finding::value(&to_key(&below, "id"), format!("the id `{part}` stands here a second time")));
        }
        seen.push(part);
        lay_goal(goals, child, &format!("{id}/{part}"), &below, findings);
    }
}

/// What a node without a version, level, band or order of its own has from the one above, and which nodes are leaves.
pub(crate) fn inherit(goals: &mut [Goal]) {
    let ids: Vec<GoalId> = goals.iter().map(|goal| goal.id.clone()).collect();
    // From the top down, wherever the files had them.
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|index| ids[*index].depth());
    for index in order {
        let id = &ids[index];
        let parent = id.0.rsplit_once('/').map(|(parent, _)| parent);
        let above = parent.and_then(|parent| goals.iter().find(|goal| goal.id.0 == parent));
        let above = above.map(|above| (above.version.clone(), above.level, above.band, above.order));
        let goal = &mut goals[index];
        goal.leaf = !ids.iter().any(|other| other != id && other.is_within(&id.0));
        if let Some((version, level, band, order)) = above {
            goal.version = goal.version.take().or(version);
            goal.level = goal.level.or(level);
            goal.band = goal.band.or(band);
            goal.order = goal.order.or(order);
        }
    }
}

/// One node of a file.
struct Layer<'a> {
    node: &'a Value,
    trail: &'a [Step],
    findings: &'a mut Vec<Finding>,
}

impl Layer<'_> {
    fn lay(&mut self, goal: &mut Goal) {
        self.set("title", &mut goal.title);
        self.set("version", &mut goal.version);
        self.set("level", &mut goal.level);
        self.set("band", &mut goal.band);
        self.set("order", &mut goal.order);
        self.set("definition", &mut goal.definition);
        self.set("motivation", &mut goal.motivation);
        self.set("strengths", &mut goal.strengths);
        self.set("limits", &mut goal.limits);
        self.set("cites", &mut goal.cites);
        self.set("earlier", &mut goal.earlier);
        self.lay_list("works", &mut goal.works, |work: &Work| &work.name, check::work);
        self.lay_list("dimensions", &mut goal.dimensions, |set: &DimensionSet| &set.id, check::dimensions);
        self.lay_list("principles", &mut goal.principles, |list: &PrincipleList| &list.id, check::principles);
    }

    /// What stands under a key, where something does. That it cannot be read has been found already, unless it is something
    /// that the table of shapes does not know.
    fn set<T: DeserializeOwned>(&mut self, key: &str, to: &mut T) {
        if let Some(value) = self.node.get(key)
            && let Some(value) = self.read(value, &to_key(self.trail, key))
        {
            *to = value;
        }
    }

    fn read<T: DeserializeOwned>(&mut self, value: &Value, at: &[Step]) -> Option<T> {
        match serde_json::from_value(value.clone()) {
            Ok(read) => Some(read),
            Err(error) => {
                if !self.findings.iter().any(|finding| finding.trail.starts_with(at)) {
                    self.findings.push(Finding::value(at, error.to_string()));
                }
                None
            }
        }
    }

    /// The entries of a list of things that have names.
    fn lay_list<T: DeserializeOwned>(
        &mut self,
        key: &str,
        to: &mut Vec<T>,
        name: fn(&T) -> &str,
        check: fn(&T, &[Step]) -> Vec<Finding>,
    ) {
        let list = self.node.get(key).and_then(Value::as_array);
        let mut seen: Vec<String> = Vec::new();
        for (index, value) in list.into_iter().flatten().enumerate() {
            let at = to_index(&to_key(self.trail, key), index);
            let Some(entry) = self.read::<T>(value, &at) else { continue };
            self.findings.extend(check(&entry, &at));
            let own = name(&entry);
            if seen.iter().any(|other| other == own) {
                self.findings.push(Finding::value(&at, format!("`{own}` stands in `{key}` a second time")));
            }
            seen.push(own.to_owned());
            match to.iter_mut().find(|other| name(other) == own) {
                Some(other) => *other = entry,
                None => to.push(entry),
            }
        }
    }
}
