//! Sends mails. A flow writes a mail to the outbox in its own transaction ([`Mail::enqueue`]). A task of each node then
//! sends it by the configured transport, and retries on failure. `make feature-remove NAME=mail` deletes all of it.
//!
//! ```text
//! Email -> outbox.rs (same transaction) -> worker.rs (claim, retry) -> layout.rs -> message.rs -> transport.rs
//! ```

mod email;
mod failure;
mod layout;
mod mailbox;
mod message;
mod outbox;
mod smtp;
mod transport;
mod worker;

pub use email::{Action, Email};
pub use mailbox::{KeptMail, Mailbox};
pub use outbox::{forget, measure};
pub use transport::Mail;
pub use worker::{finish, start, warn_if_kept};
