//! A small memory of token pairs that were found good: a browser sends the same pair with every request for minutes, and
//! verifying one of them was a twelfth of what a page costs. What it says of a session is checked as ever, by
//! `session::check`. Used by `identify`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::token::{AccessClaims, KeyRing, TokenError};

/// About 15 MB. Beyond, everything is forgotten: simpler than an order of use, and cheap to fill again.
const CAPACITY: usize = 10_000;

/// The memory. One a process, beside its one key ring.
///
/// It holds the pairs themselves, as the process holds the keys that sign them and the way to the database: SHA-256 of
/// both tokens was a twelfth of what a page cost, where the processor has no instructions for it. A pair is looked up by
/// a hash under a random key of this map's own, and whole pairs are compared only where that is the same, so the time
/// tells nothing of a token that somebody guesses at.
#[derive(Default)]
pub struct Verified(Mutex<HashMap<String, Arc<AccessClaims>>>);

impl Verified {
    /// What the access token says, if it is good and the refresh token beside it, where there is one, is a good one of the
    /// same session. A pair of two sessions was put together by somebody, never by us.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for an access token that is ours and whole but past its time, whatever is beside it.
    pub fn pair(&self, keys: &KeyRing, access: &str, refresh: Option<&str>) -> Result<Arc<AccessClaims>, TokenError> {
        let name = name(access, refresh);
        let known = self.lock().get(&name).cloned();
        if let Some(claims) = known.filter(|claims| claims.exp >= jsonwebtoken::get_current_timestamp()) {
            return Ok(claims);
        }
        let claims = Arc::new(keys.verify_access(access)?);
        if let Some(refresh) = refresh {
            let twin = keys.verify_refresh(refresh).map_err(|_| TokenError::Invalid)?;
            if twin.sid != claims.sid {
                return Err(TokenError::Invalid);
            }
        }
        let mut pairs = self.lock();
        if pairs.len() >= CAPACITY {
            pairs.clear();
        }
        pairs.insert(name, claims.clone());
        Ok(claims)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<AccessClaims>>> {
        // Nothing in here panics half-way, so a poisoned lock still guards a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One name for each pair: the length keeps the two apart.
fn name(access: &str, refresh: Option<&str>) -> String {
    let length = access.len();
    match refresh {
        Some(refresh) => format!("{length} {access} {refresh}"),
        None => format!("{length} {access}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::server::{session_id::SessionId, token::AccessGrant};
    use uuid::Uuid;

    fn keys(secret: &str) -> KeyRing {
        KeyRing::new("https://example.test".into(), &[secret])
    }

    fn pair(keys: &KeyRing, session_id: SessionId, lives: i64) -> (String, String) {
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
    fn a_good_pair_counts_again_and_nothing_else_does_for_having_been_near_it() {
        let keys = keys("pair-0123456789-abcdefghijklmnopqrstuvwxyz");
        let (access, refresh) = pair(&keys, SessionId::random(), 300);
        let (other_access, other_refresh) = pair(&keys, SessionId::random(), 300);
        let verified = Verified::default();
        for _ in 0..2 {
            for beside in [Some(refresh.as_str()), None] {
                let claims = verified.pair(&keys, &access, beside).unwrap();
                assert!(*claims == keys.verify_access(&access).unwrap());
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
                assert_eq!(verified.pair(&keys, access, refresh).err(), Some(TokenError::Invalid));
            }
        }
    }

    #[test]
    fn a_known_pair_ends_with_its_access_token() {
        let keys = keys("pair-0123456789-abcdefghijklmnopqrstuvwxyz");
        let (access, refresh) = pair(&keys, SessionId::random(), -60);
        let verified = Verified::default();
        // As if it had been remembered while it was good.
        let (good, _) = pair(&keys, SessionId::random(), 300);
        let claims =
            AccessClaims { exp: jsonwebtoken::get_current_timestamp() - 60, ..keys.verify_access(&good).unwrap() };
        verified.lock().insert(name(&access, Some(&refresh)), Arc::new(claims));
        assert_eq!(verified.pair(&keys, &access, Some(&refresh)).err(), Some(TokenError::Expired));
    }

    #[test]
    fn the_memory_is_bounded() {
        let keys = keys("pair-0123456789-abcdefghijklmnopqrstuvwxyz");
        let (access, refresh) = pair(&keys, SessionId::random(), 300);
        let verified = Verified::default();
        let claims = verified.pair(&keys, &access, Some(&refresh)).unwrap();
        for n in 0..CAPACITY {
            verified.lock().insert(name(&n.to_string(), None), claims.clone());
        }
        verified.pair(&keys, &access, None).unwrap();
        assert_eq!(verified.lock().len(), 1);
    }
}
