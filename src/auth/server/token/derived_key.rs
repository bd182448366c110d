//! Derives a key per purpose from a master secret (HKDF, RFC 5869). Used by the key ring.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use sha2::Sha256;

/// The purpose for one-time codes.
pub const ONE_TIME: &str = "latchkey/one-time";
/// The purpose for the cookies of known browsers.
pub const DEVICE: &str = "latchkey/device";

/// The purpose for the cookies that carry the outcome and the text of a form.
pub const FORM: &str = "latchkey/form";

/// The key of one master secret for one purpose.
pub struct DerivedKey {
    /// The public id of the key.
    pub kid: String,
    pub key: [u8; 32],
}

impl DerivedKey {
    pub fn new(secret: &str, purpose: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
        let mut key = [0; 32];
        let mut kid = [0; 8];
        // Fails only above 255 hash lengths.
        let _ = hkdf.expand_multi_info(&[purpose.as_bytes(), b" key"], &mut key);
        let _ = hkdf.expand_multi_info(&[purpose.as_bytes(), b" kid"], &mut kid);
        Self { kid: URL_SAFE_NO_PAD.encode(kid), key }
    }
}
