//! `telos goals`: what there is to be aligned with, and what of it can be measured.

use crate::cli::Goals;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json, width};
use crate::world::World;
use telos_spec::{GoalTree, Registry};

/// Prints the tree, or one goal in full and what lies below it; exit code 2 where there is no such goal.
pub(crate) fn goals(world: &World, what: &Goals) -> Result<u8, Failure> {
    let registry = world.registry(&what.registry)?;
    let tree = find(&registry, what.id.as_deref())?;
    if what.json {
        print_json(&tree)?;
    } else if what.id.is_some() {
        print(&tree.first_to_text(width()))?;
    } else {
        print(&tree.to_text(width()))?;
    }
    Ok(exit::SUCCESS)
}

/// All goals, or one and those below it.
fn find<'a>(registry: &'a Registry, id: Option<&str>) -> Result<GoalTree<'a>, Failure> {
    let Some(id) = id.map(|id| id.trim_end_matches('/')) else { return Ok(registry.tree()) };
    registry.below(id).ok_or_else(|| {
        let hint = registry.near_goal(id).unwrap_or_else(|| "`telos goals` lists them".to_owned());
        Failure::usage(format!("there is no goal `{id}`\n  hint: {hint}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::path::PathBuf;

    fn registry(folders: &[PathBuf]) -> Result<Registry, Failure> {
        World::new(true).and_then(|world| world.registry(folders))
    }

    #[test]
    fn what_is_built_in_has_the_surveys_leaves() {
        let registry = registry(&[]).expect("a good registry");
        let tree = find(&registry, None).expect("the tree");
        assert_eq!(tree.goals.iter().filter(|view| view.goal.leaf).count(), 21);
        let text = tree.to_text(100);
        for view in &tree.goals {
            assert!(text.lines().any(|line| line.trim_start().starts_with(view.goal.id.last())), "{}", view.goal.id.0);
        }
    }

    #[test]
    fn scripts_get_every_key() {
        let registry = registry(&[]).expect("a good registry");
        let leaf = find(&registry, Some("preferences/evaluation/benchmarks/")).expect("a leaf");
        let value = serde_json::to_value(&leaf).expect("JSON");
        let goal = &value["goals"][0];
        for (key, expected) in [
            ("id", json!("preferences/evaluation/benchmarks")),
            ("level", json!("preference")),
            ("band", json!("value orientation")),
            ("order", json!(2)),
            ("facet", json!("evaluation")),
            ("leaf", json!(true)),
            ("children", json!([])),
            ("earlier", json!({"v1": ["evaluation/human-preferences/benchmarks"]})),
        ] {
            assert_eq!(goal[key], expected, "{key}");
        }
        assert_eq!((&value["version"], goal["works"].as_array().map(Vec::len)), (&json!("v2"), Some(11)));
        let work = json!({
            "name": "CrowS-Pairs", "cites": ["Nangia et al. 2020, arXiv:2010.00133"], "status": "works",
            "benchmarks": ["crows-pairs"], "reason": null,
        });
        assert_eq!(goal["works"][2], work);
        let bound = goal["benchmarks"].as_array().cloned().unwrap_or_default();
        assert!(bound.iter().any(|b| b["id"] == "crows-pairs" && b["licence"].is_string()), "{bound:?}");
        assert_eq!(value["coverage"]["leaves"], 1);
        assert_ne!(value["coverage"]["benchmarks"], Value::Null);
    }

    #[test]
    fn a_goal_that_does_not_exist_is_a_usage_error_with_a_hint() {
        let registry = registry(&[]).expect("a good registry");
        for (id, hint) in [
            ("vlaues", "did you mean `values`?"),
            ("evaluation/human-preferences/human-evaluation", "`preferences/evaluation/human-and-llm-evaluation`"),
            ("zzzzzzzzzz", "`telos goals` lists them"),
        ] {
            let failure = find(&registry, Some(id)).expect_err(id);
            assert_eq!(failure.code, exit::USAGE, "{id}");
            assert!(failure.message.starts_with(&format!("there is no goal `{id}`")), "{}", failure.message);
            assert!(failure.message.contains(hint), "{}", failure.message);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_usage_error() {
        let failure = registry(&[PathBuf::from("no/such/folder")]).expect_err("no folder");
        assert_eq!(failure.code, exit::USAGE);
        assert!(failure.message.starts_with("no/such/folder: this cannot be read"), "{}", failure.message);
    }
}
