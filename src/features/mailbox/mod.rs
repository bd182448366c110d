//! `/dev/mailbox`: the mails that would have left, on a developer's machine. Not there unless `mail.transport` is
//! `mailbox`.

pub mod api;
pub mod model;
mod pages;

pub use pages::{MailRoute, MailboxRoute};
