//! The two secrets of a one-time code: that of the link, and six digits. Both are derived from a random seed with a key
//! of the master secret. The database stores only the seed, which is useless without the key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    auth::server::token::{derived_key::DerivedKey, key_ring::KeyRing},
    server::random,
};

/// The seed of a code: 32 random bytes. Serialized as base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeSeed([u8; 32]);

impl CodeSeed {
    /// Creates a new seed.
    pub fn random() -> Self {
        Self(random::bytes())
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Reads a seed from the database; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

impl From<CodeSeed> for String {
    fn from(seed: CodeSeed) -> Self {
        URL_SAFE_NO_PAD.encode(seed.0)
    }
}

impl TryFrom<String> for CodeSeed {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "a seed is base64url")?;
        Self::from_slice(&bytes).ok_or("a seed has 32 bytes")
    }
}

/// The secrets of a seed under one key. Either proves access to the mailbox: compare in constant time, or by hash.
pub struct Secrets {
    /// The secret of the link: 256 bits as 43 characters of base64url.
    pub link: String,
    /// Six decimal digits. Limit the tries.
    pub digits: String,
}

impl DerivedKey {
    fn secrets(&self, seed: &CodeSeed) -> Secrets {
        let link = self.mac(b"link", seed);
        let [a, b, c, d, e, f, g, h, ..] = self.mac(b"digits", seed);
        // The modulo bias is below 1 in 10^13.
        let digits = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 1_000_000;
        Secrets { link: URL_SAFE_NO_PAD.encode(link), digits: format!("{digits:06}") }
    }

    fn mac(&self, what: &[u8], seed: &CodeSeed) -> [u8; 32] {
        self.mac_of(what, &seed.0)
    }

    fn mac_of(&self, what: &[u8], text: &[u8]) -> [u8; 32] {
        #[allow(clippy::expect_used)]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(what);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

impl KeyRing {
    /// Derives the secrets of a seed under each key, current key first: an email may have been sent under an older key.
    pub fn one_time_secrets(&self, seed: &CodeSeed) -> impl Iterator<Item = Secrets> {
        self.one_time.iter().map(|key| key.secrets(seed))
    }

    /// Derives the secrets of a seed under the key `kid`; `None` if that key is no longer configured.
    pub fn one_time_secrets_of(&self, kid: &str, seed: &CodeSeed) -> Option<Secrets> {
        self.one_time.iter().find(|key| key.kid == kid).map(|key| key.secrets(seed))
    }

    /// Returns a keyed hash of `text` for logs: 16 hex digits that are equal for equal texts.
    pub fn pseudonym(&self, text: &str) -> String {
        let digest = self.one_time.first().map(|key| key.mac_of(b"pseudonym", text.as_bytes())).unwrap_or_default();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the id of the current key.
    pub fn one_time_kid(&self) -> &str {
        self.one_time.first().map_or("", |key| &key.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const OLD: &str = "old-0123456789-abcdefghijklmnopqrstuvwxyz";
    const NEW: &str = "new-0123456789-abcdefghijklmnopqrstuvwxyz";

    fn ring(secrets: &[&str]) -> KeyRing {
        KeyRing::new("https://latchkey.test".into(), secrets)
    }

    fn texts(secrets: impl Iterator<Item = Secrets>) -> Vec<(String, String)> {
        secrets.map(|s| (s.link, s.digits)).collect()
    }

    #[test]
    fn seed_and_key_determine_link_and_digits() {
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let seed = CodeSeed::random();
            let [(link, digits)] = &texts(ring(&[NEW]).one_time_secrets(&seed))[..] else { panic!("one key") };
            assert!(link.len() == 43 && link.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            assert!(digits.len() == 6 && digits.chars().all(|c| c.is_ascii_digit()));
            assert_eq!(texts(ring(&[NEW]).one_time_secrets(&seed)), [(link.clone(), digits.clone())]);
            assert!(seen.insert(link.clone()));
            // The seed reveals neither.
            assert!(!String::from(seed).contains(&link[..8]));
        }
    }

    #[test]
    fn codes_of_an_older_key_still_work() {
        let seed = CodeSeed::random();
        let old = texts(ring(&[OLD]).one_time_secrets(&seed));
        let both = ring(&[NEW, OLD]);
        assert_eq!(
            texts(both.one_time_secrets(&seed)),
            [texts(ring(&[NEW]).one_time_secrets(&seed)), old.clone()].concat()
        );
        let kid = ring(&[OLD]).one_time_kid().to_owned();
        assert_eq!(texts(both.one_time_secrets_of(&kid, &seed).into_iter()), old);
        assert!(ring(&[NEW]).one_time_secrets_of(&kid, &seed).is_none(), "its secret is gone");
        assert!(kid != both.one_time_kid() && kid.len() == 11);
    }

    #[test]
    fn a_seed_round_trips_and_nothing_else_parses() {
        let seed = CodeSeed::random();
        let json = serde_json::to_string(&seed).unwrap();
        assert!(serde_json::from_str::<CodeSeed>(&json).unwrap() == seed);
        for text in ["\"\"", "\"AAAA\"", "7", &json.replace('"', ""), &json.replacen('"', "\"AA", 1), "\"!\""] {
            assert!(serde_json::from_str::<CodeSeed>(text).is_err(), "{text}");
        }
    }
}
