//! The cookie of a known browser: one that has logged in to the account before. It authenticates nobody. Log-in
//! attempts with it have their own rate limit, so that attackers can't lock out the owner (OWASP, "Slow Down Online
//! Guessing Attacks with Device Cookies"). Created by `session`, read by `flows::log_in`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{cookies::KNOWN_FOR, key_ring::KeyRing};
use crate::server::random;

/// The length in bytes of account, epoch, id and expiry, which the MAC covers.
const PAYLOAD: usize = 48;

/// The content of the cookie.
pub struct KnownBrowser {
    pub user_id: Uuid,
    /// `users.authz_epoch`: a new password or a log-out everywhere voids the cookie.
    pub epoch: i64,
    pub id: [u8; 16],
    not_after: DateTime<Utc>,
}

impl KnownBrowser {
    fn to_bytes(&self) -> Vec<u8> {
        let end = self.not_after.timestamp().to_be_bytes();
        [self.user_id.as_bytes(), &self.epoch.to_be_bytes()[..], &self.id, &end].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (user_id, rest) = bytes.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (id, end) = rest.split_first_chunk()?;
        let not_after = DateTime::from_timestamp(i64::from_be_bytes(end.try_into().ok()?), 0)?;
        Some(Self { user_id: Uuid::from_bytes(*user_id), epoch: i64::from_be_bytes(*epoch), id: *id, not_after })
    }
}

impl KeyRing {
    /// Signs the cookie of a browser that has just logged in to that account.
    pub fn sign_device(&self, user_id: Uuid, epoch: i64, now: DateTime<Utc>) -> String {
        let mut bytes = KnownBrowser { user_id, epoch, id: random::bytes(), not_after: now + KNOWN_FOR }.to_bytes();
        if let Some(key) = self.devices.first() {
            let mac = mac(&key.key, &bytes).finalize().into_bytes();
            bytes.extend(mac);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Verifies the cookie. Returns `None` if it is not ours or has expired.
    pub fn verify_device(&self, cookie: &str, now: DateTime<Utc>) -> Option<KnownBrowser> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (payload, found) = bytes.split_at_checked(PAYLOAD)?;
        let is_ours = self.devices.iter().any(|key| mac(&key.key, payload).verify_slice(found).is_ok());
        KnownBrowser::from_bytes(payload).filter(|browser| is_ours && now < browser.not_after)
    }
}

fn mac(key: &[u8; 32], text: &[u8]) -> Hmac<Sha256> {
    #[allow(clippy::expect_used)]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_cookie_round_trips_until_it_expires() {
        let keys = |secrets: &[&str]| KeyRing::new("https://latchkey.test".into(), secrets);
        let (old, new) = ("old-0123456789-abcdefghijklmnopqrstuvwxyz", "new-0123456789-abcdefghijklmnopqrstuvwxyz");
        let (user_id, now) = (Uuid::now_v7(), DateTime::UNIX_EPOCH);
        let cookie = keys(&[old]).sign_device(user_id, 7, now);
        assert_eq!(cookie.len(), 107);
        let known = |secrets: &[&str], cookie: &str, at| keys(secrets).verify_device(cookie, at);
        let found = known(&[new, old], &cookie, now + KNOWN_FOR - TimeDelta::seconds(1)).unwrap();
        assert_eq!((found.user_id, found.epoch), (user_id, 7));
        assert!(known(&[old], &cookie, now + KNOWN_FOR).is_none());
        assert!(known(&[new], &cookie, now).is_none());
        for other in ["", "AAAA", &cookie[..64], &cookie.repeat(2), &format!("{cookie}A")] {
            assert!(known(&[old], other, now).is_none(), "{other}");
        }
        assert_ne!(keys(&[old]).sign_device(user_id, 7, now), cookie, "each browser has an id of its own");
    }
}
