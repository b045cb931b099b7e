//! What operators look at and do. The acts name the person, and are refused where that person is no operator.

pub mod accounts;
pub mod audit;
pub mod gateways;
pub mod ledger;
