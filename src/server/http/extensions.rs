//! What a page or a server function reads of the request at hand.

use axum::http::request::Parts;
use leptos::prelude::with_context;

/// A value that a middleware left in the request's extensions. Read in place: `use_context::<Parts>` would copy every
/// header and every other extension along.
pub fn extension<T: Clone + Send + Sync + 'static>() -> Option<T> {
    with_context(|parts: &Parts| parts.extensions.get().cloned()).flatten()
}
