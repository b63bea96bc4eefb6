//! `telos probe`: raw access to a model, one JSON object per line.

use crate::cli::Probe;
use crate::exit;
use crate::failure::Failure;
use crate::output::{stream, write_file};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use telos_core::request::rebase;
use telos_core::{ErrorKind, Model, ModelRef, Models, Outcome, Request, RequestError, Weights, ask_all};

/// Requests that are answered together; replies are written after each such group.
const GROUP: usize = 1024;

/// Answers every line.
pub(crate) fn probe(models: &dyn Models, what: &Probe) -> Result<u8, Failure> {
    let named = ModelRef::parse(&what.model);
    let model =
        models.open(&named, Weights::Load).map_err(|e| Failure::usage(format!("failed to open the model: {e}")))?;
    let (reader, folder): (Box<dyn BufRead>, PathBuf) = match &what.requests {
        Some(path) => {
            let file = File::open(path)
                .map_err(|e| Failure::usage(format!("failed to read the requests: {}: {e}", path.display())))?;
            (Box::new(BufReader::new(file)), path.parent().unwrap_or(Path::new("")).to_path_buf())
        }
        None => (Box::new(BufReader::new(std::io::stdin())), PathBuf::new()),
    };
    let asked = Asked { models, model: model.as_ref(), reader, folder };
    match &what.out {
        Some(path) => {
            // What was answered before a failure is kept.
            let mut answered = Ok(());
            write_file(path, |out| {
                answered = asked.answer(out);
                Ok(())
            })?;
            answered?;
        }
        None => stream(|out| asked.answer(out))?,
    }
    Ok(exit::SUCCESS)
}

/// Requests, and whom to ask.
struct Asked<'a> {
    models: &'a dyn Models,
    model: &'a dyn Model,
    reader: Box<dyn BufRead>,
    /// Where the requests' relative paths start.
    folder: PathBuf,
}

impl Asked<'_> {
    fn answer(self, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { models, model, reader, folder } = self;
        let mut group = Vec::with_capacity(GROUP);
        let mut read = |group: &mut Vec<Line>| answer(models, model, std::mem::take(group), out);
        for line in reader.split(b'\n') {
            let line = line.map_err(|e| Failure::usage(format!("failed to read the requests: {e}")))?;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            group.push(parse(&line, &folder));
            if group.len() == GROUP {
                read(&mut group)?;
            }
        }
        read(&mut group)
    }
}

/// One line: its id, and the request or what is wrong with it.
struct Line {
    id: Value,
    request: Result<Request, RequestError>,
}

fn parse(line: &[u8], folder: &Path) -> Line {
    let mut value = match telos_core::json::read(line) {
        Ok(value) => value,
        Err(e) => {
            let request = Err(RequestError::invalid(format!("the line is no JSON: {e} (at column {})", e.column)));
            return Line { id: Value::Null, request };
        }
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    rebase(&mut value, folder, telos_control::KINDS);
    Line { id, request: Request::from_json(&value) }
}

fn answer(models: &dyn Models, model: &dyn Model, lines: Vec<Line>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; lines.len()];
    // By the model that a request names; those that name none are asked of the one of the command line.
    let mut asked: Vec<(Option<ModelRef>, Vec<usize>, Vec<Request>)> = vec![(None, Vec::new(), Vec::new())];
    let mut ids = Vec::new();
    for (place, line) in lines.into_iter().enumerate() {
        ids.push(line.id);
        match line.request {
            Err(error) => outcomes[place] = Some(Err(error)),
            Ok(mut request) => {
                let whom = request.model.take();
                let at = asked.iter().position(|(known, ..)| *known == whom).unwrap_or_else(|| {
                    asked.push((whom, Vec::new(), Vec::new()));
                    asked.len() - 1
                });
                asked[at].1.push(place);
                asked[at].2.push(request);
            }
        }
    }
    for (whom, places, requests) in asked {
        let opened = whom.map(|whom| models.open(&whom, Weights::Load)).transpose();
        let replies = match &opened {
            Ok(None) => ask_all(model, &requests),
            Ok(Some(other)) => ask_all(other.as_ref(), &requests),
            Err(error) => {
                requests.iter().map(|_| Err(RequestError::new(ErrorKind::Model, error.to_string()))).collect()
            }
        };
        places.into_iter().zip(replies).for_each(|(place, reply)| outcomes[place] = Some(reply));
    }
    for (id, outcome) in ids.into_iter().zip(outcomes) {
        let outcome =
            outcome.unwrap_or_else(|| Err(RequestError::new(ErrorKind::Internal, "the model did not answer")));
        let mut written = Map::new();
        written.insert("id".into(), id);
        match outcome {
            Ok(reply) => {
                if let Value::Object(fields) = reply.to_json() {
                    written.extend(fields);
                }
            }
            Err(error) => {
                written.insert("error".into(), json!({"kind": error.kind.as_str(), "message": error.message}));
            }
        }
        let write = serde_json::to_writer(&mut *out, &written).map_err(std::io::Error::from);
        write.and_then(|()| out.write_all(b"\n")).map_err(|e| Failure::output(&e))?;
    }
    out.flush().map_err(|e| Failure::output(&e))
}
