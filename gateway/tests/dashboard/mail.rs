//! What is sent by mail, and what its links lead to.

mod alerts;
mod closing;
mod delivery;
mod invitations;
mod members;
mod reset;
pub(crate) mod server;
mod sign_up;
mod transit;
mod verify;
