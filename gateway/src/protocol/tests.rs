//! What is refused, what is accepted, and what never happens.
