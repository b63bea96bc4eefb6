//! What running texts need of constraints: all needs are gathered, and each constraint is asked once with the whole list.

use crate::pool::Pool;
use crate::running::{Running, Turn};
use crate::text::side::TextSide;
use std::sync::Arc;
use telos_core::control::Probe;
use telos_core::{Constraint, ErrorKind, Look, RequestError, Valued};

/// A text whose h is asked for.
struct Looked {
    text: String,
    generated: String,
    hash: u128,
}

/// The texts that one running text asks for.
struct Need {
    /// Its place among the running texts.
    asker: usize,
    looked: Vec<Result<Looked, RequestError>>,
}

/// Answers every need of h that is open; says whether there was one.
pub(crate) fn answer(pool: &Pool, side: &TextSide, running: &mut [Running]) -> bool {
    let asking: Vec<usize> = (0..running.len()).filter(|i| running[*i].probes().is_some()).collect();
    let needs: Vec<Need> = pool.map(&asking, |asker| {
        let one = &running[*asker];
        let looked = one.probes().unwrap_or_default().iter().map(|probe| look(side, one, probe)).collect();
        Need { asker: *asker, looked }
    });
    let values = ask(running, &needs);
    for (need, values) in needs.iter().zip(values) {
        if let Turn::Needs { answers, .. } = &mut running[need.asker].turn {
            answers.h = values;
        }
    }
    !asking.is_empty()
}

fn look(side: &TextSide, one: &Running, probe: &Probe) -> Result<Looked, RequestError> {
    let (ids, kept) = one.probed(probe);
    let text = match &one.whole {
        Some(whole) => whole.with(side, &ids, kept)?.0,
        None => side.decode(&ids)?,
    };
    let (generated, _) = one.generated.with(side, &ids[one.prompt..], kept - one.prompt)?;
    let hash = blake3::hash(text.as_bytes());
    let mut start = [0; 16];
    start.copy_from_slice(&hash.as_bytes()[..16]);
    Ok(Looked { text, generated, hash: u128::from_le_bytes(start) })
}

/// h of all texts that are asked for: one list for each asking text, in the order of its probes.
fn ask(running: &[Running], needs: &[Need]) -> Vec<Vec<Valued>> {
    let empty = |looked: &Result<Looked, RequestError>| match looked {
        Ok(looked) => Valued { text: looked.hash, h: Ok(Vec::new()) },
        Err(error) => Valued { text: 0, h: Err(error.clone()) },
    };
    let mut answers: Vec<Vec<Valued>> = needs.iter().map(|need| need.looked.iter().map(empty).collect()).collect();
    let most = needs.iter().map(|need| running[need.asker].constraints.len()).max().unwrap_or(0);
    for number in 0..most {
        // Texts of several controllers may share a constraint; it is asked once with the texts of all of them.
        let mut shared: Vec<(&Arc<dyn Constraint>, Vec<usize>)> = Vec::new();
        for (place, need) in needs.iter().enumerate() {
            let Some(constraint) = running[need.asker].constraints.get(number) else { continue };
            match shared.iter_mut().find(|(known, _)| Arc::ptr_eq(known, constraint)) {
                Some((_, askers)) => askers.push(place),
                None => shared.push((constraint, vec![place])),
            }
        }
        for (constraint, askers) in shared {
            // (asking text, its probe) of each look; a text that has an error already is not asked about.
            let asked: Vec<(usize, usize)> = askers
                .iter()
                .flat_map(|place| (0..needs[*place].looked.len()).map(|probe| (*place, probe)))
                .filter(|(place, probe)| answers[*place][*probe].h.is_ok())
                .collect();
            let looks = asked.iter().filter_map(|(place, probe)| {
                let (one, need) = (&running[needs[*place].asker], &needs[*place]);
                need.looked[*probe]
                    .as_ref()
                    .ok()
                    .map(|looked| one.look(one_probe(one, *probe), &looked.text, &looked.generated))
            });
            let looks: Vec<Look<'_>> = looks.collect();
            let mut values = constraint.values(&looks).into_iter();
            for (place, probe) in asked {
                let too_few = || Err(RequestError::new(ErrorKind::Internal, "a constraint answered too few texts"));
                let value = values.next().unwrap_or_else(too_few);
                let h = &mut answers[place][probe].h;
                match (value, h) {
                    (Ok(value), Ok(h)) => h.push(value),
                    (Err(error), h) => *h = Err(error),
                    (Ok(_), Err(_)) => {}
                }
            }
        }
    }
    answers
}

fn one_probe(one: &Running, number: usize) -> Option<&Probe> {
    one.probes().and_then(|probes| probes.get(number))
}
