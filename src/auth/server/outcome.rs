//! Sets the cookies and the redirect of a response. Called in the last line of a server function.

use axum::http::{HeaderName, HeaderValue};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::{cookies, email_code::code::BrowserKey, flows::code_steps::Redeemed, session::issue::Issued};
use crate::{
    auth::model::local_path,
    brand::AFTER_LOG_IN,
    error::AppError,
    server::{http::responses, state::AppState},
    ui::flash::{Flash, Notice},
};

/// Sets the session's cookies and redirects to `next`, or to [`AFTER_LOG_IN`].
pub fn signed_in(state: &AppState, issued: Issued, next: &str, notice: Option<Notice>) -> Result<(), AppError> {
    state.cookie_names.set(&cookies()?, issued);
    responses::see_other(local_path(next).unwrap_or(AFTER_LOG_IN), notice);
    Ok(())
}

/// Sets the session's cookies and redirects back to the form that required the step-up, with its input.
pub fn stepped_up(state: &AppState, issued: Issued, next: &str, email: String) -> Result<(), AppError> {
    state.cookie_names.set(&cookies()?, issued);
    let typed = if email.is_empty() { Vec::new() } else { vec![("email".to_owned(), email)] };
    responses::see_other_with(local_path(next).unwrap_or("/account"), Flash { typed, ..Flash::default() });
    Ok(())
}

/// Clears the session's cookies and the browser's cache, and redirects to the start page.
pub fn signed_out(state: &AppState, notice: Notice) -> Result<(), AppError> {
    state.cookie_names.clear(&cookies()?);
    if let Some(options) = use_context::<ResponseOptions>() {
        // Clears this site's pages from the browser's cache (W3C Clear Site Data; ASVS 5.0, 14.3.1).
        options.insert_header(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    }
    responses::see_other("/", Some(notice));
    Ok(())
}

/// Sets the cookie that ties the code to this browser, and redirects to the page where its digits are typed.
pub fn code_requested(state: &AppState, key: &BrowserKey) -> Result<(), AppError> {
    state.cookie_names.set_pending(&cookies()?, key);
    responses::see_other("/confirm", None);
    Ok(())
}

/// Sets the cookies of the new session, if redeeming the code started one, and redirects to its next page.
pub fn confirmed(state: &AppState, redeemed: Redeemed) -> Result<(), AppError> {
    if let Some(issued) = redeemed.issued {
        state.cookie_names.set(&cookies()?, issued);
    }
    // `local_path` rejects the log-in page, but a reset without a log-in ends there.
    let next = redeemed.next.unwrap_or_default();
    let next = if next == "/login" { "/login" } else { local_path(&next).unwrap_or(AFTER_LOG_IN) };
    responses::see_other(next, redeemed.notice);
    Ok(())
}
