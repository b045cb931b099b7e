//! A customer's chat completion request, parsed and validated.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use super::cursor::At;
use super::invalid::InvalidRequest;
use super::json::{Duplicates, Json, Number, Reader};
use super::params::{self, FALLBACKS};
use super::relations::Known;
use super::scan::{self, Field};
use super::shape::{self, Piece, Shape};
use super::splice::{self, Edit};

/// The parameters whose JSON the model reads as it is.
const DEFINITIONS: [&str; 3] = ["tools", "functions", "response_format"];

/// A valid request: the bytes that the client sent, and what was learnt of them.
///
/// The body is not copied. `Debug` shows nothing of what it says.
#[derive(Clone)]
pub struct ChatRequest {
    body: Bytes,
    facts: Facts,
}

/// What is asked of a request more than once.
#[derive(Clone)]
struct Facts {
    fields: Vec<Field<'static>>,
    model: String,
    fallbacks: Vec<String>,
    stream: bool,
    include_usage: bool,
    named_max_tokens: Option<u64>,
    choices: u32,
    shape: Shape,
}

impl ChatRequest {
    /// Parses and validates a body.
    ///
    /// # Errors
    /// The first thing in it that is wrong, in the order in which it was sent.
    pub fn parse(body: Bytes) -> Result<Self, InvalidRequest> {
        let facts = Facts::read(scan::text(&body)?)?;
        Ok(Self { body, facts })
    }

    /// The model that the client asks for.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.facts.model
    }

    /// The models to try when that one cannot be served, in order (`models`).
    #[must_use]
    pub fn fallbacks(&self) -> &[String] {
        &self.facts.fallbacks
    }

    /// Whether the answer is to be streamed.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.facts.stream
    }

    /// Whether the client wants the usage at the end of a stream.
    #[must_use]
    pub const fn include_usage(&self) -> bool {
        self.facts.include_usage
    }

    /// The most output tokens per choice that the client allows; `None` where it leaves that open.
    #[must_use]
    pub const fn named_max_tokens(&self) -> Option<u64> {
        self.facts.named_max_tokens
    }

    /// How many answers are wanted (`n`).
    #[must_use]
    pub const fn choices(&self) -> u32 {
        self.facts.choices
    }

    /// How much the request carries.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.facts.shape
    }

    /// All texts that become input tokens, for a tokenizer: what the messages say, names, calls, and the definitions of
    /// tools and of the answer's schema as they were sent. Reads the messages again, so it is not for every request.
    #[must_use]
    pub fn texts(&self) -> Vec<Cow<'_, str>> {
        let mut texts = Vec::new();
        let messages = self.raw("messages").unwrap_or_default();
        // It was read once before, with the same bounds.
        if let Ok(messages) = Reader::new().read("messages", messages, Duplicates::Refused) {
            shape::walk(&messages, &mut |piece| {
                if let Piece::Text(text) = piece {
                    texts.push(text.clone());
                }
            });
        }
        texts.extend(DEFINITIONS.iter().filter_map(|name| self.raw(name)).map(Cow::Borrowed));
        texts
    }

    /// The names of the parameters that OpenAI's API does not have. The extras of our own are not among them.
    pub fn unknown_params(&self) -> impl Iterator<Item = &str> {
        let names = self.facts.fields.iter().map(|field| field.name.as_ref());
        names.filter(|name| params::find(name).is_none())
    }

    /// The JSON of a parameter as the client sent it, null included.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        let field = self.facts.fields.iter().find(|field| field.name == name)?;
        std::str::from_utf8(&self.body[field.value.clone()]).ok()
    }

    /// The JSON of a parameter that says something: `None` where it is absent or null.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|raw| *raw != "null")
    }

    /// The body with some parameters changed, and everything else byte for byte as the client sent it.
    #[must_use]
    pub fn rewrite(&self, edits: &[Edit<'_>]) -> Bytes {
        splice::rewrite(&self.body, &self.facts.fields, edits).into()
    }
}

impl fmt::Debug for ChatRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ChatRequest");
        debug.field("model", &self.model()).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl Facts {
    fn read(body: &str) -> Result<Self, InvalidRequest> {
        let mut fields = Vec::new();
        let mut known = Vec::new();
        let reader = Reader::new();
        for Field { name, value } in scan::fields(body)? {
            let raw = &body[value.clone()];
            let Some((name, rule)) = params::find(&name) else {
                reader.read(&name, raw, Duplicates::Ignored)?;
                fields.push(Field { name: Cow::Owned(name.into_owned()), value });
                continue;
            };
            let json = reader.read(name, raw, Duplicates::Refused)?;
            if !matches!(json, Json::Null) {
                rule.check(&At::root(name, &json))?;
                known.push((*name, json));
            }
            fields.push(Field { name: Cow::Borrowed(name), value });
        }
        let known = Known(known);
        known.check()?;
        let shape = measure(&known, |name| {
            let field = fields.iter().find(|field| field.name == name);
            field.map_or(0, |field| field.value.len() as u64)
        });
        Ok(Self::learn(fields, &known, shape))
    }

    fn learn(fields: Vec<Field<'static>>, known: &Known<'_>, shape: Shape) -> Self {
        let text = |json: &Json<'_>| json.as_str().unwrap_or_default().to_owned();
        let count = |name: &str| match known.get(name) {
            Some(Json::Number(Number::Unsigned(count))) => Some(*count),
            _ => None,
        };
        Self {
            fields,
            model: known.get("model").map(text).unwrap_or_default(),
            fallbacks: known.get(FALLBACKS).map_or(&[][..], Json::items).iter().map(text).collect(),
            stream: known.is_true("stream"),
            include_usage: known
                .get("stream_options")
                .and_then(|options| options.get("include_usage"))
                .is_some_and(Json::is_true),
            named_max_tokens: count("max_completion_tokens").or_else(|| count("max_tokens")),
            choices: count("n").and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
            shape,
        }
    }
}

fn measure(known: &Known<'_>, sent_bytes: impl Fn(&str) -> u64) -> Shape {
    let count = |name: &str| {
        let items = known.get(name).map_or(0, |json| json.items().len());
        // Lists are bounded far below.
        u32::try_from(items).unwrap_or(u32::MAX)
    };
    let mut shape = Shape {
        messages: count("messages"),
        tools: count("tools") + count("functions"),
        text_bytes: DEFINITIONS.iter().map(|name| sent_bytes(name)).sum(),
        ..Shape::default()
    };
    if let Some(messages) = known.get("messages") {
        shape::walk(messages, &mut |piece| shape.add(&piece));
    }
    shape
}
