//! What a page is told besides its address: the outcome of the form post that led to it, and a few facts about this
//! installation. The server fills both once for each page load; pages and forms read them here.

use crate::error::AppError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The outcome of the form post that led to this page. Shown once: a reload or a step to another page is without it.
/// Mostly there is none, and every page carries that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flash {
    /// Why the form was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<AppError>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// What stood in the refused form, by the names of its inputs; never a password.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub typed: Vec<(String, String)>,
}

/// What was done, in closed words: `ui::messages` has the sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The visitor logged out.
    LoggedOut,
    /// The session was ended: it ran out, or was revoked.
    SessionEnded,
    /// An old token of the session came back: somebody holds a copy, and the session was ended.
    SessionCopied,
    /// The account's role changed, which ends its sessions.
    AccessChanged,
    ProfileSaved,
    /// Another session of the account was ended.
    DeviceLoggedOut,
    /// All other sessions of the account were ended.
    OthersLoggedOut,
    /// All sessions of the account were ended, this one too.
    LoggedOutEverywhere,
    RoleChanged,
    PasswordChanged,
    /// A password that was set before the address was verified does not count any more.
    PasswordDropped,
    EmailVerified,
    EmailChanged,
    /// The account is back at the address that it had.
    EmailRestored,
    /// A new link was mailed to an earlier address, and the one before it ended.
    WayBackRenewed,
    /// The link that takes the account back to an earlier address was ended.
    WayBackEnded,
    /// The account is going to be erased.
    Leaving,
    /// The account is not going to be erased after all.
    Kept,
    /// What was typed before the session ended is back in the form of this page.
    DraftKept,
    /// The browser sends no cookie back, although this site set one.
    CookiesBlocked,
    /// The account was just made.
    Welcome,
    /// In the demo, an old refresh token was presented early enough to count as one of the visitor's own tabs.
    ReplayTolerated,
}

impl Flash {
    /// What was typed into the input of that name, or nothing.
    pub fn typed(&self, name: &str) -> String {
        self.typed.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// Facts about this installation that pages show or check against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteInfo {
    /// Whether the demo accounts exist and may be offered.
    pub demo: bool,
    /// Whether mails stay on this machine, at /dev/mailbox.
    pub mailbox: bool,
    /// Fewest characters of a new password.
    pub password_min_length: u32,
}

/// Set once the first page stands in the browser: pages reached by a link from there have no flash.
#[derive(Clone, Copy)]
struct FirstPage(StoredValue<bool>);

/// Makes [`use_flash`] forget the flash after the first page. Called by `App`, once.
pub fn show_flash_once() {
    let first = StoredValue::new(true);
    provide_context(FirstPage(first));
    // Effects run in the browser only, after the first page's views are made.
    Effect::new(move |_| first.set_value(false));
}

/// The flash of this page. Read it in the page's own body, not in a closure that runs later.
pub fn use_flash() -> Flash {
    let first = use_context::<FirstPage>().is_none_or(|first| first.0.get_value());
    if first { use_context().unwrap_or_default() } else { Flash::default() }
}

/// Cautious facts, for where none are told.
impl Default for SiteInfo {
    fn default() -> Self {
        Self { demo: false, mailbox: false, password_min_length: 12 }
    }
}

/// The facts about this installation; cautious ones where none were provided.
pub fn use_site() -> SiteInfo {
    use_context().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_finds_the_value_by_name_and_is_empty_otherwise() {
        let flash = Flash { typed: vec![("email".into(), "ada@example.test".into())], ..Flash::default() };
        assert_eq!(flash.typed("email"), "ada@example.test");
        assert_eq!(flash.typed("password"), "");
    }

    #[test]
    fn without_a_context_there_is_no_flash_and_no_demo() {
        Owner::new().with(|| {
            assert_eq!(use_flash(), Flash::default());
            assert!(!use_site().demo);
        });
    }
}
