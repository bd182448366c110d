//! The text of `/confirm` for each purpose of a code.

use crate::auth::email_code::model::Purpose;

/// The text of the page.
pub struct ConfirmCopy {
    pub title: &'static str,
    /// What redeeming the code does.
    pub lead: &'static str,
    pub button: &'static str,
    /// The page where a new email can be requested.
    pub again: &'static str,
}

/// Returns the text for a code.
pub fn confirm_copy(purpose: Purpose) -> ConfirmCopy {
    match purpose {
        Purpose::SignUp => ConfirmCopy {
            title: "Confirm your email address",
            lead: "This creates your account and logs you in.",
            button: "Create my account",
            again: "/signup",
        },
        Purpose::Verify => ConfirmCopy {
            title: "Verify your email address",
            lead: "This confirms that the address belongs to you.",
            button: "Verify email address",
            again: "/account",
        },
        Purpose::LogIn => ConfirmCopy {
            title: "Log in by email",
            lead: "This logs you in on this device.",
            button: "Log in",
            again: "/magic",
        },
        Purpose::Recover => ConfirmCopy {
            title: "Choose a new password",
            lead: "This changes your password and logs out all devices.",
            button: "Change password",
            again: "/forgot",
        },
        Purpose::ChangeEmail => ConfirmCopy {
            title: "Confirm your new email address",
            lead: "This changes the email address of your account. We'll notify the old address.",
            button: "Use this address",
            again: "/account/email",
        },
        Purpose::UndoEmail => ConfirmCopy {
            title: "Restore your email address",
            lead: "This changes your account back to this address and logs out all devices.",
            button: "Restore this address",
            again: "/account/email",
        },
    }
}
