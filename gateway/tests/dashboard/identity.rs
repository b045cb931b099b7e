//! Who is who: signing up, in and out.

mod forms;
mod provider;
mod second_factor;
mod sessions;
