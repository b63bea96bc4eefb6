//! x
mod exit; mod failure; mod probe;
fn main() { let a: Vec<String> = std::env::args().collect();
 let shelf = telos_engine::Shelf::new(telos_engine::Options::new(2, "/root/.cache/telos".into()));
 let t=std::time::Instant::now();
 probe::probe(shelf.as_ref(), &probe::Probe{model:a[1].clone(),requests:Some(a[2].clone().into()),out:Some(a[3].clone().into())}).unwrap();
 eprintln!("{:?} {:?}", t.elapsed(), shelf.counters(&telos_core::ModelRef::parse(&a[1])));
}
