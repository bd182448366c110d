//! The SQL of the core. Called by `account` and `session`; features have stores of their own and never see a credential.

mod ends;
mod sessions;
mod users;

pub use ends::*;
pub use sessions::*;
pub use users::*;
