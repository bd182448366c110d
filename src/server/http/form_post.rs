//! What a posted form says besides its fields (`ui::sent`), and what of it goes back into the page. Read by `respond`.

use axum::body::Bytes;

use crate::{
    auth::model::{local_path, with_query},
    error::AppError,
    ui::{DRAFT, SENT_AS, SENT_FROM},
};

/// The inputs whose text goes back into a refused form. Passwords are not among them, and never will be.
const TYPED: [&str; 4] = ["email", "display_name", "bio", "next"];

/// The inputs that repeat a parameter of the page's query.
const QUERY: [&str; 2] = ["code", "next"];

/// A form's body.
#[derive(Default)]
pub struct FormPost {
    /// The path and query of its page, of this site.
    pub page: Option<String>,
    /// The id of the account that its page was made for.
    pub account: Option<String>,
    /// Whether it is to be kept, not to be acted on.
    pub is_draft: bool,
    /// What was typed, by the names of the inputs.
    pub typed: Vec<(String, String)>,
}

impl FormPost {
    pub fn read(body: &Bytes) -> Self {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        let mut form = Self { page: page(&fields), ..Self::default() };
        for (name, value) in fields {
            match name.as_str() {
                SENT_AS => form.account = Some(value),
                DRAFT => form.is_draft = true,
                name if TYPED.contains(&name) => form.typed.push((name.to_owned(), value)),
                _ => {}
            }
        }
        form
    }

    /// Why the form must not be acted on, if so. `caller` is the id of the account that is signed in, if one is.
    pub fn refusal(&self, caller: Option<&str>) -> Option<AppError> {
        match (self.account.as_deref(), caller) {
            (Some(account), Some(caller)) if account != caller => Some(AppError::OtherAccount),
            (_, None) if self.is_draft => Some(AppError::Unauthenticated),
            _ => None,
        }
    }
}

/// The address of the page that holds the form: its path, with the query that its inputs repeat.
fn page(fields: &[(String, String)]) -> Option<String> {
    let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let path = value(SENT_FROM)?;
    let query = QUERY.into_iter().find_map(|name| Some((name, value(name).filter(|value| !value.is_empty())?)));
    let page = query.map_or_else(|| path.to_owned(), |(name, value)| with_query(path, name, value));
    own_page(&page).map(str::to_owned)
}

/// `path` if it is one of this site to go back to. The log-in page is not one to return to after a log-in, but it is one
/// to return to with its own error.
pub fn own_page(path: &str) -> Option<&str> {
    let own_form = ["/login", "/signup"]
        .iter()
        .any(|form| path.strip_prefix(form).is_some_and(|rest| rest.is_empty() || rest.starts_with('?')));
    let path = path.split('#').next()?;
    (own_form || local_path(path).is_some()).then_some(path)
}

/// The path of a page's address, without its query.
pub fn path_of(page: &str) -> &str {
    page.split_once('?').map_or(page, |(path, _)| path)
}
