//! The public wire types: what a customer sends and what a customer gets.
