//! Reads the current request's extensions from a page or server function.

use axum::http::request::Parts;
use leptos::prelude::with_context;

/// Returns a value that a middleware put into the request's extensions. Borrows instead of `use_context::<Parts>`,
/// which would clone all headers and extensions.
pub fn extension<T: Clone + Send + Sync + 'static>() -> Option<T> {
    with_context(|parts: &Parts| parts.extensions.get().cloned()).flatten()
}
