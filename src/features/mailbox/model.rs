//! What the mailbox shows of a mail.

use serde::{Deserialize, Serialize};

use crate::ui::time::Moment;

/// A mail in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSummary {
    pub id: String,
    pub to: String,
    pub subject: String,
    pub at: Moment,
}

/// A mail on a page of its own. Its html is in a frame there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailShown {
    pub summary: MailSummary,
    pub text: String,
    /// Where its button leads.
    pub link: Option<String>,
    /// The code to type.
    pub digits: Option<String>,
}
