//! All layers and routes of the server, in the order that a request passes them.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::{Redirect, Response},
    routing::get,
};
use leptos::{nonce::Nonce, prelude::provide_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes};
use std::{
    any::Any,
    path::Path,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tower::ServiceBuilder;
use tower_cookies::CookieManagerLayer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    services::{ServeDir, ServeFile},
    timeout::TimeoutLayer,
};

use super::{
    assets::Assets, canonical_url, compression, connections, document::shell, extensions::extension, mail_preview,
    request_headers, responses, security,
};
use crate::{
    app::App,
    auth::server::{
        identify::identify,
        session::events::{self, events},
    },
    error::AppError,
    server::{
        db::error_mapping,
        ops::{health, logging},
        state::AppState,
    },
};

/// Time limit from the end of a request's head to the start of the response.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Returns the complete router.
pub fn router(state: AppState, assets: Assets) -> Router {
    let identify = from_fn_with_state(state.clone(), identify);
    let compress = (compression::layer(), from_fn_with_state(state.clone(), compression::mark));
    let identified = pages_and_functions(&state, assets).layer((compress, CookieManagerLayer::new(), identify));
    around(identified.layer(from_fn_with_state(state.clone(), canonical_url::redirect)), state)
}

/// Returns the complete router around pages and functions that are already identified. A separate function so that the
/// benchmark can replace [`identify`] by a constant caller and measure its cost.
pub fn around(identified: Router, state: AppState) -> Router {
    let routes = Router::new().merge(identified).merge(static_files(&state)).merge(health(&state));
    behind_layers(routes, state)
}

/// Adds the layers of every response. A separate function so that tests can add a route that panics.
///
/// One stack instead of several `.layer` calls: axum boxes each layer per route and clones all boxes per request.
pub fn behind_layers(routes: Router, state: AppState) -> Router {
    routes.layer(
        ServiceBuilder::new()
            .layer(from_fn(connections::note))
            .layer(from_fn(logging::trace))
            .layer(from_fn_with_state(state, security::headers))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT)),
    )
}

/// Returns the app's pages. Generated once per process: while Leptos lists the routes, no resource of a page that is
/// being rendered loads, and that page would never finish (leptos#4773).
pub fn routes() -> &'static [AxumRouteListing] {
    static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| leptos_axum::generate_route_list(App));
    &ROUTES
}

/// Returns pages and server functions. They read their [`Caller`](crate::auth::server::Caller) and cookies from the
/// request's extensions.
pub fn pages_and_functions(state: &AppState, assets: Assets) -> Router {
    let context = {
        let state = state.clone();
        move || provide_request_context(&state)
    };
    let document = {
        let (state, assets) = (state.clone(), Arc::new(assets));
        move || shell(&state.leptos, &assets)
    };
    let missing = leptos_axum::render_app_async_with_context(context.clone(), document.clone());
    Router::new()
        .route(events::PATH, get(events))
        .route(mail_preview::PATH, get(mail_preview::html))
        .leptos_routes_with_context(state, routes().to_vec(), context, document)
        .fallback(move |request| not_found(request, missing))
        .layer(from_fn_with_state(state.clone(), responses::outcomes))
        .with_state(state.clone())
}

/// Provides the context of pages and server functions, in addition to the request's parts.
fn provide_request_context(state: &AppState) {
    provide_context(state.clone());
    // Replace the nonce that Leptos made by the one in the CSP header.
    if let Some(nonce) = extension::<Nonce>() {
        provide_context(nonce);
    }
}

/// The well-known URL for changing passwords, for browsers and password managers (W3C, "A Well-Known URL for Changing
/// Passwords").
const CHANGE_PASSWORD: &str = "/.well-known/change-password";

/// Returns the 404 page to a browser, and the JSON error to other clients.
async fn not_found<F: Future<Output = Response>>(request: Request, page: impl FnOnce(Request) -> F) -> Response {
    if !request_headers::wants_html(request.headers()) {
        return responses::error(&AppError::NotFound, request.headers());
    }
    let mut response = page(request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Serves the built assets, whose names contain a hash, and the files of `public/`.
fn static_files(state: &AppState) -> Router {
    let root = Path::new(&*state.leptos.site_root);
    let package = ServeDir::new(root.join(&*state.leptos.site_pkg_dir)).precompressed_br().precompressed_gzip();
    let hashed = state.leptos.hash_files;
    let cached = move |response: Response| async move {
        let lasting = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        cache(response, lasting)
    };
    let mut router =
        Router::new().nest_service(&format!("/{}", state.leptos.site_pkg_dir), package).layer(map_response(cached));
    let mut public = Router::new();
    for file in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = file.file_name();
        let Some(name) = name.to_str().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz")) else {
            continue;
        };
        if file.path().is_file() {
            let service = ServeFile::new(file.path()).precompressed_br().precompressed_gzip();
            public = public.route_service(&format!("/{name}"), service);
        }
    }
    router = router.merge(public.layer(map_response(|r: Response| async move { cache(r, "public, max-age=3600") })));
    router
}

fn cache(mut response: Response, how: &'static str) -> Response {
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(how));
    }
    response
}

/// Returns the liveness and readiness probes, and the redirect for changing a password.
fn health(state: &AppState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(health::ready))
        .route(CHANGE_PASSWORD, get(|| async { Redirect::to("/account/password") }))
        .with_state(state.clone())
}

fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    responses::error(&error_mapping::panicked(&*panic), &Default::default())
}
