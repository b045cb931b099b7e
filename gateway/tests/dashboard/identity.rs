//! Who is who: signing up, in and out.

mod forged;
mod forms;
mod provider;
mod second_factor;
mod sessions;
mod takeover;
