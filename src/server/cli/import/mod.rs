//! `latchkey import users`: imports accounts of another system from a file of any size. Called by `main`.

pub mod command;
pub mod error;
pub mod row;
pub mod source;
pub mod users;
