//! This site sends no mail. The account flows call [`Mail`] where they would send one, and the pages that need mail answer
//! as absent, because `config.mail.enabled` is `false`.

mod email;
mod unsent;

pub use email::{Action, Email};
pub use unsent::Mail;
