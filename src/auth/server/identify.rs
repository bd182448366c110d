//! Authentication middleware: turns the cookies into a [`Caller`] and refreshes an expired access token. It runs before
//! anything is rendered, because a page that has started to stream can't set cookies. Pages, server functions and plain
//! forms are therefore all refreshed the same way.

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
    token::key_ring::TokenError,
};
use crate::{
    auth::server::notices,
    error::AppError,
    server::{
        fail_point,
        http::{flash, request_headers, responses, security},
        metrics,
        state::AppState,
    },
    ui::flash::{Flash, Notice},
};

/// Adds the [`Caller`] to the request's extensions. An invalid session clears the cookies, and the request continues as
/// anonymous. A session that was just replaced keeps them. If the database is down, returns 503 and keeps the cookies.
///
/// Also rejects cross-site requests, so that no authenticated route misses that check.
pub async fn identify(State(state): State<AppState>, cookies: Cookies, mut request: Request, next: Next) -> Response {
    if let Some(refusal) = security::refused(&state, &request) {
        return refusal;
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match resolve(&state, &cookies, request.headers(), is_read).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        // The page load that follows presents the tokens again and shows why.
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

/// Refreshes the tokens even if the access token is still valid, for clients that refresh ahead of time.
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
    /// The browser only prefetches: don't rotate for that.
    Prefetch,
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Ended => Self::LoggedOut(notices::SESSION_ENDED),
            Refused::TokenReused => Self::LoggedOut(notices::SESSION_COPIED),
            Refused::Changed => Self::LoggedOut(notices::ACCESS_CHANGED),
            Refused::Replaced => Self::Replaced,
            Refused::Unavailable => Self::Unavailable,
        }
    }
}

impl From<TokenError> for Stop {
    fn from(_: TokenError) -> Self {
        Self::LoggedOut(notices::SESSION_ENDED)
    }
}

async fn resolve(
    state: &AppState,
    cookies: &Cookies,
    headers: &HeaderMap,
    is_read: bool,
) -> Result<Option<Caller>, Stop> {
    let access = cookies.get(&state.cookie_names.access);
    let refresh = cookies.get(&state.cookie_names.refresh);
    if access.is_none() && refresh.is_none() {
        return Ok(None);
    }
    if let Some(access) = &access {
        match state.keys.verify_pair(access.value(), refresh.as_ref().map(Cookie::value)) {
            Ok(claims) => return Ok(Some(lifecycle::check(state, &claims, is_read).await?)),
            Err(TokenError::Expired) => {}
            Err(TokenError::Invalid) => return Err(Stop::LoggedOut(notices::SESSION_ENDED)),
        }
    }
    let Some(refresh) = refresh else {
        return Err(Stop::LoggedOut(notices::SESSION_ENDED));
    };
    if is_prefetch(headers) {
        return Err(Stop::Prefetch);
    }
    // Boxed to keep this future small: few requests rotate.
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
