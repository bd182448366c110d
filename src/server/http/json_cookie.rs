//! Encodes JSON as a cookie value in base64url, because cookie values exclude quotes and commas (RFC 6265, 4.1.1). Used
//! by `draft` and `flash`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Browsers allow 4096 bytes per cookie; the rest is for the name and attributes.
pub const MAX_VALUE: usize = 3800;

/// Encodes a value for [`decode`].
pub fn encode(content: &impl Serialize) -> String {
    serde_json::to_vec(content).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default()
}

/// Decodes a value. Returns `None` unless [`encode`] wrote it.
pub fn decode<T: DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}
