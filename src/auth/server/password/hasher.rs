//! Hashes and verifies passwords with argon2id (RFC 9106),
//! through `hash_queue` and `client_shares`. Called by the flows.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use std::{
    net::IpAddr,
    sync::{PoisonError, RwLock},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    client_shares::ClientShares,
    hash_queue::HashQueue,
    stored_hash::{StoredHash, Work},
};
use crate::{auth::server::users::input::normal_password, error::AppError, server::config};

/// The hasher and its queue. One per process.
pub struct Passwords {
    queue: HashQueue,
    shares: ClientShares,
    argon2: Argon2<'static>,
    /// The cost of a hash with the current parameters.
    today: Work,
    /// The most common cost among hashes that were imported or created with older parameters.
    older: RwLock<Option<Work>>,
}

/// The result of a verification.
#[derive(Debug, PartialEq, Eq)]
pub enum VerifyOutcome {
    No,
    Yes,
    /// Yes, with a new hash to store: with the current parameters, or of the normalized password.
    YesUpgrade(String),
}

impl Passwords {
    /// Creates the hasher from the configured argon2 parameters.
    pub fn new(config: &config::Auth) -> Result<Self, argon2::Error> {
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_lanes, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let today = Work::of(&argon2, Algorithm::Argon2id, Version::V0x13);
        Ok(Self {
            queue: HashQueue::default(),
            shares: ClientShares::default(),
            argon2,
            today,
            older: RwLock::default(),
        })
    }

    /// Returns the prefix of hashes with the current parameters.
    pub fn prefix(&self) -> String {
        let params = self.argon2.params();
        format!("$argon2id$v=19$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost())
    }

    /// Sets the most common older hash, or `None` if there are none, whose cost failed log-ins also have.
    pub fn equalize_with(&self, older: Option<&str>) {
        let older =
            older.and_then(|text| StoredHash::parse(text, Some(self.argon2.params())).ok()).map(|hash| hash.work);
        *self.older.write().unwrap_or_else(PoisonError::into_inner) = older;
    }

    /// Like [`hash`](Self::hash), within the share of the client at `ip`.
    pub async fn hash_for(&self, ip: IpAddr, password: String) -> Result<String, AppError> {
        let _lane = self.shares.enter(ip).await?;
        self.hash(password).await
    }

    /// Like [`verify`](Self::verify), within the share of the client at `ip`.
    pub async fn verify_for(
        &self,
        ip: IpAddr,
        password: String,
        stored: Option<String>,
    ) -> Result<VerifyOutcome, AppError> {
        let _lane = self.shares.enter(ip).await?;
        self.verify(password, stored).await
    }

    /// Returns a PHC string of `password` with a new salt, or
    /// [`AppError::Busy`]. Without a client's share: for the command line.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        let permit = self.queue.permit().await?;
        let argon2 = self.argon2.clone();
        self.queue.run(permit, move || hash(&argon2, &password)).await?.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            AppError::Internal
        })
    }

    /// Verifies `password` against `stored`.
    ///
    /// A failure always costs the same, with any hash or none: one current hash and, while older hashes exist, one like
    /// those. Otherwise the time would reveal which accounts exist. Tries the password as received and, if that
    /// differs, normalized; the second try depends only on the input.
    async fn verify(&self, password: String, stored: Option<String>) -> Result<VerifyOutcome, AppError> {
        let permit = self.queue.permit().await?;
        let argon2 = self.argon2.clone();
        let current = self.today.clone();
        let older = self.older.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.queue
            .run(permit, move || {
                let stored = stored.as_deref().and_then(|text| computable(text, argon2.params()));
                let normal = normal_password(&password);
                for form in forms(&password, &normal) {
                    if let Some(hash) = &stored
                        && hash.verify(&argon2, form)
                    {
                        return match hash.work == current && form == normal {
                            true => VerifyOutcome::Yes,
                            false => self::hash(&argon2, &normal).map_or(VerifyOutcome::Yes, VerifyOutcome::YesUpgrade),
                        };
                    }
                    let done = stored.as_ref().map(|hash| &hash.work);
                    remaining_work(&current, older.as_ref(), done).for_each(|work| work.compute(form));
                }
                VerifyOutcome::No
            })
            .await
    }

    /// Returns how many requests wait for a permit.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Waits for one of the [`permits`](super::hash_queue::permits) to hash.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        self.queue.permit().await
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(argon2.hash_password(password.as_bytes())?.to_string())
}

/// Returns the forms of a password to try: as received and, if that differs, normalized.
fn forms<'a>(received: &'a str, normal: &'a str) -> impl Iterator<Item = &'a str> {
    std::iter::once(received).chain(Some(normal).filter(|normal| *normal != received))
}

/// Returns the work that is left to equalize the cost of a failure.
fn remaining_work<'a>(
    today: &'a Work,
    older: Option<&'a Work>,
    done: Option<&'a Work>,
) -> impl Iterator<Item = &'a Work> {
    [Some(today), older].into_iter().flatten().filter(move |work| Some(*work) != done)
}

/// Parses a stored hash. Returns `None`, with a warning, if it is
/// over the limits or unknown: its owner then needs a new password.
fn computable<'a>(stored: &'a str, own: &Params) -> Option<StoredHash<'a>> {
    StoredHash::parse(stored, Some(own))
        .map_err(|problem| tracing::warn!(%problem, "a stored password hash is of no use"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(memory_kib: u32) -> Passwords {
        let config = config::Auth { argon2_memory_kib: memory_kib, ..config::Auth::default() };
        Passwords::new(&config).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_verifies_and_no_other_does() {
        let pool = pool(19_456);
        let phc = pool.hash("tidal-copper-lantern".into()).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(phc.clone())).await, Ok(VerifyOutcome::Yes));
        assert_eq!(pool.verify("tidal-copper-lanterN".into(), Some(phc.clone())).await, Ok(VerifyOutcome::No));
        assert_eq!(pool.verify("tidal-copper-lantern".into(), None).await, Ok(VerifyOutcome::No));
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some("garbage".into())).await, Ok(VerifyOutcome::No));
        assert_ne!(pool.hash("tidal-copper-lantern".into()).await.unwrap(), phc, "each hash has a salt of its own");
    }

    #[tokio::test]
    async fn a_hash_with_weaker_parameters_is_upgraded_at_log_in() {
        let before = pool(19_456).hash("tidal-copper-lantern".into()).await.unwrap();
        let pool = pool(20_000);
        let Ok(VerifyOutcome::YesUpgrade(after)) =
            pool.verify("tidal-copper-lantern".into(), Some(before.clone())).await
        else {
            panic!("no new hash")
        };
        assert!(after.contains("m=20000"), "{after}");
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(after)).await, Ok(VerifyOutcome::Yes));
        assert_eq!(pool.verify("wrong".into(), Some(before)).await, Ok(VerifyOutcome::No));
    }

    #[tokio::test]
    async fn a_password_verifies_as_received_or_in_its_normal_form() {
        let (composed, decomposed) = ("r\u{e9}sum\u{e9}-lantern", "re\u{301}sume\u{301}-lantern");
        assert_eq!(forms(composed, composed).count(), 1, "costs nothing more");
        assert_eq!(forms(decomposed, composed).collect::<Vec<_>>(), [decomposed, composed]);
        let pool = pool(19_456);
        let normal = pool.hash(composed.into()).await.unwrap();
        for typed in [composed, decomposed] {
            assert_eq!(pool.verify(typed.into(), Some(normal.clone())).await, Ok(VerifyOutcome::Yes), "{typed:?}");
        }
        assert_eq!(pool.verify("resume-lantern".into(), Some(normal)).await, Ok(VerifyOutcome::No));
        let older = pool.hash(decomposed.into()).await.unwrap();
        let Ok(VerifyOutcome::YesUpgrade(after)) = pool.verify(decomposed.into(), Some(older)).await else {
            panic!("no new hash")
        };
        assert_eq!(pool.verify(composed.into(), Some(after)).await, Ok(VerifyOutcome::Yes));
    }

    #[tokio::test]
    async fn a_foreign_hash_is_upgraded_and_one_over_the_limits_is_never_computed() {
        let pool = pool(19_456);
        let bcrypt = "$2y$05$Dg/AXigtVRG2dAh7hmjoIuvyykwbSg3f2G2jqzuQjCpiJJmkWde2y";
        let Ok(VerifyOutcome::YesUpgrade(after)) =
            pool.verify("tidal-copper-lantern".into(), Some(bcrypt.into())).await
        else {
            panic!("no new hash")
        };
        assert!(after.starts_with(&pool.prefix()), "{after}");
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(after)).await, Ok(VerifyOutcome::Yes));
        assert_eq!(pool.verify("wrong".into(), Some(bcrypt.into())).await, Ok(VerifyOutcome::No));
        // These would take hours, and 4 TiB.
        for dear in [
            "$2y$31$Dg/AXigtVRG2dAh7hmjoIuvyykwbSg3f2G2jqzuQjCpiJJmkWde2y",
            "$argon2id$v=19$m=4294967295,t=9,p=1$MDEyMzQ1Njc4OWFiY2RlZg$z0IR1TdNGcTz3sMOSj9jVQ",
        ] {
            assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(dear.into())).await, Ok(VerifyOutcome::No));
        }
    }

    #[test]
    fn every_failed_log_in_costs_the_same_work_with_imported_hashes() {
        let pool = pool(19_456);
        let (today, bcrypt) = (pool.today.clone(), Work::Bcrypt { cost: 10 });
        let all = |older: Option<&Work>, done: Option<&Work>| {
            let mut all: Vec<String> =
                remaining_work(&today, older, done).chain(done).map(|work| format!("{work:?}")).collect();
            all.sort_unstable();
            all
        };
        // No account, one with a current hash, and one with an imported hash.
        let cases = [None, Some(&today), Some(&bcrypt)];
        for done in cases {
            assert_eq!(all(Some(&bcrypt), done).len(), 2, "{done:?}");
            assert_eq!(all(Some(&bcrypt), done), all(Some(&bcrypt), None), "{done:?}");
        }
        assert_eq!(all(None, None), all(None, Some(&today)), "and one hash where none were");
        assert_eq!(all(None, None).len(), 1);
    }

    #[test]
    fn the_cost_of_older_hashes_comes_from_a_sample() {
        let pool = pool(19_456);
        let older = |pool: &Passwords| pool.older.read().unwrap().clone();
        pool.equalize_with(Some("$2b$10$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i"));
        assert_eq!(older(&pool), Some(Work::Bcrypt { cost: 10 }));
        for none in [Some("garbage"), Some("$2b$31$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i"), None] {
            pool.equalize_with(none);
            assert_eq!(older(&pool), None, "{none:?}");
        }
    }
}
