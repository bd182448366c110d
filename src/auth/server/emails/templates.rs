//! The templates of the emails that the flows send; the flows have the text. Each email says why it was sent and what
//! to do if its reader did not request it.

use crate::{
    auth::{email_code::model::CODE_MINUTES, server::email_code::secret::CodeSeed},
    server::{
        mail::{Action, Email},
        state::AppState,
    },
};

/// The page that emailed links open.
const CONFIRM: &str = "/confirm";
const NOT_REQUESTED: &str =
    "If you didn't request this, you can ignore this email: nothing happens until the link or the code is used.";
/// What to do about a change that the reader did not make.
pub const NOT_YOU: &str = "If this wasn't you, reset your password now. That logs out all devices.";

/// Makes an email with a code: a link and, if `digits`, also six digits.
pub fn code(subject: &str, heading: &str, sentence: String, label: &str, seed: CodeSeed, digits: bool) -> Email {
    Email {
        subject: subject.into(),
        heading: heading.into(),
        paragraphs: vec![sentence],
        action: Some(Action { label: label.into(), path: CONFIRM.into() }),
        code: Some(seed),
        show_digits: digits,
        footnote: Some(NOT_REQUESTED.into()),
    }
}

/// Says how long the code of an email works.
pub fn expiry() -> String {
    format!("The link and the code work once, within {CODE_MINUTES} minutes.")
}

/// Makes an email without a code. `action` is the label and the path of its button.
pub fn notice(subject: &str, paragraphs: Vec<String>, action: Option<(&str, &str)>) -> Email {
    Email {
        subject: subject.into(),
        heading: subject.into(),
        paragraphs,
        action: action.map(|(label, path)| Action { label: label.into(), path: path.into() }),
        code: None,
        show_digits: false,
        footnote: None,
    }
}

/// Returns the host of this site, for use in emails.
pub fn site(state: &AppState) -> String {
    state.config.public_origin.host().to_owned()
}

/// The email to an address that has an account, when someone tried to sign up with it or to change their address to it.
pub fn has_account(state: &AppState) -> Email {
    notice(
        "You already have an account",
        vec![
            format!(
                "Someone, probably you, tried to use this email address at {}. It already has an account. Nothing was changed.",
                site(state)
            ),
            "Log in to your existing account. If you forgot your password, you can reset it there.".into(),
        ],
        Some(("Log in", "/login")),
    )
}
