//! The key in the `asked` cookie. Created by `email_code`, set by `cookies`.

use sha2::{Digest, Sha256};

use crate::server::random;

/// Ties the digits of a code to the browser that requested it: 32 random bytes in a cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserKey(String);

impl BrowserKey {
    /// Creates a new key.
    pub fn random() -> Self {
        Self(random::secret_text())
    }

    /// Reads the key from the value of the cookie.
    pub fn from_cookie(value: &str) -> Self {
        Self(value.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the SHA-256 hash that the database stores.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}
