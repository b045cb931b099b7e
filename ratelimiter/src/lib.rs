//! ratelimiter
