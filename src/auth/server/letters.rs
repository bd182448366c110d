//! What Latchkey writes to people. Each letter says why it came and what to do when it was not asked for. Called by
//! `mailed`, `confirm`, `account` and `session`.

use super::one_time::CodeSeed;
use crate::server::{
    mail::{Action, Letter},
    state::AppState,
};

/// Where the links of codes lead.
const CONFIRM: &str = "/confirm";
const NOT_ASKED: &str =
    "You didn't ask for this? Then leave this mail alone: nothing happens without the link or the digits.";
const NOT_YOU: &str = "That wasn't you? Choose a new password now: it logs out every device.";

fn code(subject: &str, heading: &str, sentence: String, label: &str, seed: CodeSeed, digits: bool) -> Letter {
    Letter {
        subject: subject.into(),
        heading: heading.into(),
        paragraphs: vec![sentence],
        action: Some(Action { label: label.into(), path: CONFIRM.into() }),
        code: Some(seed),
        show_digits: digits,
        footnote: Some(NOT_ASKED.into()),
    }
}

fn notice(subject: &str, paragraphs: Vec<String>, action: Option<(&str, &str)>) -> Letter {
    Letter {
        subject: subject.into(),
        heading: subject.into(),
        paragraphs,
        action: action.map(|(label, path)| Action { label: label.into(), path: path.into() }),
        code: None,
        show_digits: false,
        footnote: None,
    }
}

fn site(state: &AppState) -> String {
    state.config.public_origin.host().to_owned()
}

/// Without the name that was typed: whoever signs up with somebody else's address must not write to them.
pub fn sign_up(state: &AppState, seed: CodeSeed) -> Letter {
    let sentence = format!(
        "One step is left for your account at {}. The link and the digits work for 20 minutes, once.",
        site(state)
    );
    code("Confirm your address", "Confirm your address", sentence, "Confirm and log in", seed, true)
}

/// To an address that somebody signed up with, or wanted to move an account to, although it has one.
pub fn has_account(state: &AppState) -> Letter {
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

pub fn verify(state: &AppState, seed: CodeSeed) -> Letter {
    let sentence = format!(
        "Confirm that mail from {} reaches you at this address. The link and the digits work for 20 minutes, once.",
        site(state)
    );
    code("Verify your address", "Verify your address", sentence, "Verify this address", seed, true)
}

pub fn log_in(state: &AppState, seed: CodeSeed) -> Letter {
    let sentence = format!(
        "This is your way into {} without a password. The link and the digits work for 20 minutes, once.",
        site(state)
    );
    code("Your log-in link", "Log in", sentence, "Log in", seed, true)
}

pub fn recover(state: &AppState, seed: CodeSeed) -> Letter {
    let sentence = format!(
        "Somebody, probably you, asked for a new password at {}. Choosing one logs out every device. The link and the digits work for 20 minutes, once.",
        site(state)
    );
    code("Choose a new password", "Choose a new password", sentence, "Choose a new password", seed, true)
}

pub fn change_email(state: &AppState, seed: CodeSeed) -> Letter {
    let sentence = format!(
        "Your account at {} is about to use this address. The link and the digits work for 20 minutes, once.",
        site(state)
    );
    code("Confirm your new address", "Confirm your new address", sentence, "Use this address", seed, true)
}

/// To the address that was replaced; `new` is the one that took its place.
pub fn email_changed(state: &AppState, new: &str, seed: CodeSeed) -> Letter {
    Letter {
        footnote: Some("That was you? Then there is nothing to do.".into()),
        ..code(
            "Your address was changed",
            "Your address was changed",
            format!(
                "Your account at {} uses {new} from now on, and no longer this address. For 7 days you can take that back: the link moves the account here again, asks for a new password, and logs out every device.",
                site(state)
            ),
            "Take it back",
            seed,
            false,
        )
    }
}

/// To the address that was replaced, once more; `until` is the day on which the link ends.
pub fn way_back(state: &AppState, until: &str, seed: CodeSeed) -> Letter {
    Letter {
        footnote: Some("The link that was mailed before no longer works. Changed the address yourself? The same page ends this link too.".into()),
        ..code(
            "A new link to take your address back",
            "Take your address back",
            format!(
                "Your account at {} moved away from this address. Until {until} this link moves it back, asks for a new password, and logs out every device.",
                site(state)
            ),
            "Take it back, or end this link",
            seed,
            false,
        )
    }
}

pub fn password_changed(state: &AppState) -> Letter {
    notice(
        "Your password was changed",
        vec![
            format!("The password of your account at {} was changed. Every other device was logged out.", site(state)),
            NOT_YOU.into(),
        ],
        Some(("Choose a new password", "/forgot")),
    )
}

pub fn new_device(state: &AppState, device: &str, ip: &str) -> Letter {
    notice(
        "A new device logged in",
        vec![
            format!(
                "{device} logged in to your account at {} for the first time, from the IP address {ip}.",
                site(state)
            ),
            "That was you? Then there is nothing to do. If it wasn't, log that device out and choose a new password."
                .into(),
        ],
        Some(("See your devices", "/account/devices")),
    )
}

pub fn session_copied(state: &AppState, device: &str) -> Letter {
    notice(
        "A session was used twice",
        vec![
            format!(
                "An old token of {device} came back at {}, so somebody may hold a copy of that session. It was ended for everybody who held it.",
                site(state)
            ),
            "Log in again to go on. If something on that device looks strange, choose a new password too.".into(),
        ],
        Some(("See your devices", "/account/devices")),
    )
}

pub fn locked(state: &AppState) -> Letter {
    notice(
        "Too many log-in attempts",
        vec![
            format!("Somebody tried several passwords for your account at {}. Logging in with a password has to wait for a few minutes now; none of them worked.", site(state)),
            "That was you? A link by mail gets you in at once. If it wasn't, there is nothing to do as long as your password is yours alone.".into(),
        ],
        Some(("Log in by mail", "/magic")),
    )
}

/// `on`: the day, in words.
pub fn leaving(state: &AppState, on: &str) -> Letter {
    notice(
        "Your account will be erased",
        vec![
            format!(
                "You asked to erase your account at {}. It happens on {on}; until then nothing is lost.",
                site(state)
            ),
            "Changed your mind? Log in and press Keep my account. If it wasn't you, choose a new password as well."
                .into(),
        ],
        Some(("Log in to keep it", "/account")),
    )
}

pub fn kept(state: &AppState) -> Letter {
    notice(
        "Your account stays",
        vec![
            format!("You chose to keep your account at {}. It is not going to be erased.", site(state)),
            NOT_YOU.into(),
        ],
        Some(("Choose a new password", "/forgot")),
    )
}
