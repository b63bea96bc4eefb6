//! The text side of a model: its tokenizer, its special tokens, its chat template. It needs no weights.

use super::chat::Template;
use super::memo::Memo;
use super::seam;
use super::tokenizer::Read;
use crate::error::OpenError;
use crate::home::Home;
use crate::limits::TEXT_BYTES;
use serde_json::{Map, Value};
use telos_core::request::Message;
use telos_core::text::python_rstrip;
use telos_core::{Prompt, RequestError};
use tokenizers::Tokenizer;

/// A token that has a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Special {
    pub(crate) id: u32,
    pub(crate) text: String,
}

/// A chat template's text and the file that it stands in.
pub(crate) struct Source {
    pub(crate) text: String,
    pub(crate) file: String,
}

/// Everything between text and ids.
pub(crate) struct TextSide {
    tokenizer: Tokenizer,
    /// The tokenizer's file, hashed.
    pub(crate) hash: String,
    pub(crate) bos: Option<Special>,
    pub(crate) eos: Option<Special>,
    pub(crate) pad: Option<Special>,
    pub(crate) template: Option<Template>,
    /// Whether every text must be covered by its tokens to the end; an encoder's may drop characters on purpose.
    pub(crate) covers: bool,
    /// Whether halves of a text may be encoded alone.
    seam: bool,
    /// Contexts that were encoded last.
    contexts: Memo,
    /// What is worth saying once of its files, though they can be used.
    pub(crate) notes: Vec<String>,
}

impl TextSide {
    /// A text side from a tokenizer's JSON and the `tokenizer_config.json` beside it. Truncation and padding that stand in the
    /// tokenizer are not applied.
    pub(crate) fn new(
        (json, file): (&[u8], &str),
        config: &Map<String, Value>,
        template: Option<Source>,
    ) -> Result<Self, OpenError> {
        let Read { mut tokenizer, notes, seam } = super::tokenizer::read(json, file)?;
        let wrong = |why: String| OpenError::Tokenizer { file: file.to_owned(), why };
        tokenizer
            .with_truncation(None)
            .map_err(|e| wrong(format!("does not let its truncation be turned off: {e}")))?;
        tokenizer.with_padding(None);
        let content = |key: &str| -> Option<String> {
            let value = config.get(key)?;
            value.as_str().or_else(|| value.get("content").and_then(Value::as_str)).map(str::to_owned)
        };
        let special = |key: &str| {
            let text = content(key)?;
            tokenizer.token_to_id(&text).map(|id| Special { id, text })
        };
        let (bos, eos, pad) = (special("bos_token"), special("eos_token"), special("pad_token"));
        let names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
        let tokens = names.iter().filter_map(|name| Some((*name, content(name)?))).collect();
        let compile = |source: Source| {
            let wrong = |error| OpenError::Template { file: source.file.clone(), error };
            Template::new(&source.text, tokens).map_err(wrong)
        };
        let template = template.map(compile).transpose()?;
        let hash = telos_core::digest::blake3_hex(json);
        Ok(Self { tokenizer, hash, bos, eos, pad, template, covers: true, seam, contexts: Memo::default(), notes })
    }

    /// The text side of a model in the Hugging Face layout.
    pub(crate) fn open(home: Home<'_>) -> Result<Self, OpenError> {
        const CONFIG: &str = "tokenizer_config.json";
        const TEMPLATE: &str = "chat_template.jinja";
        let path = home.shown("tokenizer.json");
        let json = home.read("tokenizer.json", TEXT_BYTES)?.ok_or_else(|| {
            OpenError::Missing(format!("there is no {path}; a model folder needs its tokenizer.json"))
        })?;
        let config = home.json(CONFIG)?.unwrap_or_default();
        let template = match home.read(TEMPLATE, TEXT_BYTES)? {
            Some(source) => {
                let file = home.shown(TEMPLATE);
                let text = String::from_utf8(source.into_owned())
                    .map_err(|e| OpenError::broken(&file, format!("it is no UTF-8 text: {e}")))?;
                Some(Source { text, file })
            }
            None => named_template(config.get("chat_template")).map(|text| Source { text, file: home.shown(CONFIG) }),
        };
        Self::new((&json, &path), &config, template)
    }

    /// One more than the largest id.
    pub(crate) fn size(&self) -> usize {
        self.tokenizer.get_vocab(true).values().max().map_or(0, |id| *id as usize + 1)
    }

    /// The text of a token.
    pub(crate) fn token_text(&self, id: u32) -> Option<String> {
        self.tokenizer.id_to_token(id)
    }

    /// The ids of a text as the tokenizer gives them.
    pub(crate) fn encode(&self, text: &str, add_special_tokens: bool) -> Result<Vec<u32>, RequestError> {
        self.encode_pair(text, None, add_special_tokens).map(|(ids, _)| ids)
    }

    /// The ids of a text as the anchors encode it: with special tokens, but none where it begins with the text of BOS.
    pub(crate) fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, RequestError> {
        self.encode(text, !self.bos.as_ref().is_some_and(|bos| text.starts_with(&bos.text)))
    }

    /// Ids and token types of one text or two.
    pub(crate) fn encode_pair(
        &self,
        text: &str,
        pair: Option<&str>,
        add_special_tokens: bool,
    ) -> Result<(Vec<u32>, Vec<u32>), RequestError> {
        let encoded = match pair {
            None => self.tokenizer.encode(text, add_special_tokens),
            Some(pair) => self.tokenizer.encode((text, pair), add_special_tokens),
        };
        let encoded = encoded.map_err(|e| RequestError::invalid(format!("the text cannot be tokenized: {e}")))?;
        // A regular expression that gives up half-way ends the text silently in the tokenizer; it must not be silent here.
        if self.covers && pair.is_none() {
            let end = encoded.get_offsets().iter().map(|(_, end)| *end).max().unwrap_or(0);
            if end < text.trim_end().len() {
                let rest = text.len() - end;
                return Err(RequestError::invalid(format!("the tokenizer left the last {rest} bytes of the text out")));
            }
        }
        Ok((encoded.get_ids().to_vec(), encoded.get_type_ids().to_vec()))
    }

    /// The id that stands for an empty context: BOS, or EOS where there is none.
    pub(crate) fn beginning(&self) -> Result<u32, RequestError> {
        let special = self.bos.as_ref().or(self.eos.as_ref());
        special.map(|s| s.id).ok_or_else(|| {
            RequestError::invalid("an empty context needs a beginning or end token, and the tokenizer has neither")
        })
    }

    /// Ids of a context and of what follows the context in the joint encoding (lm-evaluation-harness, `_encode_pair`).
    pub(crate) fn context_and_continuation(
        &self,
        context: &str,
        continuation: &str,
    ) -> Result<(Vec<u32>, Vec<u32>), RequestError> {
        let (head, tail) = if context.is_empty() {
            let first = self.beginning()?;
            let mut ids = self.encode(continuation, false)?;
            if ids.first() == Some(&first) { (vec![ids.remove(0)], ids) } else { (vec![first], ids) }
        } else {
            let kept = python_rstrip(context);
            let head = self.contexts.ids(kept, || self.encode_prompt(kept))?.to_vec();
            let rest = format!("{}{continuation}", &context[kept.len()..]);
            let tail = if self.seam && seam::lies_between(kept, &rest) {
                self.encode(&rest, false)?
            } else {
                let whole = self.encode_prompt(&format!("{context}{continuation}"))?;
                whole.get(head.len()..).unwrap_or_default().to_vec()
            };
            (head, tail)
        };
        if tail.is_empty() {
            return Err(RequestError::invalid("the continuation has no ids of its own after this context"));
        }
        if head.is_empty() {
            return Ok((vec![self.beginning()?], tail));
        }
        Ok((head, tail))
    }

    /// The text of ids, special tokens skipped, spaces as they are.
    pub(crate) fn decode(&self, ids: &[u32]) -> Result<String, RequestError> {
        self.tokenizer
            .decode(ids, true)
            .map_err(|e| RequestError::new(telos_core::ErrorKind::Internal, format!("ids cannot be decoded: {e}")))
    }

    /// The template's rendering of a chat.
    pub(crate) fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, RequestError> {
        match &self.template {
            Some(template) => template
                .render(messages, add_generation_prompt)
                .map_err(|e| RequestError::invalid(format!("the chat template cannot be rendered: {e}"))),
            None => Err(RequestError::invalid("the model has no chat template, so `messages` cannot be rendered")),
        }
    }

    /// The ids of a prompt, before truncation.
    pub(crate) fn prompt(&self, prompt: &Prompt, add_generation_prompt: bool) -> Result<Vec<u32>, RequestError> {
        let ids = match prompt {
            Prompt::Text(text) => self.encode_prompt(text)?,
            Prompt::Messages(messages) => self.encode(&self.render(messages, add_generation_prompt)?, false)?,
        };
        if ids.is_empty() { Ok(vec![self.beginning()?]) } else { Ok(ids) }
    }
}

/// `chat_template` of a tokenizer's configuration: a string, or a list of named ones of which `default` is taken.
fn named_template(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(source) => Some(source.clone()),
        Value::Array(list) => {
            let named = |name: &str| list.iter().find(|entry| entry.get("name").and_then(Value::as_str) == Some(name));
            named("default").and_then(|entry| entry.get("template")).and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::BuiltinModel;
    use std::path::Path;
    use telos_core::noise::mix;

    /// Texts of all sorts of characters, white space and special tokens among them.
    fn text(n: u64) -> String {
        const PARTS: [&str; 24] = [
            " ",
            "  ",
            "\n",
            "\t",
            "\r\n",
            "a",
            "word",
            "Wörter",
            "e\u{301}",
            "\u{301}",
            "7",
            "2026",
            "'s",
            "'",
            "!?",
            "...",
            "\u{a0}",
            "\u{2003}",
            "\u{1c}",
            "\u{1F600}",
            "\u{200d}",
            "<s>",
            "<|im_end|>",
            "日本語",
        ];
        (0..mix(n) % 9).map(|i| PARTS[(mix(n ^ (i + 1)) % PARTS.len() as u64) as usize]).collect()
    }

    fn check(side: &TextSide, name: &str) {
        assert!(side.seam, "{name}");
        let mut cut = 0;
        for n in 0..4000 {
            let (context, continuation) = (text(2 * n), format!(" {}", text(2 * n + 1)));
            let kept = python_rstrip(&context);
            let rest = format!("{}{continuation}", &context[kept.len()..]);
            if !seam::lies_between(kept, &rest) {
                continue;
            }
            cut += 1;
            let whole = side.encode_prompt(&format!("{context}{continuation}")).expect("ids");
            let halves = [side.encode_prompt(kept).expect("ids"), side.encode(&rest, false).expect("ids")].concat();
            assert_eq!(halves, whole, "{name}: {context:?} and {continuation:?}");
        }
        assert!(cut > 1000, "{cut}");
    }

    #[test]
    fn a_text_cut_at_a_seam_has_the_ids_of_the_whole() {
        let side =
            TextSide::open(Home::Builtin(BuiltinModel::find("tiny-lm").expect("it is there"))).expect("a tokenizer");
        check(&side, "tiny-lm");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models");
        for name in ["llama", "qwen2"] {
            check(&TextSide::open(Home::Folder(&fixtures.join(name))).expect("a tokenizer"), name);
        }
        for name in ["llama-rope-scaled", "bert-cls", "roberta-cls"] {
            assert!(!TextSide::open(Home::Folder(&fixtures.join(name))).expect("a tokenizer").seam, "{name}");
        }
    }
}
