//! Derives a key for each purpose from a master secret (HKDF, RFC 5869). Used by `token` for its key ring.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use sha2::Sha256;

/// The purpose of the secrets that mails carry (`one_time`).
pub const ONE_TIME: &str = "latchkey/one-time";
/// The purpose of the cookies of known browsers (`known_browser`).
pub const DEVICE: &str = "latchkey/device";

/// The key of one master secret for one purpose.
pub struct DerivedKey {
    /// Its public name.
    pub kid: String,
    pub key: [u8; 32],
}

impl DerivedKey {
    pub fn new(secret: &str, purpose: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
        let mut key = [0; 32];
        let mut kid = [0; 8];
        // Both lengths are far below HKDF's limit of 255 hashes, its only error.
        let _ = hkdf.expand_multi_info(&[purpose.as_bytes(), b" key"], &mut key);
        let _ = hkdf.expand_multi_info(&[purpose.as_bytes(), b" kid"], &mut kid);
        Self { kid: URL_SAFE_NO_PAD.encode(kid), key }
    }
}
