//! A small memory of cookies that were found good: a browser sends the same ones with every request for minutes, and
//! reading and verifying them was a tenth of what a page costs. What they say of a session is checked as ever, by
//! `session::check`. Used by `identify`.

use axum::http::{HeaderMap, header};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::token::{AccessClaims, KeyRing, TokenError};

/// With [`LONGEST`] at most 20 MB. Beyond, everything is forgotten: simpler than an order of use, and cheap to fill again.
const CAPACITY: usize = 10_000;
/// Bytes of the longest line that is remembered: our cookies, and as much again of others.
const LONGEST: usize = 2048;

/// The memory. One a process, beside its one key ring.
///
/// It holds the lines themselves, as the process holds the keys that sign their tokens and the way to the database. A
/// line is looked up by a hash under a random key of this map's own, and whole lines are compared only where that is the
/// same, so the time tells nothing of a token that somebody guesses at.
#[derive(Default)]
pub struct Verified(Mutex<HashMap<Box<[u8]>, Arc<AccessClaims>>>);

impl Verified {
    /// What the access token of that cookie line says, if the line was found good before, and until the token expires.
    pub fn known(&self, line: &[u8]) -> Option<Arc<AccessClaims>> {
        let claims = self.lock().get(line)?.clone();
        (claims.exp >= jsonwebtoken::get_current_timestamp()).then_some(claims)
    }

    /// Remembers that a cookie line was found good.
    pub fn remember(&self, line: &[u8], claims: Arc<AccessClaims>) {
        if line.len() > LONGEST {
            return;
        }
        let mut lines = self.lock();
        if lines.len() >= CAPACITY {
            lines.clear();
        }
        lines.insert(line.into(), claims);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Arc<AccessClaims>>> {
        // Nothing in here panics half-way, so a poisoned lock still guards a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request's cookies as they came, where all of them stand in one line (RFC 6265, 5.4).
pub fn cookie_line(headers: &HeaderMap) -> Option<&[u8]> {
    let mut lines = headers.get_all(header::COOKIE).iter();
    let line = lines.next()?;
    lines.next().is_none().then_some(line.as_bytes())
}

/// What the access token says, if it is good and the refresh token beside it, where there is one, is a good one of the
/// same session. A pair of two sessions was put together by somebody, never by us.
///
/// # Errors
/// [`TokenError::Expired`] for an access token that is ours and whole but past its time, whatever is beside it.
pub fn pair(keys: &KeyRing, access: &str, refresh: Option<&str>) -> Result<AccessClaims, TokenError> {
    let claims = keys.verify_access(access)?;
    if let Some(refresh) = refresh {
        let twin = keys.verify_refresh(refresh).map_err(|_| TokenError::Invalid)?;
        if twin.sid != claims.sid {
            return Err(TokenError::Invalid);
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::server::{session_id::SessionId, token::AccessGrant};
    use uuid::Uuid;

    fn keys(secret: &str) -> KeyRing {
        KeyRing::new("https://example.test".into(), &[secret])
    }

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
    fn two_tokens_are_a_pair_if_both_are_good_and_of_one_session() {
        let keys = keys("pair-0123456789-abcdefghijklmnopqrstuvwxyz");
        let (access, refresh) = sign(&keys, SessionId::random(), 300);
        let (other_access, other_refresh) = sign(&keys, SessionId::random(), 300);
        for beside in [Some(refresh.as_str()), None] {
            assert!(pair(&keys, &access, beside).unwrap() == keys.verify_access(&access).unwrap());
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
            assert_eq!(pair(&keys, access, refresh).err(), Some(TokenError::Invalid));
        }
        let (expired, refresh) = sign(&keys, SessionId::random(), -60);
        for beside in [Some(refresh.as_str()), Some("garbage"), None] {
            assert_eq!(pair(&keys, &expired, beside).err(), Some(TokenError::Expired));
        }
    }

    fn claims(lives: i64) -> Arc<AccessClaims> {
        let keys = keys("pair-0123456789-abcdefghijklmnopqrstuvwxyz");
        let good = keys.verify_access(&sign(&keys, SessionId::random(), 300).0).unwrap();
        Arc::new(AccessClaims { exp: jsonwebtoken::get_current_timestamp().saturating_add_signed(lives), ..good })
    }

    #[test]
    fn a_line_is_known_until_its_access_token_expires_and_no_other_for_being_near_it() {
        let verified = Verified::default();
        let (good, expired) = (claims(300), claims(-60));
        verified.remember(b"access=1; refresh=2", good.clone());
        verified.remember(b"access=3; refresh=4", expired);
        assert!(verified.known(b"access=1; refresh=2") == Some(good));
        for line in [&b"access=3; refresh=4"[..], b"access=1; refresh=2;", b"access=1", b"access=1; refresh=4", b""] {
            assert!(verified.known(line).is_none());
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let (verified, claims) = (Verified::default(), claims(300));
        let line = |length| vec![b'x'; length];
        verified.remember(&line(LONGEST + 1), claims.clone());
        assert_eq!(verified.lock().len(), 0);
        verified.remember(&line(LONGEST), claims.clone());
        for n in 0..CAPACITY {
            verified.remember(n.to_string().as_bytes(), claims.clone());
        }
        assert_eq!(verified.lock().len(), 1);
    }

    #[test]
    fn cookies_are_one_line_or_are_read_each_time() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookie_line(&headers), None);
        headers.append(header::COOKIE, "a=1; b=2".parse().unwrap());
        assert_eq!(cookie_line(&headers), Some(&b"a=1; b=2"[..]));
        headers.append(header::COOKIE, "a=3".parse().unwrap());
        assert_eq!(cookie_line(&headers), None);
    }
}
