//! What the book promises over every database.

pub(super) mod administration;
pub(super) mod credits;
pub(super) mod identities;
pub(super) mod keys;
pub(super) mod lists;
pub(super) mod operator;
pub(super) mod payments;
pub(super) mod people;
pub(super) mod shards;
pub(super) mod stream;
pub(super) mod untold;
pub(super) mod usage;
