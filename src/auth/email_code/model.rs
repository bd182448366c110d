//! One-time codes, in the types that server and browser share.

use serde::{Deserialize, Serialize};

/// How many minutes an emailed code works.
pub const CODE_MINUTES: u32 = 20;
/// How many days a change of address can be undone from the previous address.
pub const UNDO_DAYS: u32 = 7;

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Creates the account that was signed up for.
    SignUp,
    /// Verifies the account's address.
    Verify,
    LogIn,
    /// Sets a new password.
    Recover,
    /// Changes the account's address to the one that the code was sent to.
    ChangeEmail,
    /// Changes the account's address back to a previous one.
    UndoEmail,
}

impl Purpose {
    pub const ALL: [Purpose; 6] =
        [Self::SignUp, Self::Verify, Self::LogIn, Self::Recover, Self::ChangeEmail, Self::UndoEmail];

    /// Returns the name in the database.
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

    /// Returns the purpose with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// What redeeming a code requires besides the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    Nothing,
    /// A new password, because the code is for that or because a stranger may have chosen the old one.
    NewPassword,
    /// That the account of the code is logged in.
    LogIn,
}

/// A code from a link, or the one that this browser requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailCode {
    pub purpose: Purpose,
    /// The address that the code was sent to.
    pub email: String,
    pub needs: Needs,
    /// Whether logging in is an alternative to a new password.
    pub or_log_in: bool,
}

/// Extracts the secret of a link from pasted text: drops all characters that are not base64url (RFC 4648, section 5).
pub fn secret_of_link(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}
