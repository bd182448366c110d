//! The data that a page gets besides its URL: the outcome of the form post that led to it, and the public settings of
//! this site. The server provides both with each page load; pages and forms read them here.

use crate::error::{AppError, Field};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The outcome of the form post that led to this page. Shown once: a reload or another page no longer has it.
/// Empty fields are not serialized, because most pages have no flash.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flash {
    /// Why the form was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<AppError>,
    /// What the form did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// The input of the rejected form, by input name; never a password.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub typed: Vec<(String, String)>,
}

/// What a form post did, in a sentence for the user. The server function that did it writes the sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub text: Cow<'static, str>,
    /// Whether it is shown as a banner above the page, because it needs explanation, instead of as a toast.
    pub is_banner: bool,
}

impl Notice {
    /// A short confirmation, such as `Profile saved.`.
    pub const fn toast(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), is_banner: false }
    }

    /// An explanation, such as why the user is logged out.
    pub const fn banner(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), is_banner: true }
    }
}

impl Flash {
    /// Returns the value of the rejected form's input for `field`, or an empty string.
    pub fn typed(&self, field: &Field) -> String {
        self.typed.iter().find(|(name, _)| name == field.name()).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The settings of this site that pages show or check against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteInfo {
    /// Whether the demo accounts exist.
    pub demo: bool,
    /// Whether this site sends mail. `false`: hide what needs one.
    pub mail: bool,
    /// Whether emails are kept in `/dev/mailbox` instead of being sent.
    pub mailbox: bool,
    /// The minimum number of characters of a new password.
    pub password_min_length: u32,
    /// `auth.sudo_ttl` in seconds.
    pub sudo_ttl: u32,
    /// `auth.reuse_leeway` in seconds.
    pub reuse_leeway: u32,
}

/// `false` after the first page was rendered in the browser: pages reached from there by a link have no flash.
#[derive(Clone, Copy)]
struct FirstPage(StoredValue<bool>);

/// Makes [`use_flash`] return nothing after the first page. Called once, by `App`.
pub fn show_flash_once() {
    let first = StoredValue::new(true);
    provide_context(FirstPage(first));
    // Effects run only in the browser, after the first page was rendered.
    Effect::new(move |_| first.set_value(false));
}

/// Returns the flash of this page. Call it in the page's body: a closure that runs later gets an empty flash.
pub fn use_flash() -> Flash {
    let first = use_context::<FirstPage>().is_none_or(|first| first.0.get_value());
    if first { use_context().unwrap_or_default() } else { Flash::default() }
}

/// The defaults, without what only DEV has.
impl Default for SiteInfo {
    fn default() -> Self {
        Self { demo: false, mail: true, mailbox: false, password_min_length: 12, sudo_ttl: 900, reuse_leeway: 10 }
    }
}

/// Returns the settings of this site, or the defaults where none were provided.
pub fn use_site() -> SiteInfo {
    use_context().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_finds_the_value_by_field_and_is_empty_otherwise() {
        let flash = Flash { typed: vec![("email".into(), "ada@example.test".into())], ..Flash::default() };
        assert_eq!(flash.typed(&Field::EMAIL), "ada@example.test");
        assert_eq!(flash.typed(&Field::PASSWORD), "");
    }

    #[test]
    fn without_a_context_there_is_no_flash_and_no_demo() {
        Owner::new().with(|| {
            assert_eq!(use_flash(), Flash::default());
            assert!(!use_site().demo);
        });
    }
}
