//! The public wire types: what a customer sends and what a customer gets.

mod content;
pub(crate) mod conversation;
mod cursor;
mod invalid;
mod json;
mod media;
mod messages;
mod options;
mod pairing;
mod params;
mod path;
mod relations;
mod request;
mod response_format;
mod scan;
mod shape;
mod splice;
#[cfg(test)]
mod tests;
mod tool_choice;
pub(crate) mod toolbox;
mod tools;

pub use self::invalid::InvalidRequest;
pub(crate) use self::invalid::quote;
pub(crate) use self::media::DataUrl;
pub use self::request::ChatRequest;
pub use self::shape::Shape;
pub use self::splice::{Edit, rewrite_object};
