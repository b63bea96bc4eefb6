//! What stands in the place of a file and is none, and files that are larger than anything in them. The names begin with the
//! number that the input has in the list of those that once went wrong.

use crate::copy::{Copy, check_path};
use crate::weights::{INDEX, SINGLE, Safetensors, answer, gguf, is_broken};
use serde_json::json;
use std::path::Path;

/// A file of that many bytes which takes no space.
fn sparse(path: &Path, first: &[u8], size: u64) {
    std::fs::write(path, first).expect("written");
    std::fs::OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(size)).expect("a sparse file");
}

#[test]
fn m7_r10_a_file_of_a_terabyte_is_refused_by_its_header() {
    const TERABYTE: u64 = 1 << 40;
    let copy = Copy::of("llama", "m7-sparse");
    let path = copy.0.join(SINGLE);
    let whole = std::fs::read(&path).expect("the weights");
    sparse(&path, &whole, TERABYTE);
    is_broken(&copy.0, "the file has 1099511627776");
    sparse(&path, b"", TERABYTE);
    is_broken(&copy.0, "header");
    // A header that is true of the file, but not of the configuration: nothing is hashed before that is found.
    let mut file = Safetensors::of(&whole);
    let mut first = file.bytes();
    file.header.insert("x".into(), json!({"dtype": "F32", "shape": [1_u64 << 37], "data_offsets": [file.values.len(), file.values.len() as u64 + (1 << 39)]}));
    let values = std::mem::take(&mut file.values);
    first.clear();
    first.extend(file.bytes());
    let header = first.len() as u64;
    first.extend(&values);
    sparse(&path, &first, header + values.len() as u64 + (1 << 39));
    check_path(&copy.0, &["nobody would read tensor `x`"]);
    std::fs::write(&path, &whole).expect("written");
    for name in
        ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]
    {
        let before = std::fs::read(copy.0.join(name)).expect("a file");
        sparse(&copy.0.join(name), &before, TERABYTE);
        check_path(&copy.0, &[name, "1099511627776 bytes"]);
        copy.write(name, &before);
    }
    answer(&copy.0);
    let (_gguf, path, parts) = gguf("m7-gguf");
    sparse(&path, &parts.bytes(), TERABYTE);
    is_broken(&path, "the file has 1099511627776");
}

#[cfg(unix)]
#[test]
fn m7_what_is_no_file_is_not_waited_for() {
    let copy = Copy::of("llama", "m7-fifo");
    copy.write(INDEX, b"");
    let names = [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        INDEX,
        SINGLE,
    ];
    for name in names {
        let path = copy.0.join(name);
        let before = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        check_path(&copy.0, &[name, "a FIFO"]);
        std::fs::remove_file(&path).expect("removed");
        let _socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        check_path(&copy.0, &[name, "a socket"]);
        std::fs::remove_file(&path).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        check_path(&copy.0, &[name, "a device"]);
        std::fs::remove_file(&path).expect("removed");
        std::fs::create_dir(&path).expect("a folder");
        check_path(&copy.0, &[name, "a folder"]);
        std::fs::remove_dir(&path).expect("removed");
        if name == INDEX {
            continue;
        }
        std::fs::write(&path, before).expect("written");
    }
    answer(&copy.0);
    let fifo = copy.0.join("x.gguf");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    check_path(&fifo, &["x.gguf", "a FIFO"]);
}
