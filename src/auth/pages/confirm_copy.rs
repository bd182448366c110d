//! The text of `/confirm`, by the purpose of the code.

use crate::auth::email_code::model::Purpose;

/// The text of the page.
pub struct ConfirmCopy {
    pub title: &'static str,
    /// What using the code does.
    pub lead: &'static str,
    pub button: &'static str,
    /// The page where another mail can be asked for.
    pub again: &'static str,
}

pub fn confirm_copy(purpose: Purpose) -> ConfirmCopy {
    match purpose {
        Purpose::SignUp => ConfirmCopy {
            title: "Confirm your address",
            lead: "One press creates your account and logs you in.",
            button: "Create my account",
            again: "/signup",
        },
        Purpose::Verify => ConfirmCopy {
            title: "Verify your address",
            lead: "One press shows that mail reaches you here.",
            button: "Verify my address",
            again: "/account",
        },
        Purpose::LogIn => ConfirmCopy {
            title: "Log in by mail",
            lead: "One press logs you in on this device.",
            button: "Log in",
            again: "/magic",
        },
        Purpose::Recover => ConfirmCopy {
            title: "Choose a new password",
            lead: "Every device is logged out, and the new password counts at once.",
            button: "Change password",
            again: "/forgot",
        },
        Purpose::ChangeEmail => ConfirmCopy {
            title: "Confirm your new address",
            lead: "Your account uses this address from then on. The old one is told.",
            button: "Use this address",
            again: "/account/email",
        },
        Purpose::UndoEmail => ConfirmCopy {
            title: "Take your address back",
            lead: "Your account moves back to this address, and every device is logged out.",
            button: "Take it back",
            again: "/account/email",
        },
    }
}
