//! What a mail says. Written by whoever causes it, kept in the outbox as JSON, and made a mail of by `layout`.

use serde::{Deserialize, Serialize};

use crate::auth::server::email_code::secret::CodeSeed;

/// The words of a mail, all of them plain text: rendering escapes them. What somebody else has typed (a name) may stand
/// in them, but mail programs make a link of whatever looks like one: better without, in a mail that others cause.
#[derive(Clone, Serialize, Deserialize)]
pub struct Email {
    pub subject: String,
    /// Above the text; in few words, what the mail is about.
    pub heading: String,
    /// The first of them also stands beside the subject in a list of mails.
    pub paragraphs: Vec<String>,
    /// The one thing to do.
    pub action: Option<Action>,
    /// Where the mail carries one-time secrets, what they follow from.
    pub code: Option<CodeSeed>,
    /// Whether the six digits are shown, for those who read mail on another device.
    pub show_digits: bool,
    /// Below, in small: what to do when the mail is unexpected.
    pub footnote: Option<String>,
}

/// A button.
#[derive(Clone, Serialize, Deserialize)]
pub struct Action {
    pub label: String,
    /// A path of this site, such as `/verify`; with [`Email::code`], `?code=` and the link's secret are added.
    pub path: String,
}
