//! Models that are slow, busy, deaf or far away, and when each is open.

use super::*;
use crate::journal::JOURNAL;
use crate::testing::export;
use telos_core::Weights;

/// The export of a run that nothing disturbed, and how many replies it took.
fn undisturbed(name: &str, suite: &Suite) -> (String, usize) {
    let zoo = Zoo::new();
    let (out, sitting) = whole(name, suite, &zoo);
    sitting.result.expect("a run");
    (export(&out), zoo.asked().len())
}

#[test]
fn a_server_with_many_requests_under_way_gives_the_same_record() {
    let suite = mixed();
    let (expected, total) = undisturbed("server-0", &suite);
    for (under_way, opaque) in [(1, false), (7, false), (500, false), (7, true)] {
        let zoo = Zoo::new();
        zoo.0.under_way.store(under_way, Ordering::Relaxed);
        zoo.0.opaque.store(opaque, Ordering::Relaxed);
        let (out, sitting) = whole(&format!("server-{under_way}-{opaque}"), &suite, &zoo);
        sitting.result.expect("a run");
        assert_eq!(export(&out), expected, "{under_way} under way");
        assert_eq!(zoo.asked().len(), total, "nothing is asked twice");
        let counted = |e: &&Event| matches!(e, Event::UnitStarted { .. });
        let done = sitting.events.iter().filter(|e| matches!(e, Event::UnitDone { .. })).count();
        assert_eq!(sitting.events.iter().filter(counted).count(), done, "whatever begins ends");
    }
}

#[test]
fn a_server_that_is_stopped_is_asked_the_rest_later() {
    let suite = mixed();
    let (expected, total) = undisturbed("server-stop-0", &suite);
    let zoo = Zoo::new();
    zoo.0.under_way.store(9, Ordering::Relaxed);
    let out = folder("server-stop").join("run");
    for sittings in 0.. {
        zoo.0.stop_after.store(23, Ordering::Relaxed);
        match sit(&suite, &zoo, &out, sittings > 0).result {
            Ok(_) => break,
            Err(RunError::Interrupted) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((export(&out), zoo.asked().len()), (expected, total));
}

#[test]
fn an_error_that_passes_is_asked_again_and_nothing_else_is() {
    let suite = mixed();
    let (expected, total) = undisturbed("busy-0", &suite);
    let zoo = Zoo::new();
    zoo.0.busy.lock().expect("a lock").extend([("Two and two?".to_owned(), 5), ("One and two?".to_owned(), 2)]);
    let (out, sitting) = whole("busy", &suite, &zoo);
    let manifest = sitting.result.expect("a run that ends, with errors");
    assert_eq!((manifest.status.as_str(), manifest.passing), ("complete", 7));
    assert!(out.join(JOURNAL).exists(), "what was answered is kept for the next sitting");
    let rows = telos_data::read_record(&out).expect("a record of what there is").replies;
    assert_eq!(rows.iter().filter(|row| row.error_kind.as_deref() == Some("busy")).count() as u64, 7);
    let before = zoo.asked();
    let manifest = sit(&suite, &zoo, &out, true).result.expect("a run that goes on");
    assert_eq!((manifest.status.as_str(), manifest.passing, manifest.timings.sittings), ("complete", 0, 2));
    assert_eq!(export(&out), expected);
    assert!(!out.join(JOURNAL).exists());
    let again = &zoo.asked()[before.len()..];
    let failed = again.iter().filter(|asked| before.contains(asked)).count();
    assert_eq!(failed, 7, "each of those that failed, once");
    assert_eq!(zoo.asked().len(), total + 7, "the rest is what could not be asked before");
}

#[test]
fn an_interrupted_run_with_errors_that_pass_asks_exactly_those_again() {
    let suite = suite(vec![choices("plain"), texts("texts", 2)]);
    let (expected, total) = undisturbed("busy-stop-0", &suite);
    let zoo = Zoo::new();
    zoo.0.busy.lock().expect("a lock").insert("Two and two?".to_owned(), 3);
    let out = folder("busy-stop").join("run");
    zoo.0.stop_after.store(20, Ordering::Relaxed);
    assert!(matches!(sit(&suite, &zoo, &out, false).result, Err(RunError::Interrupted)));
    sit(&suite, &zoo, &out, true).result.expect("a run that goes on");
    assert_eq!((export(&out), zoo.asked().len()), (expected, total + 3));
}

#[test]
fn a_request_without_a_reply_is_an_error_and_not_the_end() {
    for under_way in [0, 4] {
        let zoo = Zoo::new();
        zoo.0.under_way.store(under_way, Ordering::Relaxed);
        *zoo.0.deaf.lock().expect("a lock") = Some("Two and two?\\nA:".into());
        let (out, sitting) = whole(&format!("deaf-{under_way}"), &suite(vec![choices("plain")]), &zoo);
        sitting.result.expect("a run");
        let rows = telos_data::read_record(&out).expect("a record").replies;
        let bad: Vec<_> = rows.iter().filter(|row| row.error.is_some()).collect();
        assert_eq!(bad.len(), 4, "two choices for each of two models");
        assert!(bad.iter().all(|row| row.item == "c" && row.error.as_deref().is_some_and(|e| e.contains("no reply"))));
    }
}

#[test]
fn models_are_open_while_they_are_asked_and_no_longer() {
    let zoo = Zoo::new();
    let (_, sitting) = whole("open", &suite(vec![choices("plain")]), &zoo);
    sitting.result.expect("a run");
    let opened = zoo.0.opened.lock().expect("a lock").clone();
    let loads: Vec<&str> =
        opened.iter().filter(|(_, how)| *how == Weights::Load).map(|(name, _)| name.as_str()).collect();
    assert_eq!(loads, ["lm", "other"], "the classifier's controller never acts, so nobody loads it");
    let hashed = opened.iter().filter(|(_, how)| *how == Weights::Hash).count();
    assert_eq!(hashed, 3, "what a record is of is known before anything is loaded");
    assert_eq!(zoo.0.closed.lock().expect("a lock")[..2], ["lm", "other"]);
    let place = |what: &dyn Fn(&Event) -> bool| sitting.events.iter().position(what).expect("an event");
    let second = place(&|e| matches!(e, Event::ModelOpening { model } if model == "large"));
    let last = sitting.events.iter().rposition(|e| matches!(e, Event::UnitDone { unit, .. } if unit.model == "small"));
    assert!(last.expect("an event") < second, "the second is opened after the first was asked all");
}

#[test]
fn a_record_that_is_there_loads_nothing() {
    let zoo = Zoo::new();
    let suite = mixed();
    zoo.0.stop_after.store(10_000, Ordering::Relaxed);
    let (out, sitting) = whole("nothing", &suite, &zoo);
    sitting.result.expect("a run");
    // As if the process had been killed while it wrote the tables.
    std::fs::remove_file(out.join("scores.parquet")).expect("a table");
    let kept = Zoo::new();
    let cache = folder("nothing-cache");
    let first = folder("nothing-first").join("run");
    sit_with(&suite, &kept, &first, false, Some(&cache)).result.expect("a run that fills the cache");
    let zoo = Zoo::new();
    sit_with(&suite, &zoo, &out, true, Some(&cache)).result.expect("a run from the cache");
    let loaded = zoo.0.opened.lock().expect("a lock").iter().filter(|(_, how)| *how == Weights::Load).count();
    assert_eq!((loaded, zoo.asked().len()), (0, 0));
}

#[test]
fn a_model_that_changes_under_way_is_refused() {
    let zoo = Zoo::new();
    let out = folder("changes").join("run");
    let suite = suite(vec![choices("plain")]);
    let mut events = Vec::new();
    let environment = Map::new();
    let now = || "2026-01-02T03:04:05Z".to_owned();
    let options =
        RunOptions { out: &out, resume: false, cache: None, stop: &zoo.0.stop, environment: &environment, now: &now };
    let world = zoo.0.clone();
    let result = run(&suite, &zoo, &options, &mut |event: &Event| {
        if matches!(event, Event::ModelOpening { model } if model == "large") {
            world.weights.lock().expect("a lock").insert("other".into(), "finetuned".into());
        }
        events.push(event.clone());
    });
    let error = result.expect_err("another model").to_string();
    assert!(error.contains("changed while the run was at work"), "{error}");
}
