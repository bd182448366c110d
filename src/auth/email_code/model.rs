//! One-time codes, in the words that server and browser share.

use serde::{Deserialize, Serialize};

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Makes the account that was asked for.
    SignUp,
    /// Shows that mail to the account's address reaches its owner.
    Verify,
    LogIn,
    /// Chooses a new password.
    Recover,
    /// Moves the account to the address that the code went to.
    ChangeEmail,
    /// Moves the account back to an address that it had.
    UndoEmail,
}

impl Purpose {
    pub const ALL: [Purpose; 6] =
        [Self::SignUp, Self::Verify, Self::LogIn, Self::Recover, Self::ChangeEmail, Self::UndoEmail];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Verify => "verify",
            Self::LogIn => "log_in",
            Self::Recover => "recover",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
        }
    }

    /// The purpose of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// What a code still needs besides a press of the button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    Nothing,
    /// A new password: either it is what the code is for, or whoever set the old one may have been somebody else.
    NewPassword,
    /// To be logged in as the account that it belongs to.
    LogIn,
}

/// A code that came with a link, or that this browser asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailed {
    pub purpose: Purpose,
    /// The address that it went to.
    pub email: String,
    pub needs: Needs,
    /// Whether `needs` could also be met by logging in, which keeps the password.
    pub or_log_in: bool,
}

/// The secret of a mailed link, of what was copied along with it: only characters of base64url (RFC 4648, 5) can be its.
pub fn secret_of_link(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}
