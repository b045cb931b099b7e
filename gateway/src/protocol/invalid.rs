//! Why a request is refused, in words that its sender can act on.

use std::fmt;

use super::path::Path;

/// The longest piece of a client's own text that a refusal repeats.
const QUOTED_CHARS: usize = 60;
/// The longest path that a refusal names: keys come from the client.
const PARAM_CHARS: usize = 200;

/// A request that cannot be served as it is: the 400 `invalid_request` of the API.
///
/// `Display` gives the whole sentence, `` `temperature` must be a number between 0 and 2, not 3 ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequest {
    /// The field at fault, such as `messages[2].content[0].image_url`; `None` where it is the body as a whole.
    pub param: Option<String>,
    /// What would be right, such as `must be a number between 0 and 2`. It repeats at most a few words of the request.
    pub message: String,
}

impl InvalidRequest {
    pub(super) fn at(path: &Path<'_>, message: impl Into<String>) -> Self {
        Self { param: Some(cut(&path.to_string(), PARAM_CHARS)), message: message.into() }
    }

    /// A field whose path is known: `messages[2].content[0].image_url`.
    pub(crate) fn of_param(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(cut(param, PARAM_CHARS)), message: message.into() }
    }

    pub(super) fn of_body(message: impl Into<String>) -> Self {
        Self { param: None, message: message.into() }
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.param {
            Some(param) => write!(f, "`{param}` {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for InvalidRequest {}

/// A client's text in quotation marks, shortened.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", cut(text, QUOTED_CHARS))
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
