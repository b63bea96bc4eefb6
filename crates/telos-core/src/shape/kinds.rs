//! The object forms that are the same wherever they stand: models, and what every source has.

use super::field::{Field, KindShape, Shape, no_further_check};

/// The keys that every source has beside those of its kind.
pub static SOURCE_FIELDS: &[Field] = &[
    Field::required("path", Shape::Path, "A file, or a folder of files; `cache:REL` is a file in the cache folder."),
    Field::optional("sha256", Shape::Text, "The sha256 of the file, 64 hexadecimal digits."),
];

/// The object forms of a model.
pub static MODELS: &[KindShape] = &[
    KindShape {
        kind: "builtin",
        about: "A model that comes with Telos.",
        fields: &[Field::required("name", Shape::Text, "Its name.")],
        check: no_further_check,
    },
    KindShape {
        kind: "local",
        about: "A folder in the Hugging Face layout, or a GGUF file.",
        fields: &[
            Field::required("path", Shape::Text, "The folder or file; `cache:REL` lies in the cache folder."),
            Field::optional("dtype", Shape::Choice(&["f32"]), "What it is computed in."),
        ],
        check: no_further_check,
    },
    KindShape {
        kind: "hub",
        about: "A repository of a model hub.",
        fields: &[
            Field::required("repo", Shape::Text, "`org/name`."),
            Field::optional("revision", Shape::Text, "A branch, a tag or a commit."),
        ],
        check: no_further_check,
    },
    KindShape {
        kind: "openai",
        about: "A server that speaks the OpenAI protocol.",
        fields: &[
            Field::required("url", Shape::Text, "Its base address."),
            Field::optional("model", Shape::Text, "The model's name there."),
        ],
        check: no_further_check,
    },
];

/// The kind of a source as its file's ending tells it; for a folder, the endings of the files in it are not looked at.
pub fn source_kind<'a>(path: &str, kinds: &'a [KindShape]) -> Option<&'a KindShape> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    // A table in Parquet is packed inside; only text is packed from outside.
    let (name, packed) = name.strip_suffix(".gz").map_or((name.as_str(), false), |plain| (plain, true));
    let kind = match name.rsplit_once('.')?.1 {
        "ndjson" => "jsonl",
        "parquet" if packed => return None,
        other => other,
    };
    kinds.iter().find(|k| k.kind == kind)
}
