//! What a message says: a string, or parts of several kinds.

use utoipa::ToSchema;

/// A string, or parts of text.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum TextContent {
    /// A string.
    Text(String),
    /// Parts.
    Parts(TextParts),
}

/// Parts of text.
#[derive(ToSchema)]
#[schema(min_items = 1)]
pub(in crate::api) struct TextParts(Vec<TextOnly>);

/// A part of text.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::api) enum TextOnly {
    /// Text.
    Text(TextPart),
}

/// A string, or parts.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum UserContent {
    /// A string.
    Text(String),
    /// Parts.
    Parts(UserParts),
}

/// Parts of what a user says.
#[derive(ToSchema)]
#[schema(min_items = 1)]
pub(in crate::api) struct UserParts(Vec<UserPart>);

/// A part of what a user says.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::api) enum UserPart {
    /// Text.
    Text(TextPart),
    /// An image.
    ImageUrl(ImagePart),
    /// A recording.
    InputAudio(AudioPart),
    /// A document.
    File(FilePart),
}

/// A string, or parts of text and refusals.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum AssistantContent {
    /// A string.
    Text(String),
    /// Parts.
    Parts(AssistantParts),
}

/// Parts of what the model said.
#[derive(ToSchema)]
#[schema(min_items = 1)]
pub(in crate::api) struct AssistantParts(Vec<AssistantPart>);

/// A part of what the model said.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::api) enum AssistantPart {
    /// Text.
    Text(TextPart),
    /// Why nothing was said.
    Refusal(RefusalPart),
}

/// Text.
#[derive(ToSchema)]
pub(in crate::api) struct TextPart {
    /// The text.
    text: String,
    /// Where the prompt cache ends.
    prompt_cache_breakpoint: Option<CacheBreakpoint>,
}

/// Why nothing was said.
#[derive(ToSchema)]
pub(in crate::api) struct RefusalPart {
    /// The reason.
    refusal: String,
}

/// An image.
#[derive(ToSchema)]
pub(in crate::api) struct ImagePart {
    /// Where it is.
    image_url: ImageUrl,
}

/// Where an image is.
#[derive(ToSchema)]
pub(in crate::api) struct ImageUrl {
    /// `https://…`, or `data:image/<type>;base64,<data>`.
    url: String,
    /// How closely it is looked at.
    detail: Option<ImageDetail>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ImageDetail {
    Auto,
    Low,
    High,
    Original,
}

/// A recording.
#[derive(ToSchema)]
pub(in crate::api) struct AudioPart {
    /// The recording.
    input_audio: InputAudio,
}

/// A recording.
#[derive(ToSchema)]
pub(in crate::api) struct InputAudio {
    /// Base64 with its padding.
    #[schema(min_length = 4)]
    data: String,
    /// Its format.
    format: InputAudioFormat,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum InputAudioFormat {
    Wav,
    Mp3,
}

/// A document.
#[derive(ToSchema)]
pub(in crate::api) struct FilePart {
    /// The document.
    file: File,
}

/// A document: its content, or its id with OpenAI.
#[derive(ToSchema)]
pub(in crate::api) struct File {
    /// What it is called.
    #[schema(min_length = 1)]
    filename: Option<String>,
    /// `data:<media type>;base64,<data>`.
    file_data: Option<String>,
    /// Its id.
    #[schema(min_length = 1)]
    file_id: Option<String>,
}

/// Where the prompt cache ends.
#[derive(ToSchema)]
pub(in crate::api) struct CacheBreakpoint {
    /// Always `explicit`.
    mode: BreakpointMode,
    /// For how long.
    ttl: Option<CacheLifetime>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum BreakpointMode {
    Explicit,
}

/// For how long something is cached.
#[derive(ToSchema)]
pub(in crate::api) enum CacheLifetime {
    #[serde(rename = "30m")]
    HalfHour,
    #[serde(rename = "12h")]
    HalfDay,
}
