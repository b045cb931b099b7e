//! The messages of a valid request, as a provider reads them that speaks another language than OpenAI's.
//!
//! Texts, images and arguments are borrowed from the body wherever it has them without escapes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ChatRequest, InvalidRequest};

/// One message.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    /// Its place in `messages`.
    pub(crate) index: usize,
    pub(crate) role: Role,
    /// What it says, in order; an assistant's refusal is the last part.
    pub(crate) parts: Vec<Part<'a>>,
    /// What the assistant called.
    pub(crate) tool_calls: Vec<ToolCall<'a>>,
    /// Which call a `tool` message answers.
    pub(crate) tool_call_id: Cow<'a, str>,
    /// The deprecated form of a call, or a recording of an earlier answer: the name of the field that holds it.
    pub(crate) legacy: Option<&'static str>,
    /// `name` was set, which no other provider has.
    pub(crate) has_name: bool,
    has_list: bool,
}

/// Who speaks. `developer` is another name of `system`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
    Tool,
    /// The deprecated answer to a function call.
    Function,
}

/// A piece of a message, with its `cache_control` as it was sent.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) cache_control: Option<&'a RawValue>,
    /// It has OpenAI's mark for the prompt cache, which no other provider knows.
    pub(crate) has_cache_breakpoint: bool,
}

/// What a piece of a message is.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    Text(Cow<'a, str>),
    Refusal(Cow<'a, str>),
    /// The URL, `data:` or `http(s)://`, and whether a `detail` other than `auto` was asked for.
    Image {
        url: Cow<'a, str>,
        has_detail: bool,
    },
    /// Base64, and `wav` or `mp3`.
    Audio {
        data: Cow<'a, str>,
        format: Cow<'a, str>,
    },
    /// A data URL, or nothing where only an id was given.
    File {
        data: Option<Cow<'a, str>>,
        name: Option<Cow<'a, str>>,
    },
}

/// A call that the assistant made.
#[derive(Debug)]
pub(crate) struct ToolCall<'a> {
    pub(crate) id: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    /// The text that should be a JSON object.
    pub(crate) arguments: Cow<'a, str>,
    /// It called a custom tool, whose input is any text.
    pub(crate) is_custom: bool,
}

impl ChatRequest {
    /// The messages in order.
    ///
    /// # Errors
    /// None for a request that has been validated.
    pub(crate) fn conversation(&self) -> Result<Vec<Message<'_>>, InvalidRequest> {
        let raw = self.raw("messages").unwrap_or("[]");
        let wrong = |_| InvalidRequest::of_param("messages", "must be valid messages");
        let sent: Vec<Sent<'_>> = serde_json::from_str(raw).map_err(wrong)?;
        let messages = sent.into_iter().enumerate().map(|(index, message)| message.read(index));
        messages.collect::<Result<_, _>>().map_err(wrong)
    }
}

impl Message<'_> {
    /// The path of a part: `messages[2].content[0]`, or `messages[2].content` where it is the whole content.
    pub(crate) fn path(&self, part: usize) -> String {
        let whole = format!("messages[{}].content", self.index);
        if self.has_list { format!("{whole}[{part}]") } else { whole }
    }

    /// The path of a call's field: `messages[2].tool_calls[0].function.arguments`.
    pub(crate) fn call_path(&self, call: usize, field: &str) -> String {
        format!("messages[{}].tool_calls[{call}].{field}", self.index)
    }
}

/// Fields are read once it is known which of them mean something: the others were not validated.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_call_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
}

/// A string that is borrowed where it can be, within an option too.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct SentPart<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_audio: Option<&'a RawValue>,
    #[serde(borrow, default)]
    file: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
    #[serde(borrow, default)]
    prompt_cache_breakpoint: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SentImage<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SentAudio<'a> {
    #[serde(borrow)]
    data: Text<'a>,
    #[serde(borrow)]
    format: Text<'a>,
}

#[derive(Deserialize)]
struct SentFile<'a> {
    #[serde(borrow, default)]
    file_data: Option<Text<'a>>,
    #[serde(borrow, default)]
    filename: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct SentCall<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    function: Option<&'a RawValue>,
    #[serde(borrow, default)]
    custom: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SentFunction<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

impl<'a> Sent<'a> {
    fn read(self, index: usize) -> Result<Message<'a>, serde_json::Error> {
        let role = match self.role.0.as_ref() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            "function" => Role::Function,
            _ => Role::System,
        };
        let content = self.content.map_or("null", RawValue::get);
        let has_list = content.starts_with('[');
        let mut parts = read_parts(content)?;
        let (mut tool_calls, mut tool_call_id, mut legacy) = (Vec::new(), Cow::default(), None);
        match role {
            Role::Assistant => {
                let refusal: Option<Text<'_>> = read(self.refusal)?;
                // Answers that are sent back tell no refusal as often as null.
                let refusal = refusal.filter(|text| !text.0.is_empty());
                parts.extend(refusal.map(|text| plain(Content::Refusal(text.0))));
                let calls: Option<Vec<SentCall<'_>>> = read(self.tool_calls)?;
                tool_calls = calls.unwrap_or_default().into_iter().map(SentCall::read).collect::<Result<_, _>>()?;
                legacy = self.function_call.map(|_| "function_call").or(self.audio.map(|_| "audio"));
            }
            Role::Tool => tool_call_id = read::<Text<'_>>(self.tool_call_id)?.map(|text| text.0).unwrap_or_default(),
            Role::System | Role::User | Role::Function => {}
        }
        let has_name = self.name.is_some();
        Ok(Message { index, role, parts, tool_calls, tool_call_id, legacy, has_name, has_list })
    }
}

fn read<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Result<Option<T>, serde_json::Error> {
    value.map(|value| serde_json::from_str(value.get())).transpose()
}

fn read_parts(content: &str) -> Result<Vec<Part<'_>>, serde_json::Error> {
    if content.starts_with('[') {
        let sent: Vec<SentPart<'_>> = serde_json::from_str(content)?;
        return sent.into_iter().map(SentPart::read).collect();
    }
    let text: Option<Text<'_>> = serde_json::from_str(content)?;
    Ok(text.map(|text| plain(Content::Text(text.0))).into_iter().collect())
}

const fn plain(content: Content<'_>) -> Part<'_> {
    Part { content, cache_control: None, has_cache_breakpoint: false }
}

impl<'a> SentPart<'a> {
    /// Reads what the type says that the part is, and nothing else.
    fn read(self) -> Result<Part<'a>, serde_json::Error> {
        let said = |text| Ok::<_, serde_json::Error>(read::<Text<'a>>(text)?.map(|text| text.0).unwrap_or_default());
        let (image, audio, file) = (self.image_url, self.input_audio, self.file);
        let content = match self.kind.0.as_ref() {
            "image_url" => read::<SentImage<'a>>(image)?
                .map(|image| Content::Image { url: image.url.0, has_detail: image.detail.is_some_and(is_detail) }),
            "input_audio" => {
                read::<SentAudio<'a>>(audio)?.map(|audio| Content::Audio { data: audio.data.0, format: audio.format.0 })
            }
            "file" => read::<SentFile<'a>>(file)?.map(|file| Content::File {
                data: file.file_data.map(|text| text.0),
                name: file.filename.map(|text| text.0),
            }),
            "refusal" => Some(Content::Refusal(said(self.refusal)?)),
            _ => Some(Content::Text(said(self.text)?)),
        };
        Ok(Part {
            content: content.unwrap_or(Content::Text(Cow::default())),
            cache_control: self.cache_control,
            has_cache_breakpoint: self.prompt_cache_breakpoint.is_some(),
        })
    }
}

/// Whether a detail asks for anything: `auto` is what is had without.
fn is_detail(detail: &RawValue) -> bool {
    detail.get() != "\"auto\""
}

impl<'a> SentCall<'a> {
    fn read(self) -> Result<ToolCall<'a>, serde_json::Error> {
        let is_custom = self.kind.0 != "function";
        let called: Option<SentFunction<'_>> = read(if is_custom { self.custom } else { self.function })?;
        let (name, input) = called.map_or_else(Default::default, |called| {
            (called.name.0, if is_custom { called.input } else { called.arguments })
        });
        let input: Option<Text<'_>> = read(input)?;
        Ok(ToolCall { id: self.id.0, name, arguments: input.map(|text| text.0).unwrap_or_default(), is_custom })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn reads_what_was_sent() {
        let body = r#"{"model":"m","messages":[
            {"role":"developer","content":"be \u0041"},
            {"role":"user","name":"bob","content":[
                {"type":"text","text":"hi","cache_control":{"type":"ephemeral"}},
                {"type":"image_url","image_url":{"url":"https://a.example/b.png","detail":"low"}}]},
            {"role":"assistant","content":null,"refusal":null,"tool_calls":[
                {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"a","content":"cold"},
            {"role":"assistant","content":null,"refusal":"no"}]}"#;
        let request = ChatRequest::parse(Bytes::from(body)).unwrap();
        let messages = request.conversation().unwrap();
        let roles: Vec<_> = messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::Tool, Role::Assistant]);
        assert!(matches!(&messages[0].parts[0].content, Content::Text(text) if text == "be A"));
        assert_eq!(
            (messages[0].path(0), messages[1].path(1)),
            ("messages[0].content".into(), "messages[1].content[1]".into())
        );
        assert!(messages[1].has_name && !messages[0].has_name);
        assert_eq!(messages[1].parts[0].cache_control.unwrap().get(), r#"{"type":"ephemeral"}"#);
        let Content::Image { url: Cow::Borrowed(url), has_detail: true } = &messages[1].parts[1].content else {
            panic!()
        };
        assert_eq!(*url, "https://a.example/b.png");
        assert!(messages[2].parts.is_empty());
        assert_eq!((&*messages[2].tool_calls[0].name, &*messages[2].tool_calls[0].arguments), ("f", "{}"));
        assert_eq!(messages[3].tool_call_id, "a");
        assert!(matches!(&messages[4].parts[0].content, Content::Refusal(text) if text == "no"));
    }

    #[test]
    fn only_what_the_type_and_the_role_say_is_read() {
        let body = r#"{"model":"m","messages":[
            {"role":"system","content":[{"type":"text","text":"rule","file":{"filename":"z"},"image_url":7}]},
            {"role":"user","refusal":"no","tool_calls":"x","tool_call_id":5,"content":[
                {"type":"text","text":"a","image_url":{"url":"https://a/x.png"},"input_audio":"y"},
                {"type":"file","file":{"file_data":"data:text/plain;base64,aGk="},"text":4}]},
            {"role":"assistant","content":"b","tool_calls":[
                {"id":"c","type":"function","function":{"name":"f","arguments":"{}","input":3},"custom":"z"}]},
            {"role":"tool","tool_call_id":"c","content":"d","tool_calls":9,"refusal":{}}]}"#;
        let request = ChatRequest::parse(Bytes::from(body)).unwrap();
        let messages = request.conversation().unwrap();
        let texts = messages.iter().flat_map(|message| &message.parts).map(|part| match &part.content {
            Content::Text(text) => text.as_ref(),
            Content::File { .. } => "(file)",
            other => panic!("{other:?}"),
        });
        assert_eq!(texts.collect::<Vec<_>>(), ["rule", "a", "(file)", "b", "d"]);
        assert_eq!(messages.iter().map(|message| message.tool_calls.len()).collect::<Vec<_>>(), [0, 0, 1, 0]);
        assert_eq!(messages[2].tool_calls[0].name, "f");
    }
}
