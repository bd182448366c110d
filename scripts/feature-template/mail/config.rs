//! The section `[mail]`. It has no keys, because this site sends no mail.

use serde::Deserialize;

use super::error::ConfigError;

/// The section as written in the file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {}

/// Whether this site sends mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Always `false`: nothing that needs a mail is offered, and sign-ups are open.
    pub enabled: bool,
}

impl Section {
    /// Validates the section.
    pub fn validate(self, _dev: bool) -> Result<Mail, ConfigError> {
        Ok(Mail { enabled: false })
    }
}
