//! Middleware: from cookies to a [`Caller`], refreshing on the way where the access token has expired. It runs before
//! anything is rendered, since a page that has begun to stream can set no cookie; so pages, server functions and plain
//! forms are all refreshed alike, and none of them knows.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_cookies::{Cookie, Cookies};

use super::{
    caller::Caller,
    session::{
        decision::Decision,
        events, lifecycle,
        status::{Refused, Replaced},
    },
    token::jwt::TokenError,
};
use crate::{
    error::AppError,
    server::{
        fail_point,
        http::{flash, request_headers, responses, security},
        metrics,
        state::AppState,
    },
    ui::flash::{Flash, Notice},
};

/// Puts a [`Caller`] into the request's extensions, if there is one. Any failure logs out: the cookies are cleared, and
/// the request goes on as anonymous; but they are kept while the browser is being given another session. A database that
/// does not answer is no failure of the session: 503, cookies kept.
///
/// What another site sent is refused here too: wherever somebody may be signed in, that was looked at.
pub async fn identify(State(state): State<AppState>, cookies: Cookies, mut request: Request, next: Next) -> Response {
    if let Some(refusal) = security::refused(&state, &request) {
        return refusal;
    }
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match resolve(&state, &cookies, request.headers(), only_reads).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        // The page load that follows presents them again, and says why.
        Err(Stop::LoggedOut(_)) if request.uri().path() == events::PATH => {}
        Err(Stop::Replaced) => {
            request.extensions_mut().insert(Replaced);
        }
        Err(Stop::LoggedOut(notice)) => {
            state.cookie_names.clear(&cookies);
            if request_headers::wants_html(request.headers()) {
                flash::put(&state, &cookies, &Flash { notice: Some(notice), ..Flash::default() });
            }
        }
        Err(Stop::Unavailable) => return responses::error(&AppError::Unavailable, request.headers()),
        Err(Stop::Prefetch) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
    next.run(request).await
}

/// Refreshes although the access token may still be valid: for a client that wants to refresh ahead.
pub async fn refresh_now(state: &AppState, cookies: &Cookies) -> Result<(), AppError> {
    let token = cookies.get(&state.cookie_names.refresh).ok_or(AppError::Unauthenticated)?;
    match present(state, cookies, token.value()).await {
        Ok(_) => Ok(()),
        Err(Stop::Unavailable) => Err(AppError::Unavailable),
        Err(Stop::Replaced) => Err(AppError::Unauthenticated),
        Err(Stop::LoggedOut(_) | Stop::Prefetch) => {
            state.cookie_names.clear(cookies);
            Err(AppError::Unauthenticated)
        }
    }
}

enum Stop {
    LoggedOut(Notice),
    Replaced,
    Unavailable,
    /// A browser that only guesses that its user will come here: no reason to rotate.
    Prefetch,
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ended => Self::LoggedOut(Notice::SessionEnded),
            Refused::TokenReused => Self::LoggedOut(Notice::SessionCopied),
            Refused::Changed => Self::LoggedOut(Notice::AccessChanged),
            Refused::Replaced => Self::Replaced,
            Refused::Unavailable => Self::Unavailable,
        }
    }
}

impl From<TokenError> for Stop {
    fn from(_: TokenError) -> Self {
        Self::LoggedOut(Notice::SessionEnded)
    }
}

async fn resolve(
    state: &AppState,
    cookies: &Cookies,
    headers: &HeaderMap,
    only_reads: bool,
) -> Result<Option<Caller>, Stop> {
    let access = cookies.get(&state.cookie_names.access);
    let refresh = cookies.get(&state.cookie_names.refresh);
    if access.is_none() && refresh.is_none() {
        return Ok(None);
    }
    if let Some(access) = &access {
        match state.keys.verify_pair(access.value(), refresh.as_ref().map(Cookie::value)) {
            Ok(claims) => return Ok(Some(lifecycle::check(state, &claims, only_reads).await?)),
            Err(TokenError::Expired) => {}
            Err(TokenError::Invalid) => return Err(Stop::LoggedOut(Notice::SessionEnded)),
        }
    }
    let Some(refresh) = refresh else {
        return Err(Stop::LoggedOut(Notice::SessionEnded));
    };
    if is_prefetch(headers) {
        return Err(Stop::Prefetch);
    }
    // Boxed: all that a rotation may take would be moved about with every request, and few rotate.
    Box::pin(present(state, cookies, refresh.value())).await.map(Some)
}

async fn present(state: &AppState, cookies: &Cookies, token: &str) -> Result<Caller, Stop> {
    let mut decided = None;
    let outcome = match state.keys.verify_refresh(token) {
        Ok(claims) => lifecycle::refresh_noting(state, &claims, &mut decided).await.map_err(Stop::from),
        Err(error) => Err(error.into()),
    };
    metrics::refresh(match (&outcome, decided) {
        (Err(Stop::Unavailable), _) => "unavailable",
        (Ok(_), Some(row)) | (Err(_), Some(row @ (Decision::ReuseDetected | Decision::FromTheFuture))) => row.as_str(),
        _ => "refused",
    });
    let (caller, issued) = outcome?;
    fail_point::point("before the answer");
    state.cookie_names.set(cookies, issued);
    Ok(caller)
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"]
        .iter()
        .filter_map(|name| headers.get(*name))
        .any(|value| value.as_bytes().starts_with(b"prefetch"))
}
