//! The SQL of the core. Called by `account` and `session`; features have stores of their own and never see a credential.

mod codes;
mod ends;
mod owner;
mod sessions;
mod users;

pub use codes::*;
pub use ends::*;
pub use owner::*;
pub use sessions::*;
pub use users::*;
