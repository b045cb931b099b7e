//! State that is owned by time: each actor is a leaf behind a handle with ordinary methods, and its address never
//! leaves its file.

pub mod batcher;
pub mod checkpointer;
pub mod key_cache;
pub mod outbox;
