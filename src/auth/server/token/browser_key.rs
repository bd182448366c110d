//! The key in the `asked` cookie. Made by `codes`, kept by `cookies`.

use sha2::{Digest, Sha256};

use crate::server::random;

/// What ties digits to the browser that asked: 32 random bytes in a cookie of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserKey(String);

impl BrowserKey {
    pub fn random() -> Self {
        Self(random::secret_text())
    }

    /// From the cookie.
    pub fn from_cookie(value: &str) -> Self {
        Self(value.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}
