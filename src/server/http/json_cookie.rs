//! Encodes JSON as a cookie value in base64url, because cookie values exclude quotes and commas (RFC 6265, 4.1.1), with a
//! MAC, because cookies can be planted. Used by `draft` and `flash`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::auth::server::token::key_ring::KeyRing;

/// Browsers allow 4096 bytes per cookie; the rest is for the name and attributes.
pub const MAX_VALUE: usize = 3800;

/// Encodes a value for [`decode`]. `name` keeps one cookie from being read as another.
pub fn encode(keys: &KeyRing, name: &str, content: &impl Serialize) -> String {
    let json = serde_json::to_vec(content).unwrap_or_default();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(&json), URL_SAFE_NO_PAD.encode(keys.sign_cookie(name, &json)))
}

/// Decodes a value. Returns `None` unless [`encode`] wrote it, with the same name and one of our secrets.
pub fn decode<T: DeserializeOwned>(keys: &KeyRing, name: &str, value: &str) -> Option<T> {
    let (json, mac) = value.split_once('.')?;
    let (json, mac) = (URL_SAFE_NO_PAD.decode(json).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
    if !keys.is_signed_cookie(name, &json, &mac) {
        return None;
    }
    serde_json::from_slice(&json).ok()
}
