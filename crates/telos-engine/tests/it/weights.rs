//! Tensors and headers: which file decides, what is refused, by which name, and what is read all the same. The names begin with
//! the number that the input has in the list of those that once went wrong.

use crate::copy::{Copy, check_path, refused};
use crate::fixture::{Opened, options};
use crate::gguf::Parts;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use telos_core::{ModelRef, Models, Weights};
use telos_engine::{LocalModels, OpenError};

pub(crate) const SINGLE: &str = "model.safetensors";
pub(crate) const INDEX: &str = "model.safetensors.index.json";
const GGUF: &str = "llama-f16.gguf";

/// A safetensors file as its header and its values.
#[derive(Clone)]
pub(crate) struct Safetensors {
    pub(crate) header: Map<String, Value>,
    pub(crate) values: Vec<u8>,
}

impl Safetensors {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
        let header = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
        Self { header, values: bytes[8 + length..].to_vec() }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let header = Value::Object(self.header.clone()).to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &self.values].concat()
    }

    fn names(&self) -> Vec<String> {
        self.header.keys().filter(|name| *name != "__metadata__").cloned().collect()
    }

    /// A tensor's values.
    fn get(&self, name: &str) -> Vec<u8> {
        let at = |i: usize| self.header[name]["data_offsets"][i].as_u64().expect("an offset") as usize;
        self.values[at(0)..at(1)].to_vec()
    }

    /// Adds a tensor.
    fn add(&mut self, name: &str, dtype: &str, shape: &Value, values: &[u8]) {
        let first = self.values.len();
        self.values.extend(values);
        self.header
            .insert(name.into(), json!({"dtype": dtype, "shape": shape, "data_offsets": [first, self.values.len()]}));
    }

    /// The file of some of the tensors.
    fn part(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut part = Self { header: Map::new(), values: Vec::new() };
        for name in self.names().iter().filter(|name| keep(name)) {
            let dtype = self.header[name]["dtype"].as_str().expect("a type");
            part.add(name, dtype, &self.header[name]["shape"], &self.get(name));
        }
        part
    }
}

fn single(copy: &Copy) -> Safetensors {
    Safetensors::of(&std::fs::read(copy.0.join(SINGLE)).expect("the weights"))
}

fn good() -> Value {
    json!({"kind": "loglikelihood", "context": "import", "continuation": " os.path"})
}

pub(crate) fn answer(path: &Path) -> Value {
    Opened::new(path).ask(&[good()]).remove(0)
}

fn is_unsupported(path: &Path, parts: &[&str]) {
    let error = refused(path);
    assert!(matches!(error, OpenError::Unsupported { .. }), "{error:?}");
    let text = error.to_string();
    assert!(!text.contains("fetch") && !text.contains("broken"), "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

pub(crate) fn is_broken(path: &Path, part: &str) {
    let error = refused(path);
    assert!(matches!(error, OpenError::Broken { .. }), "{part}: {error:?}");
    assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
}

#[test]
fn m1_exactly_model_safetensors_is_read_where_there_is_no_index() {
    let copy = Copy::of("llama", "m1-single");
    let expected = answer(&copy.0);
    let mut zeros = single(&copy);
    zeros.values.fill(0);
    for leftover in ["model.fp16.safetensors", "model-00001-of-00002.safetensors", "model-a.safetensors"] {
        copy.write(leftover, &zeros.bytes());
    }
    assert_eq!(answer(&copy.0), expected);
    std::fs::remove_file(copy.0.join(SINGLE)).expect("removed");
    check_path(&copy.0, &["no model.safetensors", INDEX]);
}

#[test]
fn m1_the_index_decides() {
    const SHARDS: [&str; 2] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let copy = Copy::of("llama", "m1-index");
    let expected = answer(&copy.0);
    let whole = single(&copy);
    let second = |name: &str| name.contains("layers.1") || name.starts_with("lm_head");
    let map: Map<String, Value> =
        whole.names().into_iter().map(|n| (n.clone(), SHARDS[usize::from(second(&n))].into())).collect();
    let index = |map: &Map<String, Value>| copy.write(INDEX, json!({"weight_map": map}).to_string().as_bytes());
    index(&map);
    let shards = [whole.part(|name| !second(name)), whole.part(second)];
    for (name, shard) in SHARDS.iter().zip(&shards) {
        copy.write(name, &shard.bytes());
    }
    // Zeros in the file that the index does not name, and in one that lies about.
    let mut zeros = whole.clone();
    zeros.values.fill(0);
    copy.write(SINGLE, &zeros.bytes());
    copy.write("model-00003-of-00002.safetensors", &zeros.bytes());
    assert_eq!(answer(&copy.0), expected);

    let spoilt = |change: &dyn Fn(&mut Map<String, Value>), parts: &[&str]| {
        let mut changed = map.clone();
        change(&mut changed);
        index(&changed);
        check_path(&copy.0, parts);
        index(&map);
    };
    let norm = "model.norm.weight";
    for leaves in ["../x.safetensors", "/etc/hostname", "a/../../x.safetensors", "", "."] {
        spoilt(&|map| drop(map.insert(norm.into(), leaves.into())), &[INDEX, norm, "no file of the folder"]);
    }
    spoilt(&|map| drop(map.insert(norm.into(), 3.into())), &[norm, "is 3", "a file's name"]);
    spoilt(
        &|map| drop(map.insert(norm.into(), "model-9.safetensors".into())),
        &["model-9.safetensors", "missing shard"],
    );
    spoilt(&|map| drop(map.insert(norm.into(), SHARDS[1].into())), &[norm, SHARDS[0], SHARDS[1]]);
    spoilt(&|map| drop(map.insert("x".into(), SHARDS[1].into())), &["`x`", "does not have it"]);
    spoilt(&|map| drop(map.shift_remove(norm)), &["does not name", norm]);
    spoilt(&Map::clear, &["weight_map"]);
    let twice = r#"{"weight_map": {"a": "b.safetensors", "a": "c.safetensors"}}"#;
    copy.write(INDEX, twice.as_bytes());
    check_path(&copy.0, &[INDEX, "`a` stands twice"]);
    index(&map);

    let mut both = shards[1].clone();
    both.add(norm, "F32", &json!([32]), &whole.get(norm));
    copy.write(SHARDS[1], &both.bytes());
    check_path(&copy.0, &[norm, "two files", SHARDS[0], SHARDS[1]]);
    copy.write(SHARDS[1], &shards[1].bytes());
    std::fs::remove_file(copy.0.join(SHARDS[0])).expect("removed");
    check_path(&copy.0, &[SHARDS[0], "missing shard"]);
}

#[cfg(unix)]
#[test]
fn m1_links_that_loop_are_named() {
    let copy = Copy::of("llama", "m1-loop");
    std::fs::remove_file(copy.0.join(SINGLE)).expect("removed");
    std::os::unix::fs::symlink(copy.0.join(SINGLE), copy.0.join(SINGLE)).expect("a link");
    check_path(&copy.0, &[SINGLE, "cannot read"]);
    let folder = copy.0.join("itself");
    std::os::unix::fs::symlink(&folder, &folder).expect("a link");
    check_path(&folder, &["itself", "leads nowhere"]);
}

pub(crate) fn gguf(name: &str) -> (Copy, PathBuf, Parts) {
    let copy = Copy::of("llama-gguf", name);
    let path = copy.0.join(GGUF);
    let parts = Parts::of(&std::fs::read(&path).expect("the file"));
    (copy, path, parts)
}

/// Writes the file with a change.
fn changed(path: &Path, parts: &Parts, change: impl FnOnce(&mut Parts)) {
    let mut parts = parts.clone();
    change(&mut parts);
    std::fs::write(path, parts.bytes()).expect("written");
}

#[test]
fn m2_the_alignment_is_checked_before_anything_divides_by_it() {
    const KEY: &str = "general.alignment";
    let (_copy, path, parts) = gguf("m2");
    changed(&path, &parts, |_| {});
    let expected = answer(&path);
    changed(&path, &parts, |parts| parts.set(KEY, 4, &32_u32.to_le_bytes()));
    assert_eq!(answer(&path), expected);
    let wrong: [(u32, &[u8]); 8] = [
        (4, &0_u32.to_le_bytes()),
        (4, &3_u32.to_le_bytes()),
        (4, &48_u32.to_le_bytes()),
        (4, &u32::MAX.to_le_bytes()),
        (10, &32_u64.to_le_bytes()),
        (5, &(-32_i32).to_le_bytes()),
        (6, &32_f32.to_le_bytes()),
        (7, &[1]),
    ];
    for (kind, bytes) in wrong {
        changed(&path, &parts, |parts| parts.set(KEY, kind, bytes));
        check_path(&path, &[KEY, "power of two", GGUF]);
    }
    // A power of two, but not the one by which the tensors lie.
    changed(&path, &parts, |parts| parts.set(KEY, 4, &(1_u32 << 31).to_le_bytes()));
    is_broken(&path, "ends at byte 2147");
}

#[test]
fn m3_types_of_gguf_tensors_are_refused_by_name() {
    let (_copy, path, parts) = gguf("m3");
    let names = [
        (6, "Q5_0"),
        (12, "Q4_K"),
        (14, "Q6_K"),
        (20, "IQ4_NL"),
        (23, "IQ4_XS"),
        (30, "BF16"),
        (36, "IQ4_NL_4_4"),
        (39, "MXFP4"),
        (24, "I8"),
        (4_000_000_000, "4000000000"),
    ];
    for (kind, name) in names {
        for place in [0, 3, parts.tensors.len() - 1] {
            let tensor = parts.tensors[place].name.clone();
            changed(&path, &parts, |parts| parts.tensors[place].kind = kind);
            is_unsupported(&path, &[name, &format!("`{tensor}`"), GGUF, "F32, F16, Q8_0, Q4_0, Q4_1"]);
        }
    }
}

#[test]
fn m4_numbers_of_a_gguf_header_are_held_against_the_file() {
    let (_copy, path, parts) = gguf("m4");
    let mut last = parts.tensors.len() - 1;
    for offset in [u64::MAX - 15, u64::MAX - 31, u64::MAX, 1 << 63, 1 << 40, 151_297, 151_328] {
        changed(&path, &parts, |parts| parts.tensors[last].offset = offset);
        assert!(matches!(refused(&path), OpenError::Broken { .. }), "offset {offset}");
    }
    // Two tensors in one place.
    changed(&path, &parts, |parts| parts.tensors[last].offset = 0);
    is_broken(&path, "inside another");
    last = 0;
    let huge: [&[u64]; 8] = [
        &[1 << 33, 1 << 33],
        &[u64::MAX, 1],
        &[u64::MAX, u64::MAX, u64::MAX, u64::MAX],
        &[1 << 62, 4],
        &[0, 600],
        &[],
        &[1, 1, 1, 1, 1],
        &[32, 1 << 40],
    ];
    for extents in huge {
        changed(&path, &parts, |parts| parts.tensors[last].extents = extents.to_vec());
        assert!(matches!(refused(&path), OpenError::Broken { .. }), "{extents:?}");
    }
    for count in [u64::MAX, 1 << 63, 1 << 32, 100_000] {
        for which in 0..2 {
            changed(&path, &parts, |parts| parts.counts[which] = Some(count));
            assert!(matches!(refused(&path), OpenError::Broken { .. }), "count {which}: {count}");
        }
        let bytes = count.to_le_bytes();
        changed(&path, &parts, |parts| parts.set("general.name", 8, &bytes));
        // A length that the file could have ends somewhere else.
        let named = if count > 200_000 { "general.name" } else { "" };
        is_broken(&path, named);
        for kind in [0_u32, 8, 9, 12] {
            let list = [&kind.to_le_bytes()[..], &bytes].concat();
            changed(&path, &parts, |parts| parts.set("general.list", 9, &list));
            is_broken(&path, if count > 200_000 { "general.list" } else { "" });
        }
    }
    // Lists in lists in lists.
    let nested: Vec<u8> = (0..10_000).flat_map(|_| [&9_u32.to_le_bytes()[..], &1_u64.to_le_bytes()].concat()).collect();
    changed(&path, &parts, |parts| parts.set("general.list", 9, &nested));
    is_broken(&path, "lists in each other");
    for kind in [13, u32::MAX] {
        changed(&path, &parts, |parts| parts.set("general.name", kind, &[0; 16]));
        is_broken(&path, "general.name");
    }
    changed(&path, &parts, |parts| parts.values.push(parts.values[0].clone()));
    is_broken(&path, "stands twice");
    changed(&path, &parts, |parts| parts.tensors[1].name = parts.tensors[0].name.clone());
    is_broken(&path, "stands twice");
    changed(&path, &parts, |parts| parts.data.extend([0; 4096]));
    is_broken(&path, "the file has");
    for (version, part) in [(0, "version 0"), (4, "version 4"), (3_u32.swap_bytes(), "big-endian")] {
        changed(&path, &parts, |parts| parts.version = version);
        is_unsupported(&path, &[part]);
    }
    std::fs::write(&path, b"GGML and more").expect("written");
    is_broken(&path, "no GGUF file");
}

#[test]
fn m6_every_tensor_is_read_or_named() {
    let copy = Copy::of("llama", "m6");
    let whole = single(&copy);
    for layers in [1, 2] {
        copy.edit_json("config.json", |config| config["num_hidden_layers"] = json!(layers));
        check_path(&copy.0, &[&format!("`model.layers.{layers}."), "nobody would read", &format!("{layers} layers")]);
    }
    for layers in [4_u64, 1 << 29] {
        copy.edit_json("config.json", |config| config["num_hidden_layers"] = json!(layers));
        check_path(&copy.0, &["no tensor `model.layers.3."]);
    }
    copy.edit_json("config.json", |config| config["num_hidden_layers"] = json!(3));
    let expected = answer(&copy.0);
    let with = |name: &str, dtype: &str, shape: Value, values: &[u8]| {
        let mut file = whole.clone();
        file.add(name, dtype, &shape, values);
        copy.write(SINGLE, &file.bytes());
    };
    for name in ["model.layers.0.self_attn.q_proj.bias", "model.layers.0.self_attn.q_norm.weight", "score.weight", "x"]
    {
        with(name, "F32", json!([2]), &[0; 8]);
        check_path(&copy.0, &[&format!("`{name}`"), "nobody would read"]);
    }
    // What is known to change nothing is read over, whatever its type, and said once.
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = heard.clone();
    let models =
        LocalModels::telling(options(), Box::new(move |note| into.lock().expect("a lock").push(note.to_owned())));
    let name = "model.layers.2.self_attn.rotary_emb.inv_freq";
    with(name, "I64", json!([1]), &[0; 8]);
    for weights in [Weights::Skip, Weights::Load, Weights::Load] {
        models.open(&ModelRef::Local { path: copy.0.clone() }, weights).expect("it opens");
    }
    let heard = heard.lock().expect("a lock").clone();
    assert!(heard.len() == 1 && heard[0].contains(name) && heard[0].contains("ignored"), "{heard:?}");
    assert_eq!(answer(&copy.0), expected);

    let roberta = Copy::of("roberta-cls", "m6-roberta");
    let mut file = single(&roberta);
    for part in ["roberta.embeddings.position_ids", "roberta.pooler.dense.weight", "lm_head.bias"] {
        file.add(part, "I64", &json!([1, 1]), &[0; 8]);
    }
    roberta.write(SINGLE, &file.bytes());
    Opened::new(&roberta.0);
    file.add("roberta.encoder.layer.3.output.dense.bias", "F32", &json!([1]), &[0; 4]);
    roberta.write(SINGLE, &file.bytes());
    check_path(&roberta.0, &["roberta.encoder.layer.3.output.dense.bias"]);
}

#[test]
fn m6_tying_is_held_against_what_is_there() {
    let tie = |copy: &Copy, tied: Value| copy.edit_json("config.json", |c| c["tie_word_embeddings"] = tied);
    let copy = Copy::of("llama", "m6-tie");
    tie(&copy, json!(true));
    check_path(&copy.0, &["tie_word_embeddings", "lm_head.weight"]);
    tie(&copy, json!("yes"));
    check_path(&copy.0, &["`tie_word_embeddings`", "true or false"]);
    let tied = Copy::of("llama-rope-scaled", "m6-tied");
    let expected = answer(&tied.0);
    tie(&tied, json!(false));
    check_path(&tied.0, &["lm_head.weight", "tie_word_embeddings: true"]);
    tie(&tied, json!(true));
    let mut file = single(&tied);
    let embedding = file.get("model.embed_tokens.weight");
    file.add("lm_head.weight", "F32", &json!([600, 32]), &embedding);
    tied.write(SINGLE, &file.bytes());
    assert_eq!(answer(&tied.0), expected, "the same matrix a second time");
}

#[test]
fn m14_types_of_safetensors_are_refused_by_name() {
    let copy = Copy::of("llama", "m14");
    let whole = single(&copy);
    let types = ["F8_E4M3", "F8_E5M2", "U8", "I8", "I16", "U16", "I32", "U32", "I64", "U64", "BOOL", "C64", "F4", "X9"];
    for dtype in types {
        for name in ["model.norm.weight", "model.layers.1.mlp.down_proj.weight"] {
            let mut file = whole.clone();
            file.header[name]["dtype"] = json!(dtype);
            copy.write(SINGLE, &file.bytes());
            is_unsupported(&copy.0, &[dtype, name, "F32, F16, BF16"]);
        }
    }
    copy.write(SINGLE, &whole.bytes());
    let expected = answer(&copy.0);
    for (value, part) in [
        (json!({"quant_method": "fp8", "weight_block_size": [128, 128]}), "fp8"),
        (json!({"quant_method": "gptq", "bits": 4}), "gptq"),
        (json!({"load_in_8bit": true}), "quantization_config"),
        (json!({}), "quantization_config"),
        (json!("awq"), "quantization_config"),
    ] {
        copy.edit_json("config.json", |config| config["quantization_config"] = value);
        is_unsupported(&copy.0, &[part, "config.json"]);
    }
    copy.edit_json("config.json", |config| config["quantization_config"] = Value::Null);
    assert_eq!(answer(&copy.0), expected);
}

#[test]
fn values_of_64_bits_are_read_as_their_32() {
    let copy = Copy::of("llama", "f64");
    let expected = answer(&copy.0);
    let whole = single(&copy);
    let mut wide = Safetensors { header: Map::new(), values: Vec::new() };
    for name in whole.names() {
        let floats: Vec<u8> = whole
            .get(&name)
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|b| f64::from(f32::from_le_bytes(*b)).to_le_bytes())
            .collect();
        wide.add(&name, "F64", &whole.header[&name]["shape"], &floats);
    }
    copy.write(SINGLE, &wide.bytes());
    assert_eq!(answer(&copy.0), expected);
}
