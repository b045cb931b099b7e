//! The conversation.

use utoipa::ToSchema;

use super::content::{AssistantContent, TextContent, UserContent};

/// One message of the conversation.
#[derive(ToSchema)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(in crate::api) enum Message {
    /// Instructions of the developer.
    Developer(Instruction),
    /// Instructions of the developer, by their older name.
    System(Instruction),
    /// What a person says.
    User(UserMessage),
    /// What the model said before.
    Assistant(AssistantMessage),
    /// What a tool answered.
    Tool(ToolMessage),
    /// Deprecated: what a function answered.
    Function(FunctionMessage),
}

/// Instructions.
#[derive(ToSchema)]
pub(in crate::api) struct Instruction {
    /// What is said.
    content: TextContent,
    /// Who says it.
    name: Option<String>,
}

/// What a person says.
#[derive(ToSchema)]
pub(in crate::api) struct UserMessage {
    /// What is said.
    content: UserContent,
    /// Who says it.
    name: Option<String>,
}

/// What the model said before: content, a refusal, or calls.
#[derive(ToSchema)]
pub(in crate::api) struct AssistantMessage {
    /// What was said.
    content: Option<AssistantContent>,
    /// Why nothing was said.
    refusal: Option<String>,
    /// Who said it.
    name: Option<String>,
    /// What was said in sound.
    audio: Option<SaidInSound>,
    /// The tools that it called. Each call is answered by a `tool` message right after.
    #[schema(max_items = 1024)]
    tool_calls: Option<Vec<CalledTool>>,
    /// Deprecated: the function that it called.
    function_call: Option<CalledFunction>,
}

/// What a tool answered.
#[derive(ToSchema)]
pub(in crate::api) struct ToolMessage {
    /// What it answered.
    content: TextContent,
    /// Which call of the assistant's message before.
    tool_call_id: String,
    /// Who answered.
    name: Option<String>,
}

/// Deprecated: what a function answered.
#[derive(ToSchema)]
pub(in crate::api) struct FunctionMessage {
    /// What it answered.
    content: Option<String>,
    /// Which function.
    #[schema(min_length = 1)]
    name: String,
}

/// An answer in sound.
#[derive(ToSchema)]
pub(in crate::api) struct SaidInSound {
    /// Its id.
    #[schema(min_length = 1)]
    id: String,
}

/// A call of a tool.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(in crate::api) enum CalledTool {
    /// Of a function.
    Function {
        /// The call's id.
        #[schema(min_length = 1)]
        id: String,
        /// The call.
        function: CalledFunction,
    },
    /// Of a custom tool.
    Custom {
        /// The call's id.
        #[schema(min_length = 1)]
        id: String,
        /// The call.
        custom: CalledCustom,
    },
}

/// A call of a function.
#[derive(ToSchema)]
pub(in crate::api) struct CalledFunction {
    /// Which function.
    #[schema(min_length = 1)]
    name: String,
    /// Its arguments, as a text of JSON.
    arguments: String,
}

/// A call of a custom tool.
#[derive(ToSchema)]
pub(in crate::api) struct CalledCustom {
    /// Which tool.
    #[schema(min_length = 1)]
    name: String,
    /// What it is told.
    input: String,
}
