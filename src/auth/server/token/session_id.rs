//! The id of a session, which is only in tokens, and its hash, which the database and pages use.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::array::TryFromSliceError;

use crate::server::random;

/// The id of a session: 32 random bytes, with their hash. Serialized by [`SessionId::encode`].
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId {
    bytes: [u8; 32],
    hash: SessionIdHash,
}

/// SHA-256 of a [`SessionId`]. Identifies a session but can't be used as a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionIdHash([u8; 32]);

impl SessionId {
    /// Creates a new id.
    pub fn random() -> Self {
        random::bytes().into()
    }

    /// Returns the hash that the database stores.
    pub fn hash(&self) -> SessionIdHash {
        self.hash
    }

    /// Encodes the id for tokens: base64url without padding.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes)
    }
}

impl From<[u8; 32]> for SessionId {
    fn from(bytes: [u8; 32]) -> Self {
        Self { bytes, hash: SessionIdHash(Sha256::digest(bytes).into()) }
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.encode()
    }
}

impl TryFrom<String> for SessionId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self::from).ok_or("a session id is 32 bytes in base64url")
    }
}

impl SessionIdHash {
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// Returns 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Parses 64 hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let bytes = pairs.iter().map(|pair| byte(pair)).collect::<Option<Vec<u8>>>()?;
        Self::from_slice(&bytes)
    }
}

/// Converts the database's value.
impl TryFrom<Vec<u8>> for SessionIdHash {
    type Error = TryFromSliceError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, TryFromSliceError> {
        Ok(Self(bytes.as_slice().try_into()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_round_trips_and_nothing_else_parses() {
        let hash = SessionId::random().hash();
        assert_eq!(SessionIdHash::from_hex(&hash.to_hex()), Some(hash));
        let hex = "0a".repeat(32);
        for text in ["", "0", &hex[1..], &hex[2..], &format!("{hex}00"), &hex.replace('a', "g"), &hex.replace('a', "é")]
        {
            assert_eq!(SessionIdHash::from_hex(text), None, "{text}");
        }
    }
}
