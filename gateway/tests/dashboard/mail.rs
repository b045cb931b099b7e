//! What is sent by mail, and what its links lead to.

mod alerts;
mod closing;
mod delivery;
mod invitations;
mod members;
mod reset;
mod server;
mod sign_up;
mod verify;
