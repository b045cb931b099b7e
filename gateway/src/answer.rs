//! What every provider decodes to: OpenAI's shape, with what the gateway must know beside it.

use bytes::Bytes;
use serde::Deserialize;

pub(crate) mod chunks;
pub(crate) mod completion;
mod context;
mod error;
pub(crate) mod fields;
pub(crate) mod generated;
mod usage;

pub use context::AnswerContext;
pub use error::{RetryHints, UpstreamError, UpstreamErrorKind, scrub, scrub_param};
pub use usage::{CostDetails, ReportedUsage};
pub(crate) use usage::{MAX_COUNT, on_one_line};

use fields::{Field, Fields, ObjectWriter, quoted};
use generated::Generated;

/// A whole JSON answer in OpenAI's shape.
#[derive(Clone, Debug)]
pub struct ChatAnswer {
    fields: Vec<AnswerField>,
    choices: Bytes,
    /// What was generated, where it is more or less than the choices say.
    generated: Option<String>,
    usage: Option<ReportedUsage>,
}

/// One chunk of a streamed answer, or what only the gateway learns from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatChunk {
    /// The chunk object for the client, on one line. `None` where the upstream's chunk is for the gateway only.
    pub json: Option<Bytes>,
    /// The chunk carries a choice's `finish_reason`.
    pub finishes: bool,
    /// The counts so far; of several in one stream the last is the right one.
    pub usage: Option<ReportedUsage>,
}

/// A top-level field of an answer: a slice of the body, or a place that is filled in.
#[derive(Clone, Debug)]
enum AnswerField {
    AsSent { key: Bytes, value: Bytes },
    Model,
    Usage,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Generated<'a>,
}

impl ChatAnswer {
    /// Takes a body that is an object with at least one choice, each with a message. `None` where it is not.
    #[must_use]
    pub fn new(body: &Bytes) -> Option<Self> {
        let fields = Fields::parse(std::str::from_utf8(body).ok()?).ok()?;
        let choices = fields.get("choices").filter(|choices| has_messages(choices))?;
        Some(Self {
            fields: fields.iter().filter(|field| !is_ours(&field.name)).map(|field| place(body, field)).collect(),
            choices: body.slice_ref(choices.as_bytes()),
            generated: None,
            usage: fields.get("usage").and_then(ReportedUsage::parse),
        })
    }

    /// What the provider says was used.
    #[must_use]
    pub const fn usage(&self) -> Option<&ReportedUsage> {
        self.usage.as_ref()
    }

    /// Everything that was generated, for the tokenizer.
    #[must_use]
    pub fn text(&self) -> String {
        if let Some(generated) = &self.generated {
            return generated.clone();
        }
        let mut text = String::new();
        let choices: Vec<Choice<'_>> = serde_json::from_slice(&self.choices).unwrap_or_default();
        for choice in choices {
            choice.message.append_to(&mut text);
        }
        text
    }

    /// The answer as it was sent, apart from what the gateway tells itself: the public `model` id, the `provider` and
    /// the `usage` object, which is left out where there is none.
    #[must_use]
    pub fn render(&self, model: &str, provider: &str, usage: Option<&str>) -> Bytes {
        let mut writer = ObjectWriter::with_capacity(self.choices.len() + 1_024);
        let (mut model, mut usage) = (Some(quoted(model)), usage);
        for field in &self.fields {
            match field {
                AnswerField::AsSent { key, value } => {
                    writer.raw(&String::from_utf8_lossy(key), &String::from_utf8_lossy(value));
                }
                AnswerField::Model => model.take().iter().for_each(|model| writer.raw("\"model\"", model)),
                AnswerField::Usage => usage.take().iter().for_each(|usage| writer.raw("\"usage\"", usage)),
            }
        }
        model.iter().for_each(|model| writer.raw("\"model\"", model));
        writer.raw("\"provider\"", &quoted(provider));
        usage.iter().for_each(|usage| writer.raw("\"usage\"", usage));
        writer.finish().into()
    }
}

/// Fields that only the gateway may fill, and `obfuscation`, which hides lengths from eavesdroppers on another
/// connection than this.
pub(crate) fn is_ours(name: &str) -> bool {
    matches!(name, "provider" | "cost" | "cost_details" | "obfuscation")
}

fn place(body: &Bytes, field: &Field<'_>) -> AnswerField {
    let slice = |text: &str| body.slice_ref(text.as_bytes());
    match field.name.as_ref() {
        "model" => AnswerField::Model,
        "usage" => AnswerField::Usage,
        _ => AnswerField::AsSent { key: slice(field.key), value: slice(field.value) },
    }
}

fn has_messages(choices: &str) -> bool {
    let is_message = |choice: &Fields<'_>| choice.get("message").is_some_and(|message| message.starts_with('{'));
    let each: Vec<Fields<'_>> = serde_json::from_str(choices).unwrap_or_default();
    let is_typed = serde_json::from_str::<Vec<Choice<'_>>>(choices).is_ok();
    !each.is_empty() && each.iter().all(is_message) && is_typed
}
