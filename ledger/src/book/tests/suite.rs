//! What the book promises over every database.

pub(super) mod administration;
pub(super) mod credits;
pub(super) mod shards;
pub(super) mod stream;
