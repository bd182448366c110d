//! Parses what a posted form says besides its fields (`ui::sent`), and what was typed into it, which a refused form gets
//! back. Read by `responses`.

use axum::body::Bytes;

use crate::{
    auth::model::{local_path, with_query},
    error::AppError,
    ui::{DRAFT, SENT_AS, SENT_FROM},
};

/// The inputs whose value is a secret. It is never put back into a form. A test compares the list with all pages.
pub const SECRETS: [&str; 4] = ["password", "old_password", "digits", "code"];

/// Other inputs that nobody types: those of the protocol, of password managers, and of the rows of a list.
const NOT_TYPED: [&str; 8] = [SENT_FROM, SENT_AS, DRAFT, "next", "username", "session", "role", "id"];

/// The inputs that repeat a query parameter of the page.
const QUERY: [&str; 2] = ["code", "next"];

/// A form's body.
#[derive(Default)]
pub struct FormPost {
    /// The path and query of the form's page, on this site.
    pub page: Option<String>,
    /// The id of the account that the page was rendered for.
    pub account: Option<String>,
    /// Whether to keep the form as a draft instead of acting on it.
    pub is_draft: bool,
    /// The typed fields, by input name.
    pub typed: Vec<(String, String)>,
}

impl FormPost {
    /// Parses a form's body. Invalid encoding counts as an empty form.
    pub fn read(body: &Bytes) -> Self {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        let mut form = Self { page: page(&fields), ..Self::default() };
        // A client may repeat a secret under another name.
        let is_secret_of =
            |(name, value): &(String, String)| (is_secret(name) && !value.is_empty()).then(|| value.clone());
        let secrets: Vec<String> = fields.iter().filter_map(is_secret_of).collect();
        for (name, value) in fields {
            match name.as_str() {
                SENT_AS => form.account = Some(value),
                DRAFT => form.is_draft = true,
                name if is_kept(name) && !secrets.contains(&value) => form.typed.push((name.to_owned(), value)),
                _ => {}
            }
        }
        form
    }

    /// Returns why the form must be refused, if so. `caller`: the id of the signed-in account.
    pub fn refusal(&self, caller: Option<&str>) -> Option<AppError> {
        match (self.account.as_deref(), caller) {
            (Some(account), Some(caller)) if account != caller => Some(AppError::OtherAccount),
            (_, None) if self.is_draft => Some(AppError::Unauthenticated),
            _ => None,
        }
    }
}

/// Whether a refused form gets the value of the input `name` back. An input that ends in `_id` names a row.
pub fn is_kept(name: &str) -> bool {
    !is_secret(name) && !NOT_TYPED.contains(&name) && !name.ends_with("_id")
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Returns the path of the form's page, with the query that its inputs repeat.
fn page(fields: &[(String, String)]) -> Option<String> {
    let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let path = value(SENT_FROM)?;
    let query = QUERY.into_iter().find_map(|name| Some((name, value(name).filter(|value| !value.is_empty())?)));
    let page = query.map_or_else(|| path.to_owned(), |(name, value)| with_query(path, name, value));
    own_page(&page).map(str::to_owned)
}

/// Returns `path` if it is a path of this site that a form may return to. The log-in page is not a target after a
/// log-in, but it is a target for its own error.
pub fn own_page(path: &str) -> Option<&str> {
    let own_form = ["/login", "/signup"]
        .iter()
        .any(|form| path.strip_prefix(form).is_some_and(|rest| rest.is_empty() || rest.starts_with('?')));
    let path = path.split('#').next()?;
    (own_form || local_path(path).is_some()).then_some(path)
}

/// Returns the path of a page's URL, without the query.
pub fn path_of(page: &str) -> &str {
    page.split_once('?').map_or(page, |(path, _)| path)
}
