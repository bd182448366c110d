//! JSON as a cookie's value: base64url, since a cookie takes no quotes and no commas (RFC 6265, 4.1.1).
//! Used by `draft` and `flash`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Browsers keep 4096 bytes a cookie; the rest is for its name and attributes.
pub const MAX_VALUE: usize = 3800;

/// The value that [`decode`] reads back.
pub fn encode(content: &impl Serialize) -> String {
    serde_json::to_vec(content).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default()
}

/// The content of a value, or `None` for a value that [`encode`] did not write.
pub fn decode<T: DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}
