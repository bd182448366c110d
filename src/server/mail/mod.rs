//! Mails. What causes one writes it to the outbox in its own transaction ([`Mail::enqueue`]); a task of each node takes
//! it from there and hands it over by the configured transport, again and again until that succeeds.
//!
//! ```text
//! Email -> outbox.rs (same transaction) -> worker.rs (claim, retry) -> layout.rs -> message.rs -> transport.rs
//! ```

mod failure;
mod layout;
mod letter;
mod mailbox;
mod message;
mod outbox;
mod smtp;
mod transport;
mod worker;

pub use letter::{Action, Email};
pub use mailbox::{KeptMail, Mailbox};
pub use outbox::{forget, waiting};
pub use transport::Mail;
pub use worker::work;
