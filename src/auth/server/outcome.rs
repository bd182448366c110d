//! What the core's server functions leave in the answer: the cookies, and the page that a browser goes to next. Called
//! as the last line of a server function.

use axum::http::{HeaderName, HeaderValue};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::{cookies, email_code::code::BrowserKey, flows::code_steps::Redeemed, session::issue::Issued};
use crate::{
    auth::model::local_path,
    error::AppError,
    server::{http::responses, state::AppState},
    ui::flash::{Flash, Notice},
};

/// Sets the session's cookies and leads to `next`.
pub fn signed_in(state: &AppState, issued: Issued, next: &str, notice: Option<Notice>) -> Result<(), AppError> {
    state.cookie_names.set(&cookies()?, issued);
    responses::see_other(local_path(next).unwrap_or("/profile"), notice);
    Ok(())
}

/// Sets the session's cookies and leads back to the form that asked for it, with what stood there.
pub fn stepped_up(state: &AppState, issued: Issued, next: &str, email: String) -> Result<(), AppError> {
    state.cookie_names.set(&cookies()?, issued);
    let typed = if email.is_empty() { Vec::new() } else { vec![("email".to_owned(), email)] };
    responses::see_other_with(local_path(next).unwrap_or("/account"), Flash { typed, ..Flash::default() });
    Ok(())
}

/// Clears the session's cookies and the browser's cache, and leads to the start page.
pub fn signed_out(state: &AppState, notice: Notice) -> Result<(), AppError> {
    state.cookie_names.clear(&cookies()?);
    if let Some(options) = use_context::<ResponseOptions>() {
        // What the browser stored of this site's pages goes too (W3C Clear Site Data; ASVS 5.0, 14.3.1).
        options.insert_header(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    }
    responses::see_other("/", Some(notice));
    Ok(())
}

/// Remembers in the browser which code it asked for, and leads to where digits are typed.
pub fn asked(state: &AppState, key: &BrowserKey) -> Result<(), AppError> {
    state.cookie_names.set_asked(&cookies()?, key);
    responses::see_other("/confirm", None);
    Ok(())
}

/// Sets the cookies of the session that a code began, if it began one, and leads to where the code leads.
pub fn confirmed(state: &AppState, redeemed: Redeemed) -> Result<(), AppError> {
    if let Some(issued) = redeemed.issued {
        state.cookie_names.set(&cookies()?, issued);
    }
    // A log-in page is no place to return to after a log-in, but it is where a reset without one ends.
    let next = redeemed.next.unwrap_or_default();
    let next = if next == "/login" { "/login" } else { local_path(&next).unwrap_or("/profile") };
    responses::see_other(next, redeemed.notice);
    Ok(())
}
