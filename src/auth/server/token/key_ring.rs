//! Signs and verifies the two JWTs (RFC 7519). Called by `session` and `identify`; tokens are only in cookies.
//!
//! HS256 with a key per purpose, derived from one master secret with HKDF (RFC 5869):
//! only this server verifies the tokens. Verification follows RFC 8725: one algorithm
//! per purpose, explicit `typ`, issuer and audience, and every claim required.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    claims::{AccessClaims, AccessGrant, RefreshClaims, refresh_jti},
    derived_key::{DEVICE, DerivedKey, FORM, ONE_TIME},
    session_id::SessionId,
};
use crate::server::random;

/// Browsers may drop larger cookies (RFC 6265, 6.1); ours are about 500 bytes.
const MAX_LENGTH: usize = 4096;

/// Why a token was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Valid, but past its `exp`.
    Expired,
    /// Malformed, not signed by us, or for another purpose.
    Invalid,
}

#[derive(Clone, Copy)]
enum Purpose {
    Access,
    Refresh,
}

impl Purpose {
    /// Returns the `typ`: that of RFC 9068 for the access token, and one like it for the refresh token.
    fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }

    fn audience(self) -> &'static str {
        match self {
            Self::Access => "latchkey/access",
            Self::Refresh => "latchkey/refresh",
        }
    }
}

/// The header of our tokens. Rejects all other fields, such as jku, jwk, x5u and crit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// A derived key.
struct Key {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    fn derive(secret: &str, purpose: Purpose) -> Self {
        let DerivedKey { kid, key } = DerivedKey::new(secret, purpose.audience());
        Self { kid, encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key) }
    }
}

/// The keys of one purpose, and how to validate their tokens.
struct Keys {
    /// The current key first.
    keys: Vec<Key>,
    validation: Validation,
}

impl Keys {
    fn new(issuer: &str, secrets: &[&str], purpose: Purpose, required: &[&str]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The same clock signs and verifies, or several in sync by NTP: an early expiry only costs a refresh.
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[purpose.audience()]);
        // The crate ignores a claim of the wrong JSON type unless it is required.
        validation.set_required_spec_claims(required);
        Self { keys: secrets.iter().map(|secret| Key::derive(secret, purpose)).collect(), validation }
    }
}

/// Signs with the current secret; verifies with the current and older ones.
pub struct KeyRing {
    issuer: String,
    access: Keys,
    refresh: Keys,
    /// The keys of one-time codes, current key first.
    pub one_time: Vec<DerivedKey>,
    /// The keys of the cookies of known browsers, current key first.
    pub devices: Vec<DerivedKey>,
    /// The keys of the cookies of forms, current key first.
    pub forms: Vec<DerivedKey>,
}

impl KeyRing {
    /// Derives the keys. `issuer` is the public origin; `secrets` has the current secret first, then older ones.
    pub fn new(issuer: String, secrets: &[&str]) -> Self {
        let access = Keys::new(&issuer, secrets, Purpose::Access, &["exp", "iss", "aud", "sub"]);
        let refresh = Keys::new(&issuer, secrets, Purpose::Refresh, &["exp", "iss", "aud"]);
        let derived = |purpose| secrets.iter().map(|secret| DerivedKey::new(secret, purpose)).collect();
        let (one_time, devices, forms) = (derived(ONE_TIME), derived(DEVICE), derived(FORM));
        Self { issuer, access, refresh, one_time, devices, forms }
    }

    /// Signs an access token.
    pub fn sign_access(&self, grant: &AccessGrant<'_>) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: Purpose::Access.audience().into(),
            sub: grant.user_id,
            sid: grant.session_id,
            generation: grant.generation,
            role: grant.role.into(),
            epoch: grant.epoch,
            aal: grant.aal,
            auth_time: grant.auth_time,
            iat: grant.issued_at,
            exp: grant.expires_at,
            jti: URL_SAFE_NO_PAD.encode(random::bytes::<16>()),
        };
        self.sign(Purpose::Access, &claims)
    }

    /// Signs the refresh token of a generation. Returns the same bytes for the same arguments and key.
    pub fn sign_refresh(
        &self,
        session_id: SessionId,
        session_secret: &[u8],
        generation: u32,
        rotated_at: u64,
        not_after: u64,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = RefreshClaims {
            iss: self.issuer.clone(),
            aud: Purpose::Refresh.audience().into(),
            sid: session_id,
            generation,
            iat: rotated_at,
            exp: not_after,
            jti: refresh_jti(session_secret, generation),
        };
        self.sign(Purpose::Refresh, &claims)
    }

    /// Verifies an access token and, if present, that the refresh token is valid and of the same session. Cookies of
    /// two sessions were not set by us.
    ///
    /// # Errors
    /// [`TokenError::Expired`] if the access token is valid but expired, whatever the refresh token; otherwise
    /// [`TokenError::Invalid`].
    pub fn verify_pair(&self, access: &str, refresh: Option<&str>) -> Result<AccessClaims, TokenError> {
        let claims = self.verify_access(access)?;
        match refresh.map(|refresh| self.verify_refresh(refresh)) {
            None => Ok(claims),
            Some(Ok(refresh)) if refresh.sid == claims.sid => Ok(claims),
            Some(_) => Err(TokenError::Invalid),
        }
    }

    /// Verifies an access token. See [`TokenError`] for failures.
    pub fn verify_access(&self, token: &str) -> Result<AccessClaims, TokenError> {
        self.verify(Purpose::Access, token)
    }

    /// Verifies a refresh token, except its `jti`: see [`RefreshClaims::is_from`].
    pub fn verify_refresh(&self, token: &str) -> Result<RefreshClaims, TokenError> {
        self.verify(Purpose::Refresh, token)
    }

    fn keys(&self, purpose: Purpose) -> &Keys {
        match purpose {
            Purpose::Access => &self.access,
            Purpose::Refresh => &self.refresh,
        }
    }

    fn sign(&self, purpose: Purpose, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let key = self.keys(purpose).keys.first().ok_or(ErrorKind::InvalidKeyFormat)?;
        let header =
            Header { typ: Some(purpose.typ().into()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &key.encoding)
    }

    fn verify<C: DeserializeOwned>(&self, purpose: Purpose, token: &str) -> Result<C, TokenError> {
        if token.len() > MAX_LENGTH {
            return Err(TokenError::Invalid);
        }
        let header = strict_header(token).ok_or(TokenError::Invalid)?;
        if header.alg != "HS256" || header.typ != purpose.typ() {
            return Err(TokenError::Invalid);
        }
        let Keys { keys, validation } = self.keys(purpose);
        let key = keys.iter().find(|key| key.kid == header.kid).ok_or(TokenError::Invalid)?;
        match jsonwebtoken::decode::<C>(token, &key.decoding, validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(TokenError::Expired),
            Err(_) => Err(TokenError::Invalid),
        }
    }
}

fn strict_header(token: &str) -> Option<StrictHeader> {
    let (header, _) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn sign(keys: &KeyRing, session_id: SessionId, lives: i64) -> (String, String) {
        let now = jsonwebtoken::get_current_timestamp();
        let grant = AccessGrant {
            user_id: Uuid::now_v7(),
            session_id,
            generation: 1,
            role: "user",
            epoch: 0,
            aal: 1,
            auth_time: now,
            issued_at: now,
            expires_at: now.saturating_add_signed(lives),
        };
        (keys.sign_access(&grant).unwrap(), keys.sign_refresh(session_id, &[7; 32], 1, now, now + 1000).unwrap())
    }

    #[test]
    fn a_pair_needs_two_valid_tokens_of_one_session() {
        let keys = KeyRing::new("https://example.test".into(), &["pair-0123456789-abcdefghijklmnopqrstuvwxyz"]);
        let (access, refresh) = sign(&keys, SessionId::random(), 300);
        let (other_access, other_refresh) = sign(&keys, SessionId::random(), 300);
        for beside in [Some(refresh.as_str()), None] {
            assert!(keys.verify_pair(&access, beside).unwrap() == keys.verify_access(&access).unwrap());
        }
        let bent = |token: &str| {
            format!("{}{}", &token[..token.len() - 4], if token.ends_with("AAAA") { "BBBB" } else { "AAAA" })
        };
        let bad: [(&str, Option<&str>); 7] = [
            (&bent(&access), Some(&refresh)),
            (&access, Some(&bent(&refresh))),
            (&access, Some(&other_refresh)),
            (&other_access, Some(&refresh)),
            (&access, Some(&access)),
            (&refresh, Some(&refresh)),
            (&access, Some("")),
        ];
        for (access, refresh) in bad {
            assert_eq!(keys.verify_pair(access, refresh).err(), Some(TokenError::Invalid));
        }
        let (expired, refresh) = sign(&keys, SessionId::random(), -60);
        for beside in [Some(refresh.as_str()), Some("garbage"), None] {
            assert_eq!(keys.verify_pair(&expired, beside).err(), Some(TokenError::Expired));
        }
    }
}
