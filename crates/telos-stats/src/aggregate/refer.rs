//! Whether a benchmark's metrics refer to metrics that are there, and not to themselves.

use super::read;
use telos_core::Metric;
use telos_core::shape::Misreference;
use telos_core::text::did_you_mean;

/// Everything that is wrong with how these metrics read each other. `metrics` are all of a benchmark's.
pub fn refers(metrics: &[Metric]) -> Vec<Misreference> {
    let mut found = Vec::new();
    for metric in metrics {
        let wrong = |key, message: String, hint| Misreference { metric: metric.name.clone(), key, message, hint };
        let aggregation = match read(&metric.aggregate) {
            Ok(aggregation) => aggregation,
            Err(message) => {
                found.push(wrong(None, message, None));
                continue;
            }
        };
        if !metric.aggregate.reads_others() {
            continue;
        }
        for (key, name) in aggregation.reads(&metric.name) {
            match metrics.iter().find(|m| m.name == name) {
                None => {
                    let names = || metrics.iter().map(|m| m.name.as_str());
                    let hint = did_you_mean(&name, names()).map(|near| format!("did you mean `{near}`?"));
                    let hint = hint.unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")));
                    found.push(wrong(key, format!("there is no metric `{name}`"), Some(hint)));
                }
                Some(read) if read.aggregate.reads_others() && !aggregation.reads_numbers() => {
                    let message = format!("the metric `{name}` has no value an item: it is made of others");
                    found.push(wrong(key, message, Some("a formula reads such a metric's number".to_owned())));
                }
                Some(read) if reaches(read, &metric.name, metrics) => {
                    found.push(wrong(key, format!("`{}` is made of itself, by `{name}`", metric.name), None));
                }
                Some(_) => {}
            }
        }
    }
    found
}

/// Whether a metric is, or is made of, another.
fn reaches(from: &Metric, to: &str, metrics: &[Metric]) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut open = vec![from];
    while let Some(metric) = open.pop() {
        if metric.name == to {
            return true;
        }
        if seen.contains(&metric.name.as_str()) || !metric.aggregate.reads_others() {
            continue;
        }
        seen.push(&metric.name);
        let names = read(&metric.aggregate).map(|a| a.reads(&metric.name)).unwrap_or_default();
        open.extend(names.iter().filter_map(|(_, name)| metrics.iter().find(|m| m.name == *name)));
    }
    false
}
