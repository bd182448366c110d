//! How an outcome becomes an HTTP answer: the status of each error, and the way of a plain form, which wants a page and
//! not JSON. Called by the router, by `identify` and by server functions.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::prelude::{ElementChild, RenderHtml, use_context, view};
use leptos_axum::ResponseOptions;
use tower_cookies::Cookies;

use super::{
    draft,
    extensions::extension,
    flash,
    form_post::FormPost,
    request_headers::{own_referer, wants_html},
};
use crate::{
    auth::{model::log_in_path, server::Caller},
    brand::NAME,
    error::AppError,
    server::state::AppState,
    ui::flash::{Flash, Notice},
};

/// Bytes of the largest body that a form of this site can send, and then some.
pub const MAX_BODY: usize = 64 * 1024;
/// Marks a request that a browser sent from a form, without JavaScript: it wants a page in return.
#[derive(Clone, Copy)]
struct BrowserForm;

/// The HTTP status of an error.
pub fn status(error: &AppError) -> StatusCode {
    match error {
        AppError::InvalidCredentials | AppError::Unauthenticated => StatusCode::UNAUTHORIZED,
        AppError::Forbidden | AppError::ReauthenticationNeeded | AppError::CrossSite => StatusCode::FORBIDDEN,
        AppError::CodeExpired => StatusCode::GONE,
        AppError::NotFound => StatusCode::NOT_FOUND,
        AppError::LastAdmin | AppError::OtherAccount => StatusCode::CONFLICT,
        AppError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        AppError::TooManyCookies => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        AppError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        AppError::Malformed => StatusCode::BAD_REQUEST,
        AppError::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        AppError::Unavailable | AppError::Busy | AppError::Conflict => StatusCode::SERVICE_UNAVAILABLE,
        AppError::Internal | AppError::Offline => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An error as an answer of its own, outside of any page: a plain document to a browser, JSON to everybody else.
pub fn error(error: &AppError, request: &HeaderMap) -> Response {
    error_with(error, request, "")
}

/// The same, with a note for whoever runs the site. The document alone shows it.
pub fn error_with(error: &AppError, request: &HeaderMap, note: &str) -> Response {
    let status = status(error);
    let mut response = if wants_html(request) {
        let sentence = crate::ui::messages::error_sentence(error);
        let note = if note.is_empty() { String::new() } else { view! { <p>{note.to_owned()}</p> }.to_html() };
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{NAME}</title><h1>{status}</h1><p>{sentence}</p>{note}<p><a href=\"/\">Go to the start page</a></p></html>"
        );
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
    } else {
        let json = serde_json::to_vec(error).unwrap_or_default();
        ([(header::CONTENT_TYPE, "application/json")], json).into_response()
    };
    *response.status_mut() = status;
    retry_after(error, &mut response);
    response
}

/// Called by a server function: sends the browser to `path` when it came from a plain form, with a notice to show there.
pub fn see_other(path: &str, notice: Option<Notice>) {
    see_other_with(path, Flash { notice, ..Flash::default() });
}

/// The same, with all that the page there is to show.
pub fn see_other_with(path: &str, flash: Flash) {
    let Some(options) = use_context::<ResponseOptions>() else {
        return;
    };
    if let Ok(location) = HeaderValue::from_str(path) {
        options.insert_header(header::LOCATION, location);
    }
    if flash == Flash::default() {
        return;
    }
    if let (Some(state), Some(cookies), Some(BrowserForm)) = (use_context::<AppState>(), extension(), extension()) {
        flash::put(&state, &cookies, &flash);
    }
}

/// Called by a server function: its answer is a file to keep, also for a plain form.
pub fn as_file(name: &'static str) {
    if let (Some(options), Ok(value)) =
        (use_context::<ResponseOptions>(), HeaderValue::try_from(format!("attachment; filename=\"{name}\"")))
    {
        options.insert_header(header::CONTENT_DISPOSITION, value);
    }
}

/// Middleware around pages and server functions: what a function leaves for the next page, that page takes.
pub async fn outcomes(State(state): State<AppState>, cookies: Cookies, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/") && request.method() == Method::POST {
        // Boxed: all that a form may take would be moved about with every page.
        Box::pin(server_function(&state, cookies, request, next)).await
    } else {
        flash::take(&state, cookies, request, next).await
    }
}

/// Gives errors their status; and to a plain form a 303 instead: to where the function points or, when it fails, back to
/// the form's page, with the error and what was typed.
async fn server_function(state: &AppState, cookies: Cookies, request: Request, next: Next) -> Response {
    if !is_form(request.headers()) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let (mut parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let body = match to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        Err(cause) if is_too_large(&cause) => return error(&AppError::TooLarge, &headers),
        Err(_) => return error(&AppError::Malformed, &headers),
    };
    let form = FormPost::read(&body);
    // Only a page's form says where it was sent from, whatever became of the header that asks for a page.
    let browser_form = wants_html(&headers) || form.page.is_some();
    if browser_form {
        parts.extensions.insert(BrowserForm);
        // Leptos has redirects of its own for plain forms: it is told that a program asks, and this function answers.
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    }
    let caller = parts.extensions.get::<Caller>().map(|caller| caller.identity.user_id.as_str());
    let response = match form.refusal(caller) {
        // As JSON, like the functions' own errors.
        Some(refusal) => error(&refusal, &HeaderMap::new()),
        None if form.is_draft => StatusCode::NO_CONTENT.into_response(),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    };
    let (response, failure) = with_status(response).await;
    if !browser_form || response.headers().contains_key(header::CONTENT_DISPOSITION) {
        return response;
    }
    let back = form.page.clone().or_else(|| own_referer(&headers, state)).unwrap_or_else(|| "/".into());
    let location = match failure {
        Some(AppError::Unauthenticated) => {
            if !flash::is_put(state, &cookies) {
                flash::put(state, &cookies, &Flash { notice: Some(Notice::SessionEnded), ..Flash::default() });
            }
            draft::put(state, &cookies, form, &back);
            log_in_path(&back)
        }
        Some(failure) => {
            flash::put(state, &cookies, &Flash { error: Some(failure), typed: form.typed, ..Flash::default() });
            back
        }
        None if form.is_draft => {
            let notice = Some(Notice::DraftKept);
            flash::put(state, &cookies, &Flash { notice, typed: form.typed, ..Flash::default() });
            back
        }
        None => match response.headers().get(header::LOCATION).and_then(|l| l.to_str().ok()) {
            Some(location) => location.to_owned(),
            None => back,
        },
    };
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::SEE_OTHER;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    if let Ok(location) = HeaderValue::from_str(&location) {
        parts.headers.insert(header::LOCATION, location);
    }
    Response::from_parts(parts, Body::empty())
}

/// The answer with its error's status, and that error.
async fn with_status(response: Response) -> (Response, Option<AppError>) {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return (response, None);
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let failure = serde_json::from_slice(&body).unwrap_or(match parts.status {
        StatusCode::NOT_FOUND => AppError::NotFound,
        status if status.is_client_error() => AppError::Malformed,
        _ => AppError::Internal,
    });
    parts.status = status(&failure);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let json = serde_json::to_vec(&failure).unwrap_or_default();
    let mut response = Response::from_parts(parts, Body::from(json));
    retry_after(&failure, &mut response);
    (response, Some(failure))
}

fn retry_after(error: &AppError, response: &mut Response) {
    let seconds = match error {
        AppError::Throttled { retry_after } => *retry_after,
        AppError::Unavailable | AppError::Busy | AppError::Conflict => 2,
        _ => return,
    };
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// The media type of a form. Media types have no case (RFC 9110, 8.3.1).
const FORM: &str = "application/x-www-form-urlencoded";

/// Every server function takes a form and nothing else: what `<form>` cannot send, a preflight guards.
fn is_form(headers: &HeaderMap) -> bool {
    match headers.get(header::CONTENT_TYPE) {
        None => true,
        Some(value) => {
            value.to_str().is_ok_and(|v| v.split(';').next().is_some_and(|v| v.trim().eq_ignore_ascii_case(FORM)))
        }
    }
}
