//! The claims of the two JWTs (RFC 7519). Signed and verified by `key_ring`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::session_id::SessionId;

/// The claims of an access token. Times are seconds since 1970.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    pub iss: String,
    pub aud: String,
    /// The account id.
    pub sub: Uuid,
    pub sid: SessionId,
    /// The session's generation when the token was signed.
    #[serde(rename = "gen")]
    pub generation: u32,
    pub role: String,
    /// `users.authz_epoch`. A token of an older epoch is rejected.
    pub epoch: i64,
    /// Authentication assurance level (NIST SP 800-63B): 1, a password.
    pub aal: u8,
    pub auth_time: u64,
    pub iat: u64,
    pub exp: u64,
    pub jti: String,
}

/// The claims of a refresh token. Its `jti` is an HMAC of the generation with the session's secret, so neither the
/// signing key nor the database alone is enough to forge one, and the current token can be reproduced byte for byte.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshClaims {
    pub iss: String,
    pub aud: String,
    pub sid: SessionId,
    #[serde(rename = "gen")]
    pub generation: u32,
    pub iat: u64,
    pub exp: u64,
    pub jti: String,
}

impl RefreshClaims {
    /// Returns whether the `jti` was created with `secret`. Constant time.
    pub fn is_from(&self, secret: &[u8]) -> bool {
        URL_SAFE_NO_PAD.decode(&self.jti).is_ok_and(|jti| mac(secret, self.generation).verify_slice(&jti).is_ok())
    }
}

/// The input of a new access token; the key ring adds the rest.
pub struct AccessGrant<'a> {
    pub user_id: Uuid,
    pub session_id: SessionId,
    pub generation: u32,
    pub role: &'a str,
    pub epoch: i64,
    pub aal: u8,
    pub auth_time: u64,
    pub issued_at: u64,
    pub expires_at: u64,
}

/// Returns the `jti` of the refresh token of `generation`.
pub fn refresh_jti(session_secret: &[u8], generation: u32) -> String {
    URL_SAFE_NO_PAD.encode(mac(session_secret, generation).finalize().into_bytes())
}

fn mac(session_secret: &[u8], generation: u32) -> Hmac<Sha256> {
    #[allow(clippy::expect_used)]
    let mut mac = Hmac::<Sha256>::new_from_slice(session_secret).expect("HMAC takes keys of any length");
    mac.update(b"latchkey refresh generation ");
    mac.update(&generation.to_be_bytes());
    mac
}
