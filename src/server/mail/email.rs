//! The content of a mail, as flows and features write it.

use serde::{Deserialize, Serialize};

use crate::auth::server::email_code::secret::CodeSeed;

/// The content of a mail, in plain text: rendering escapes it. Avoid text that another user typed, such as a name, in a
/// mail that others can trigger: mail clients turn anything that looks like a URL into a link.
#[derive(Clone, Serialize, Deserialize)]
pub struct Email {
    pub subject: String,
    /// Above the text: the subject in a few words.
    pub heading: String,
    /// Mail clients show the first one beside the subject.
    pub paragraphs: Vec<String>,
    /// The only button.
    pub action: Option<Action>,
    /// The seed of the mail's one-time secrets, if it carries any.
    pub code: Option<CodeSeed>,
    /// Whether to show the six digits, for reading the mail on another device.
    pub show_digits: bool,
    /// Below, in small type: what to do if the mail is unexpected.
    pub footnote: Option<String>,
}

/// A button.
#[derive(Clone, Serialize, Deserialize)]
pub struct Action {
    pub label: String,
    /// A path of this site, such as `/verify`. With [`Email::code`], `?code=` and the link's secret are added.
    pub path: String,
}
