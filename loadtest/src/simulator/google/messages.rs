//! The definitions of what a request may hold.

use super::proto::{Kind, Message, Naming};

const CATEGORIES: &[&str] = &[
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
];
const THRESHOLDS: &[&str] = &[
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
];
const RESOLUTIONS: &[&str] =
    &["MEDIA_RESOLUTION_UNSPECIFIED", "MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"];

pub(super) static REQUEST: Message = Message {
    name: "GenerateContentRequest",
    naming: Naming::Underscores,
    fields: &[
        ("model", Kind::Text),
        ("contents", Kind::List(&Kind::Message(&CONTENT))),
        ("system_instruction", Kind::Message(&CONTENT)),
        ("tools", Kind::List(&Kind::Message(&TOOL))),
        ("tool_config", Kind::Message(&TOOL_CONFIG)),
        ("safety_settings", Kind::List(&Kind::Message(&SAFETY_SETTING))),
        ("generation_config", Kind::Message(&GENERATION_CONFIG)),
        ("cached_content", Kind::Text),
        ("service_tier", Kind::Enum("ServiceTier", &["UNSPECIFIED", "STANDARD", "FLEX", "PRIORITY"])),
        ("store", Kind::Bool),
    ],
};

static CONTENT: Message = Message {
    name: "Content",
    naming: Naming::Underscores,
    fields: &[("parts", Kind::List(&Kind::Message(&PART))), ("role", Kind::Text)],
};

static PART: Message = Message {
    name: "Part",
    naming: Naming::Underscores,
    fields: &[
        ("text", Kind::Text),
        ("inline_data", Kind::Message(&BLOB)),
        ("file_data", Kind::Message(&FILE_DATA)),
        ("function_call", Kind::Message(&FUNCTION_CALL)),
        ("function_response", Kind::Message(&FUNCTION_RESPONSE)),
        ("executable_code", Kind::Struct),
        ("code_execution_result", Kind::Struct),
        ("thought", Kind::Bool),
        ("thought_signature", Kind::Bytes),
        ("video_metadata", Kind::Struct),
        ("media_resolution", Kind::Struct),
    ],
};

static BLOB: Message =
    Message { name: "Blob", naming: Naming::Underscores, fields: &[("mime_type", Kind::Text), ("data", Kind::Bytes)] };

static FILE_DATA: Message = Message {
    name: "FileData",
    naming: Naming::Underscores,
    fields: &[("mime_type", Kind::Text), ("file_uri", Kind::Text)],
};

static FUNCTION_CALL: Message = Message {
    name: "FunctionCall",
    naming: Naming::Underscores,
    fields: &[("id", Kind::Text), ("name", Kind::Text), ("args", Kind::Struct)],
};

static FUNCTION_RESPONSE: Message = Message {
    name: "FunctionResponse",
    naming: Naming::Underscores,
    fields: &[
        ("id", Kind::Text),
        ("name", Kind::Text),
        ("response", Kind::Struct),
        ("will_continue", Kind::Bool),
        ("scheduling", Kind::Enum("Scheduling", &["SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT"])),
    ],
};

static TOOL: Message = Message {
    name: "Tool",
    naming: Naming::Underscores,
    fields: &[
        ("function_declarations", Kind::List(&Kind::Message(&FUNCTION_DECLARATION))),
        ("google_search", Kind::Struct),
        ("google_search_retrieval", Kind::Struct),
        ("code_execution", Kind::Struct),
        ("url_context", Kind::Struct),
    ],
};

static FUNCTION_DECLARATION: Message = Message {
    name: "FunctionDeclaration",
    naming: Naming::Underscores,
    fields: &[
        ("name", Kind::Text),
        ("description", Kind::Text),
        ("behavior", Kind::Enum("Behavior", &["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"])),
        ("parameters", Kind::Message(&SCHEMA)),
        ("parameters_json_schema", Kind::Any),
        ("response", Kind::Message(&SCHEMA)),
        ("response_json_schema", Kind::Any),
    ],
};

static TOOL_CONFIG: Message = Message {
    name: "ToolConfig",
    naming: Naming::Underscores,
    fields: &[("function_calling_config", Kind::Message(&FUNCTION_CALLING_CONFIG)), ("retrieval_config", Kind::Struct)],
};

static FUNCTION_CALLING_CONFIG: Message = Message {
    name: "FunctionCallingConfig",
    naming: Naming::Underscores,
    fields: &[
        ("mode", Kind::Enum("FunctionCallingConfig.Mode", &["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])),
        ("allowed_function_names", Kind::List(&Kind::Text)),
    ],
};

static SAFETY_SETTING: Message = Message {
    name: "SafetySetting",
    naming: Naming::Underscores,
    fields: &[
        ("category", Kind::Enum("HarmCategory", CATEGORIES)),
        ("threshold", Kind::Enum("SafetySetting.HarmBlockThreshold", THRESHOLDS)),
    ],
};

static GENERATION_CONFIG: Message = Message {
    name: "GenerationConfig",
    naming: Naming::Underscores,
    fields: &[
        ("temperature", Kind::Number),
        ("top_p", Kind::Number),
        ("top_k", Kind::Int32),
        ("candidate_count", Kind::Int32),
        ("max_output_tokens", Kind::Int32),
        ("stop_sequences", Kind::List(&Kind::Text)),
        ("response_logprobs", Kind::Bool),
        ("logprobs", Kind::Int32),
        ("presence_penalty", Kind::Number),
        ("frequency_penalty", Kind::Number),
        ("seed", Kind::Int32),
        ("response_mime_type", Kind::Text),
        ("response_schema", Kind::Message(&SCHEMA)),
        ("response_json_schema", Kind::Any),
        (
            "response_modalities",
            Kind::List(&Kind::Enum("GenerationConfig.Modality", &["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"])),
        ),
        ("media_resolution", Kind::Enum("GenerationConfig.MediaResolution", RESOLUTIONS)),
        ("speech_config", Kind::Struct),
        ("thinking_config", Kind::Message(&THINKING_CONFIG)),
        ("image_config", Kind::Struct),
        ("enable_enhanced_civic_answers", Kind::Bool),
    ],
};

static THINKING_CONFIG: Message = Message {
    name: "ThinkingConfig",
    naming: Naming::Underscores,
    fields: &[
        ("include_thoughts", Kind::Bool),
        ("thinking_budget", Kind::Int32),
        (
            "thinking_level",
            Kind::Enum(
                "ThinkingConfig.ThinkingLevel",
                &["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"],
            ),
        ),
    ],
};

/// It keeps the names of JSON schemas, so that examples are generated as from any.
static SCHEMA: Message = Message {
    name: "Schema",
    naming: Naming::Camel,
    fields: &[
        (
            "type",
            Kind::Enum(
                "Type",
                &["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"],
            ),
        ),
        ("format", Kind::Text),
        ("title", Kind::Text),
        ("description", Kind::Text),
        ("nullable", Kind::Bool),
        ("enum", Kind::List(&Kind::Text)),
        ("items", Kind::Message(&SCHEMA)),
        ("min_items", Kind::Int64),
        ("max_items", Kind::Int64),
        ("properties", Kind::Map(&Kind::Message(&SCHEMA))),
        ("required", Kind::List(&Kind::Text)),
        ("property_ordering", Kind::List(&Kind::Text)),
        ("min_properties", Kind::Int64),
        ("max_properties", Kind::Int64),
        ("minimum", Kind::Number),
        ("maximum", Kind::Number),
        ("min_length", Kind::Int64),
        ("max_length", Kind::Int64),
        ("pattern", Kind::Text),
        ("any_of", Kind::List(&Kind::Message(&SCHEMA))),
        ("default", Kind::Any),
        ("example", Kind::Any),
    ],
};
