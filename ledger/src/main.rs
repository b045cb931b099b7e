//! ledger
fn main() {}
