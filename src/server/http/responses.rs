//! Turns outcomes into HTTP responses: the status of each error, and the redirect for a plain form, which needs a page
//! instead of JSON. Called by the router, by `identify` and by server functions.

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
    auth::{
        model::log_in_path,
        server::{Caller, notices},
    },
    brand::NAME,
    error::AppError,
    server::state::AppState,
    ui::flash::{Flash, Notice},
};

/// Limit for a request body, in bytes. Larger than any form of this site.
pub const MAX_BODY: usize = 64 * 1024;
/// Marks a request that a browser sent from a form without JavaScript. The response is a redirect to a page.
#[derive(Clone, Copy)]
struct BrowserForm;

/// Returns the HTTP status of an error.
pub fn status(error: &AppError) -> StatusCode {
    match error {
        AppError::InvalidCredentials | AppError::Unauthenticated => StatusCode::UNAUTHORIZED,
        AppError::Forbidden | AppError::ReauthenticationNeeded | AppError::CrossSite => StatusCode::FORBIDDEN,
        AppError::CodeExpired => StatusCode::GONE,
        AppError::NotFound => StatusCode::NOT_FOUND,
        AppError::LastAdmin | AppError::OtherAccount | AppError::LimitReached { .. } => StatusCode::CONFLICT,
        AppError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        AppError::TooManyCookies => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        AppError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        AppError::Malformed => StatusCode::BAD_REQUEST,
        AppError::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        AppError::Unavailable | AppError::Busy | AppError::Conflict => StatusCode::SERVICE_UNAVAILABLE,
        AppError::Internal | AppError::Offline => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns an error as a response of its own: a plain document for a browser, JSON for other clients.
pub fn error(error: &AppError, request: &HeaderMap) -> Response {
    error_with(error, request, "")
}

/// Like [`error`], with a note for the operator, which only the document shows.
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

/// Redirects a plain form to `path` and shows a notice there. Called by server functions.
pub fn see_other(path: &str, notice: Option<Notice>) {
    see_other_with(path, Flash { notice, ..Flash::default() });
}

/// Like [`see_other`], with the complete flash for that page.
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

/// Sends the answer as a file download, also to a plain form. Called by server functions.
pub fn as_file(name: &'static str) {
    if let (Some(options), Ok(value)) =
        (use_context::<ResponseOptions>(), HeaderValue::try_from(format!("attachment; filename=\"{name}\"")))
    {
        options.insert_header(header::CONTENT_DISPOSITION, value);
    }
}

/// Middleware around pages and server functions: delivers the flash of the previous request, and turns outcomes into
/// responses.
pub async fn outcomes(State(state): State<AppState>, cookies: Cookies, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/") && request.method() == Method::POST {
        // Boxed to keep the middleware future small for pages.
        Box::pin(server_function(&state, cookies, request, next)).await
    } else {
        flash::take(&state, cookies, request, next).await
    }
}

/// Sets the status of errors. A plain form gets a 303 instead: to the function's target or, after an error, back to the
/// form's page with the error and the typed fields.
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
    // Only a page's form names its page, even if a proxy removed the header that asks for HTML.
    let browser_form = wants_html(&headers) || form.page.is_some();
    if browser_form {
        parts.extensions.insert(BrowserForm);
        // Leptos redirects plain forms itself. Asking it for JSON leaves the redirect to this function.
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    }
    let caller = parts.extensions.get::<Caller>().map(|caller| caller.identity.user_id.as_str());
    let response = match form.refusal(caller) {
        // As JSON, like the errors of server functions.
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
                flash::put(state, &cookies, &Flash { notice: Some(notices::SESSION_ENDED), ..Flash::default() });
            }
            draft::put(state, &cookies, form, &back);
            log_in_path(&back)
        }
        Some(failure) => {
            flash::put(state, &cookies, &Flash { error: Some(failure), typed: form.typed, ..Flash::default() });
            back
        }
        None if form.is_draft => {
            let notice = Some(flash::DRAFT_KEPT);
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

/// Returns the response with its error's status, and the error.
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

/// Whether the media type is a form's. Media types are case-insensitive (RFC 9110, 8.3.1).
const FORM: &str = "application/x-www-form-urlencoded";

/// Server functions accept form bodies only. A browser sends a preflight for any other type.
fn is_form(headers: &HeaderMap) -> bool {
    match headers.get(header::CONTENT_TYPE) {
        None => true,
        Some(value) => {
            value.to_str().is_ok_and(|v| v.split(';').next().is_some_and(|v| v.trim().eq_ignore_ascii_case(FORM)))
        }
    }
}
