//! The emails in the mailbox, in the types that server and browser share.

use serde::{Deserialize, Serialize};

use crate::ui::time::Moment;

/// An email in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSummary {
    pub id: String,
    pub to: String,
    pub subject: String,
    pub at: Moment,
}

/// An email on its own page, which loads the HTML in a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailShown {
    pub summary: MailSummary,
    pub text: String,
    /// The URL of its button.
    pub link: Option<String>,
    /// Its six-digit code.
    pub digits: Option<String>,
}
