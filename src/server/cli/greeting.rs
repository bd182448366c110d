//! The text on standard output once the server listens. Called by `main`.

use std::io::{self, Write};

use super::setup;
use crate::{brand::NAME, server::state::AppState};

/// Prints where the server is and what to try. A closed standard output is no error.
pub fn print(state: &AppState) {
    let _ = io::stdout().write_all(text(state).as_bytes());
}

fn text(state: &AppState) -> String {
    let mut text = format!("{NAME} is running at {}\n", state.config.public_origin);
    if state.mail.mailbox().is_some() {
        text += &format!("Mails are shown at {}/dev/mailbox\n", state.config.public_origin);
    }
    if state.config.demo.seed {
        text += &format!("\nDemo accounts, password {}:\n", setup::DEMO_PASSWORD);
        for (email, _, role) in setup::DEMO_ACCOUNTS {
            text += &format!("  {email:<22} {}\n", role.as_str());
        }
        text += "\nTry this: log in and watch the session card on the start page rotate its tokens, open /admin with each\n\
                 account, change a user's role while they are signed in, log out in one tab and watch another.\n";
    }
    text
}
