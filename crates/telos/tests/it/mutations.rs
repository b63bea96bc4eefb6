//! Model files that were cut, flipped and filled with absurd numbers, through the program: it answers, or says what is wrong
//! with the input and exits with the code for that. It never panics, aborts, hangs, or takes memory that no file justifies.

#[path = "../../../telos-engine/tests/it/gguf.rs"]
mod gguf;

use crate::place::Place;
use gguf::{Parts, text};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long the program may take over one input.
const PATIENCE: Duration = Duration::from_secs(20);

/// Address space of the program in KiB, of which it takes some 130 MB by itself: an allocation that goes by what a file says,
/// and not by the file's size, ends it. The files have a quarter of a megabyte at most.
const ADDRESS_SPACE: u64 = 400 << 10;

/// What a text model and a classifier are asked.
const TEXT: &str = r#"{"kind": "tokenize", "text": "import os"}
{"kind": "chat_template", "messages": [{"role": "user", "content": "a"}]}
{"kind": "next_logits", "text": "import os"}
{"kind": "generate", "prompt": "import", "max_new_tokens": 3}
"#;
const CLASSIFY: &str = "{\"kind\": \"classify\", \"text\": \"import os\", \"text_pair\": \"b\"}\n";

/// One spoilt input: which model, which file of it, and what the file holds instead.
struct Spoilt {
    what: String,
    model: &'static str,
    file: &'static str,
    bytes: Vec<u8>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../telos-engine/tests/fixtures/models")
}

fn original(model: &str, file: &str) -> Vec<u8> {
    fs::read(fixtures().join(model).join(file)).expect("a fixture of the engine")
}

/// Numbers that look random, the same in each run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % most.max(1) as u64) as usize
    }
}

/// Cuts at the ends, at the quarters, and where headers begin and end.
fn truncated(model: &'static str, file: &'static str, into: &mut Vec<Spoilt>) {
    let whole = original(model, file);
    let size = whole.len();
    // A tokenizer says in its first two thousand bytes how it is made; what follows is its vocabulary.
    let within = (40..2_000).step_by(40).filter(|_| file == "tokenizer.json");
    for length in [0, 1, 4, 7, 8, 9, 24, size / 4, size / 2, size * 3 / 4, size - 1].into_iter().chain(within) {
        let bytes = whole[..length.min(size)].to_vec();
        into.push(Spoilt { what: format!("{model}/{file} cut to {length} bytes"), model, file, bytes });
    }
}

/// One bit, or a few, turned over among the first `reach` bytes.
fn flipped(model: &'static str, file: &'static str, reach: usize, times: usize, into: &mut Vec<Spoilt>) {
    let whole = original(model, file);
    let mut numbers = Numbers(file.len() as u64);
    for time in 0..times {
        let mut bytes = whole.clone();
        let places: Vec<usize> = (0..=time % 3).map(|_| numbers.below(reach.min(whole.len()) * 8)).collect();
        for place in &places {
            bytes[place / 8] ^= 1 << (place % 8);
        }
        into.push(Spoilt { what: format!("{model}/{file}, bits {places:?} turned"), model, file, bytes });
    }
}

/// Values that fit nowhere.
fn absurd() -> [Value; 9] {
    let huge = json!(1_000_000_000_000_000_000_u64);
    [json!(0), json!(-1), json!(1.5), huge, json!(u64::MAX), json!(1e300), json!("x"), json!([]), Value::Null]
}

/// Every place of a JSON value down to some depth, of long lists and objects the first few.
fn places(value: &Value, depth: usize, at: &str, into: &mut Vec<String>) {
    let (wide, deeper) = (if depth == 0 { 40 } else { 3 }, depth < 3);
    match value {
        Value::Object(map) if deeper => {
            for (key, value) in map.iter().take(wide) {
                let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                into.push(at.clone());
                places(value, depth + 1, &at, into);
            }
        }
        Value::Array(list) if deeper => {
            for (i, value) in list.iter().enumerate().take(wide.min(2)) {
                let at = format!("{at}/{i}");
                into.push(at.clone());
                places(value, depth + 1, &at, into);
            }
        }
        _ => {}
    }
}

/// Absurd values in every field of a JSON file; `each` of them in turn, so that many fields stay quick.
fn filled(model: &'static str, file: &'static str, each: usize, into: &mut Vec<Spoilt>) {
    let whole: Value = serde_json::from_slice(&original(model, file)).expect("JSON");
    let mut all = Vec::new();
    places(&whole, 0, "", &mut all);
    for (number, at) in all.iter().enumerate() {
        for i in 0..each {
            let value = &absurd()[(number * each + i) % absurd().len()];
            let mut changed = whole.clone();
            *changed.pointer_mut(at).expect("a place") = value.clone();
            let (what, bytes) = (format!("{model}/{file}, {at} is {value}"), changed.to_string().into_bytes());
            into.push(Spoilt { what, model, file, bytes });
        }
    }
}

/// Absurd values in the fields of a safetensors header.
fn headers(model: &'static str, into: &mut Vec<Spoilt>) {
    const FILE: &str = "model.safetensors";
    let whole = original(model, FILE);
    let length = u64::from_le_bytes(whole[..8].try_into().expect("8 bytes")) as usize;
    let header: Value = serde_json::from_slice(&whole[8..8 + length]).expect("a header");
    for stated in [0, 1, 2, length as u64 - 1, length as u64 + 1, 1 << 31, 1 << 40, 1 << 63, u64::MAX - 7, u64::MAX] {
        let mut bytes = whole.clone();
        bytes[..8].copy_from_slice(&stated.to_le_bytes());
        into.push(Spoilt { what: format!("{model}/{FILE}, a header of {stated}"), model, file: FILE, bytes });
    }
    let names: Vec<&String> =
        header.as_object().expect("tensors").keys().filter(|name| *name != "__metadata__").collect();
    for (name, part) in [(names[0], ""), (names[1], "/dtype"), (names[2], "/shape"), (names[3], "/shape/0")]
        .into_iter()
        .chain([(names[4], "/data_offsets"), (names[5], "/data_offsets/0"), (names[6], "/data_offsets/1")])
    {
        for value in absurd() {
            let mut changed = header.clone();
            *changed.pointer_mut(&format!("/{name}{part}")).expect("a field") = value.clone();
            let text = changed.to_string();
            let bytes = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &whole[8 + length..]].concat();
            into.push(Spoilt { what: format!("{model}/{FILE}, {name}{part} is {value}"), model, file: FILE, bytes });
        }
    }
}

/// Absurd numbers in every field of a GGUF header.
fn gguf_headers(into: &mut Vec<Spoilt>) {
    const MODEL: &str = "llama-gguf";
    const FILE: &str = "llama-q4_0.gguf";
    let parts = Parts::of(&original(MODEL, FILE));
    let mut push = |what: String, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        into.push(Spoilt { what: format!("{FILE}, {what}"), model: MODEL, file: FILE, bytes: parts.bytes() });
    };
    let numbers = [0, 1, 1 << 31, 1 << 33, 1 << 62, 1 << 63, u64::MAX - 15, u64::MAX];
    for number in numbers {
        push(format!("version {number}"), &|parts| parts.version = number as u32);
        for which in 0..2 {
            push(format!("count {which} is {number}"), &|parts| parts.counts[which] = Some(number));
        }
        for place in [0, 7, parts.tensors.len() - 1] {
            push(format!("offset {place} is {number}"), &|parts| parts.tensors[place].offset = number);
            push(format!("type {place} is {number}"), &|parts| parts.tensors[place].kind = number as u32);
            push(format!("extent {place} is {number}"), &|parts| parts.tensors[place].extents[0] = number);
            push(format!("all extents {place} are {number}"), &|parts| parts.tensors[place].extents = vec![number; 4]);
        }
        push(format!("a string of {number}"), &|parts| parts.set("general.name", 8, &number.to_le_bytes()));
        for kind in [0_u32, 8, 9, 12] {
            let list = [&kind.to_le_bytes()[..], &number.to_le_bytes()].concat();
            push(format!("a list of {number} of kind {kind}"), &|parts| parts.set("tokenizer.ggml.tokens", 9, &list));
        }
        push(format!("the alignment {number}"), &|parts| {
            parts.set("general.alignment", 4, &(number as u32).to_le_bytes());
        });
    }
    for (key, ..) in &parts.values {
        push(format!("no {key}"), &|parts| parts.remove(key));
        for (kind, bytes) in [
            (10, u64::MAX.to_le_bytes().to_vec()),
            (4, vec![0; 4]),
            (6, f32::NAN.to_le_bytes().to_vec()),
            (8, text("\u{0}\u{7f}")),
            (9, [&4_u32.to_le_bytes()[..], &0_u64.to_le_bytes()].concat()),
        ] {
            push(format!("{key} of kind {kind}"), &|parts| parts.set(key, kind, &bytes));
        }
    }
    for place in 0..4 {
        push(format!("no tensor {place}"), &|parts| drop(parts.tensors.remove(place)));
        push(format!("tensor {place} twice"), &|parts| parts.tensors.push(parts.tensors[place].clone()));
    }
}

fn all() -> Vec<Spoilt> {
    let mut all = Vec::new();
    let texts = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];
    for file in texts.into_iter().chain(["chat_template.jinja", "model.safetensors"]) {
        truncated("llama", file, &mut all);
    }
    truncated("llama-gguf", "llama-q4_0.gguf", &mut all);
    flipped("llama", "model.safetensors", 2_500, 50, &mut all);
    flipped("llama", "model.safetensors", usize::MAX, 10, &mut all);
    flipped("llama-gguf", "llama-q4_0.gguf", 1_200, 60, &mut all);
    flipped("llama-gguf", "llama-q4_0.gguf", usize::MAX, 20, &mut all);
    for file in texts {
        flipped("llama", file, 2_000, 20, &mut all);
    }
    flipped("llama", "chat_template.jinja", usize::MAX, 20, &mut all);
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        filled("llama", file, if file == "config.json" { 4 } else { 2 }, &mut all);
    }
    filled("roberta-cls", "config.json", 4, &mut all);
    filled("roberta-cls", "tokenizer.json", 1, &mut all);
    headers("llama", &mut all);
    gguf_headers(&mut all);
    all
}

/// A folder of a worker's own, with the models to spoil.
fn copies(place: &Place, worker: usize) -> PathBuf {
    let folder = place.0.join(worker.to_string());
    for model in ["llama", "llama-gguf", "roberta-cls"] {
        fs::create_dir_all(folder.join(model)).expect("a folder");
        for file in fs::read_dir(fixtures().join(model)).expect("a fixture") {
            let file = file.expect("a file");
            fs::copy(file.path(), folder.join(model).join(file.file_name())).expect("a copy");
        }
    }
    folder
}

/// Waits for the program, but not longer than it may take; none where it had to be ended.
fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the program") {
            // A signal is shown as a shell shows it.
            return Some(status.code().unwrap_or(-1));
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Asks the model; what is wrong with how it went, if anything is.
fn ask(folder: &Path, spoilt: &Spoilt) -> Option<String> {
    let Spoilt { what, model, file, .. } = spoilt;
    let path = if *model == "llama-gguf" { format!("{model}/{file}") } else { (*model).to_owned() };
    let (out, err) = (folder.join("out"), folder.join("err"));
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v $0; exec \"$@\"", &ADDRESS_SPACE.to_string(), env!("CARGO_BIN_EXE_telos")])
        .args(["probe", "--model", &path])
        .current_dir(folder)
        .env("TELOS_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(fs::File::create(&out).expect("a file"))
        .stderr(fs::File::create(&err).expect("a file"))
        .spawn()
        .expect("the program");
    let asked = if *model == "roberta-cls" { CLASSIFY } else { TEXT };
    // A program that refused the model reads no requests.
    let _ = child.stdin.take().expect("a pipe").write_all(asked.as_bytes());
    let Some(code) = wait(&mut child) else { return Some(format!("{what}: no end after {PATIENCE:?}")) };
    let (out, err) = (fs::read_to_string(&out).unwrap_or_default(), fs::read(&err).unwrap_or_default());
    let err = String::from_utf8_lossy(&err);
    let fine = match code {
        0 => out.lines().count() == asked.lines().count(),
        2 | 7 => out.is_empty() && err.lines().any(|line| line.starts_with("error: failed to ")) && err.len() < 2_000,
        _ => false,
    };
    (!fine || err.contains("panicked")).then(|| format!("{what}: exit {code}\n{out}{err}"))
}

#[test]
fn spoilt_models_are_refused_with_a_message_or_answered() {
    let all = all();
    assert!(all.len() >= 300, "{} inputs", all.len());
    let place = Place::new();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for worker in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let folder = copies(&place, worker);
            let (all, next, wrong) = (&all, &next, &wrong);
            scope.spawn(move || {
                for spoilt in std::iter::from_fn(|| all.get(next.fetch_add(1, Ordering::Relaxed))) {
                    let path = folder.join(spoilt.model).join(spoilt.file);
                    fs::write(&path, &spoilt.bytes).expect("written");
                    if let Some(message) = ask(&folder, spoilt) {
                        wrong.lock().expect("a lock").push(message);
                    }
                    fs::write(&path, original(spoilt.model, spoilt.file)).expect("written");
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("a lock");
    assert!(wrong.is_empty(), "{} of {} inputs:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn the_limits_let_good_models_pass() {
    let place = Place::new();
    let folder = copies(&place, 0);
    for (model, file) in [("llama", "config.json"), ("llama-gguf", "llama-q4_0.gguf"), ("roberta-cls", "config.json")] {
        let good = Spoilt { what: model.into(), model, file, bytes: Vec::new() };
        assert_eq!(ask(&folder, &good), None);
        let out = fs::read_to_string(folder.join("out")).expect("replies");
        assert!(!out.contains("\"error\""), "{out}");
    }
}
