//! What values are made of: sets of dimensions from theories of values, and numbered lists of rules.

use serde::{Deserialize, Serialize};

/// The dimensions of one theory, such as Schwartz's ten values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimensionSet {
    /// Its id, the only one of this name in the registry.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it describes; may be empty.
    #[serde(default)]
    pub definition: String,
    /// Where it is described.
    #[serde(default)]
    pub cites: Vec<String>,
    /// Whether the dimensions lie on a circle in the order in which they stand here, the last beside the first.
    #[serde(default)]
    pub circular: bool,
    /// The dimensions.
    pub dimensions: Vec<Dimension>,
    /// Groups of a higher order; a dimension may be in several, or in none.
    #[serde(default)]
    pub higher: Vec<DimensionGroup>,
}

impl DimensionSet {
    /// The dimensions (or, for the id of a group, the groups) that are opposed to it, in the set's order. Opposition goes both
    /// ways, whichever of the two says so.
    pub fn opposites(&self, id: &str) -> Vec<&str> {
        let dimensions = self.dimensions.iter().map(|d| (d.id.as_str(), &d.opposites));
        let all: Vec<_> = dimensions.chain(self.higher.iter().map(|g| (g.id.as_str(), &g.opposites))).collect();
        let own = all.iter().find(|(other, _)| *other == id).map(|(_, opposites)| *opposites);
        let names = |list: &[String], id: &str| list.iter().any(|other| other == id);
        let opposed =
            |(other, theirs): &(&str, &Vec<String>)| own.is_some_and(|own| names(own, other)) || names(theirs, id);
        all.iter().filter(|entry| opposed(entry)).map(|(other, _)| *other).collect()
    }
}

/// One dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Its id within the set.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it means; may be empty.
    #[serde(default)]
    pub definition: String,
    /// The dimensions of the set that it is opposed to.
    #[serde(default)]
    pub opposites: Vec<String>,
}

/// Dimensions that make one of a higher order, such as openness to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimensionGroup {
    /// Its id within the set.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it means; may be empty.
    #[serde(default)]
    pub definition: String,
    /// The dimensions in it.
    pub of: Vec<String>,
    /// The groups of the set that it is opposed to.
    #[serde(default)]
    pub opposites: Vec<String>,
}

/// A numbered list of rules, such as a constitution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipleList {
    /// Its id, the only one of this name in the registry.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it is for; may be empty.
    #[serde(default)]
    pub definition: String,
    /// Where it is described.
    #[serde(default)]
    pub cites: Vec<String>,
    /// The rules, in order of number.
    pub rules: Vec<Principle>,
}

/// One rule of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principle {
    /// The number by which a report names it, from 1; a rule keeps it when another one goes.
    pub number: u64,
    /// The rule itself.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(id: &str, expected: &[&str]) {
        let set = json!({
            "id": "s", "title": "S",
            "dimensions": [
                {"id": "power", "title": "Power", "opposites": ["universalism", "benevolence"]},
                {"id": "tradition", "title": "Tradition"},
                {"id": "benevolence", "title": "Benevolence"},
                {"id": "universalism", "title": "Universalism", "opposites": ["power"]},
            ],
            "higher": [
                {"id": "self", "title": "Self", "of": ["power"]},
                {"id": "others", "title": "Others", "of": ["benevolence", "universalism"], "opposites": ["self"]},
            ],
        });
        let set: DimensionSet = serde_json::from_value(set).expect("a set");
        assert_eq!(set.opposites(id), expected, "{id}");
    }

    #[test]
    fn opposition_goes_both_ways() {
        check("power", &["benevolence", "universalism"]);
        check("universalism", &["power"]);
        check("benevolence", &["power"]);
        check("tradition", &[]);
        check("self", &["others"]);
        check("others", &["self"]);
        check("absent", &[]);
    }
}
