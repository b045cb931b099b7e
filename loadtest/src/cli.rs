//! What the two programs do with their command lines.

pub mod load;
pub mod simulator;
