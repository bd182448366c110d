//! The frame of each mail that a flow sends; its text stands in the flow. A mail says why it came and what to do if its
//! reader did not ask for it.

use crate::{
    auth::server::email_code::secret::CodeSeed,
    server::{
        mail::{Action, Email},
        state::AppState,
    },
};

/// The page that the links of codes open.
const CONFIRM: &str = "/confirm";
const NOT_ASKED: &str =
    "You didn't ask for this? Then leave this mail alone: nothing happens without the link or the digits.";
pub const NOT_YOU: &str = "That wasn't you? Choose a new password now: it logs out every device.";

/// A mail with a code: a link, and six digits if `digits`.
pub fn code(subject: &str, heading: &str, sentence: String, label: &str, seed: CodeSeed, digits: bool) -> Email {
    Email {
        subject: subject.into(),
        heading: heading.into(),
        paragraphs: vec![sentence],
        action: Some(Action { label: label.into(), path: CONFIRM.into() }),
        code: Some(seed),
        show_digits: digits,
        footnote: Some(NOT_ASKED.into()),
    }
}

/// A mail without a code. `action`: the label and the path of a button.
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

/// The host of this site, as mails name it.
pub fn site(state: &AppState) -> String {
    state.config.public_origin.host().to_owned()
}

/// To an address that has an account, when a sign-up or a change of address used it.
pub fn has_account(state: &AppState) -> Email {
    notice(
        "You already have an account",
        vec![
            format!(
                "Somebody, probably you, wanted to use this address at {}. It has an account already, and nothing was changed.",
                site(state)
            ),
            "Log in with it. If the password is lost, ask for a new one on the same page.".into(),
        ],
        Some(("Log in", "/login")),
    )
}
