//! ratelimiter
fn main() {}
