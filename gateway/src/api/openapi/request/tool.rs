//! Tools, the choice among them, and schemas of answers.

use utoipa::ToSchema;

/// A tool that the model may call.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::api) enum Tool {
    /// A function.
    Function {
        /// The function.
        function: FunctionDefinition,
    },
    /// A tool that takes text.
    Custom {
        /// The tool.
        custom: CustomDefinition,
    },
}

/// A function that the model may call.
#[derive(ToSchema)]
pub(in crate::api) struct FunctionDefinition {
    /// Its name; no two tools have the same.
    #[schema(pattern = "^[a-zA-Z0-9_-]{1,64}$")]
    name: String,
    /// What it does.
    description: Option<String>,
    /// What it takes, as a JSON Schema.
    #[schema(value_type = Option<Object>)]
    parameters: Option<()>,
    /// Whether the model is held to the schema.
    strict: Option<bool>,
}

/// A tool that takes text.
#[derive(ToSchema)]
pub(in crate::api) struct CustomDefinition {
    /// Its name; no two tools have the same.
    #[schema(pattern = "^[a-zA-Z0-9_-]{1,64}$")]
    name: String,
    /// What it does.
    description: Option<String>,
    /// What text it takes.
    format: Option<CustomFormat>,
}

/// What text a tool takes.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::api) enum CustomFormat {
    /// Any.
    Text,
    /// One of a grammar.
    Grammar {
        /// The grammar.
        grammar: Grammar,
    },
}

/// A grammar.
#[derive(ToSchema)]
pub(in crate::api) struct Grammar {
    /// Its text.
    definition: String,
    /// What it is written in.
    syntax: GrammarSyntax,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum GrammarSyntax {
    Lark,
    Regex,
}

/// Which tools the model must or may call.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum ToolChoice {
    /// None, any, or at least one.
    Mode(ToolMode),
    /// Tools that are named.
    Named(NamedTools),
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum ToolMode {
    None,
    Auto,
    Required,
}

/// Tools that are named.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::api) enum NamedTools {
    /// This function.
    Function {
        /// The function.
        function: Named,
    },
    /// This custom tool.
    Custom {
        /// The tool.
        custom: Named,
    },
    /// Some of the tools.
    AllowedTools {
        /// The tools.
        allowed_tools: AllowedTools,
    },
}

/// Some of the tools.
#[derive(ToSchema)]
pub(in crate::api) struct AllowedTools {
    /// Whether one of them must be called.
    mode: AllowedMode,
    /// Which.
    #[schema(min_items = 1, max_items = 1024)]
    tools: Vec<ToolReference>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum AllowedMode {
    Auto,
    Required,
}

/// One of the tools.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::api) enum ToolReference {
    /// A function.
    Function {
        /// The function.
        function: Named,
    },
    /// A custom tool.
    Custom {
        /// The tool.
        custom: Named,
    },
}

/// The name of a tool.
#[derive(ToSchema)]
pub(in crate::api) struct Named {
    /// The name.
    #[schema(min_length = 1)]
    name: String,
}

/// Deprecated: which function the model must or may call.
#[derive(ToSchema)]
#[serde(untagged)]
pub(in crate::api) enum FunctionChoice {
    /// None or any.
    Mode(FunctionMode),
    /// This one.
    Named(Named),
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum FunctionMode {
    None,
    Auto,
}

/// A schema of the answer.
#[derive(ToSchema)]
pub(in crate::api) struct JsonSchema {
    /// Its name.
    #[schema(pattern = "^[a-zA-Z0-9_-]{1,64}$")]
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The schema.
    #[schema(value_type = Option<Object>)]
    schema: Option<()>,
    /// Whether the model is held to it, not only told.
    strict: Option<bool>,
}
