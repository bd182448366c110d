//! `/dev/mailbox`: the emails that the server would have sent. Exists only if `mail.transport` is `mailbox`, the
//! default in development.

pub mod api;
pub mod model;
mod pages;

pub use pages::{MailRoute, MailboxRoute};
