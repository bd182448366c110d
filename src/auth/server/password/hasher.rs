//! Hashes and verifies passwords with argon2id (RFC 9106), behind the queue of `hash_queue` and the client's share of it
//! (`lanes`). Called by `account`, `mailed`, `confirm` and `change`.

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

/// The hasher and its queue. One a process.
pub struct Passwords {
    queue: HashQueue,
    shares: ClientShares,
    argon2: Argon2<'static>,
    /// What a hash of today costs.
    today: Work,
    /// What the hashes cost that were imported, or made before the parameters rose: the most common of them.
    older: RwLock<Option<Work>>,
}

/// What a verification found.
#[derive(Debug, PartialEq, Eq)]
pub enum VerifyOutcome {
    No,
    Yes,
    /// Yes, and here is a hash to keep instead: with today's stronger parameters, or of the password's normal form.
    YesUpgrade(String),
}

impl Passwords {
    /// Makes the hasher.
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

    /// How every hash of today begins.
    pub fn prefix(&self) -> String {
        let params = self.argon2.params();
        format!("$argon2id$v=19$m={},t={},p={}$", params.m_cost(), params.t_cost(), params.p_cost())
    }

    /// Takes note of a stored hash that is not of today: the most common of its kind, or none where there is none left.
    pub fn imitate(&self, older: Option<&str>) {
        let older =
            older.and_then(|text| StoredHash::parse(text, Some(self.argon2.params())).ok()).map(|hash| hash.work);
        *self.older.write().unwrap_or_else(PoisonError::into_inner) = older;
    }

    /// [`hash`](Self::hash) within the share of the client at `ip`, or [`AppError::Busy`].
    pub async fn hash_for(&self, ip: IpAddr, password: String) -> Result<String, AppError> {
        let _lane = self.shares.enter(ip).await?;
        self.hash(password).await
    }

    /// [`verify`](Self::verify) within the share of the client at `ip`, or [`AppError::Busy`].
    pub async fn verify_for(
        &self,
        ip: IpAddr,
        password: String,
        stored: Option<String>,
    ) -> Result<VerifyOutcome, AppError> {
        let _lane = self.shares.enter(ip).await?;
        self.verify(password, stored).await
    }

    /// A PHC string of `password` with a fresh salt, or [`AppError::Busy`]: for what no client waits for.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        let permit = self.queue.permit().await?;
        let argon2 = self.argon2.clone();
        self.queue.run(permit, move || hash(&argon2, &password)).await?.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            AppError::Internal
        })
    }

    /// Whether `password` belongs to `stored`.
    ///
    /// A no costs the same whether there is a hash or none, and whichever hash there is: one of today, and one like the
    /// older ones while there are any. Otherwise the time would tell the accounts that were imported from those that do not
    /// exist. The password is tried as it was received, then in its normal form where that is another: a second no, with
    /// or without a hash, that depends on nothing but what was typed.
    async fn verify(&self, password: String, stored: Option<String>) -> Result<VerifyOutcome, AppError> {
        let permit = self.queue.permit().await?;
        let argon2 = self.argon2.clone();
        let today = self.today.clone();
        let older = self.older.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.queue
            .run(permit, move || {
                let stored = stored.as_deref().and_then(|text| computable(text, argon2.params()));
                let normal = normal_password(&password);
                for form in forms(&password, &normal) {
                    if let Some(hash) = &stored
                        && hash.verify(&argon2, form)
                    {
                        return match hash.work == today && form == normal {
                            true => VerifyOutcome::Yes,
                            false => self::hash(&argon2, &normal).map_or(VerifyOutcome::Yes, VerifyOutcome::YesUpgrade),
                        };
                    }
                    let done = stored.as_ref().map(|hash| &hash.work);
                    owed(&today, older.as_ref(), done).for_each(|work| work.burn(form));
                }
                VerifyOutcome::No
            })
            .await
    }

    /// How many requests wait for a permit.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// One of the [`permits`](super::hash_queue::permits) to hash. Whoever holds it keeps the others waiting.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        self.queue.permit().await
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(argon2.hash_password(password.as_bytes())?.to_string())
}

/// The forms of a password to try: as it was received, and its normal form where that is another.
fn forms<'a>(received: &'a str, normal: &'a str) -> impl Iterator<Item = &'a str> {
    std::iter::once(received).chain(Some(normal).filter(|normal| *normal != received))
}

/// What is left to do of all that a no has to cost.
fn owed<'a>(today: &'a Work, older: Option<&'a Work>, done: Option<&'a Work>) -> impl Iterator<Item = &'a Work> {
    [Some(today), older].into_iter().flatten().filter(move |work| Some(*work) != done)
}

/// A stored hash, unless it is over the caps or cannot be understood: then its owner needs a new password.
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
    async fn a_hash_of_weaker_parameters_is_made_anew_once_the_password_is_known() {
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
    async fn a_hash_of_another_system_is_made_anew_and_one_over_the_caps_is_never_computed() {
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
    fn every_no_is_the_same_work_while_there_are_hashes_of_another_system() {
        let pool = pool(19_456);
        let (today, bcrypt) = (pool.today.clone(), Work::Bcrypt { cost: 10 });
        let all = |older: Option<&Work>, done: Option<&Work>| {
            let mut all: Vec<String> = owed(&today, older, done).chain(done).map(|work| format!("{work:?}")).collect();
            all.sort_unstable();
            all
        };
        // Nobody, an account of today, and one that was imported.
        let cases = [None, Some(&today), Some(&bcrypt)];
        for done in cases {
            assert_eq!(all(Some(&bcrypt), done).len(), 2, "{done:?}");
            assert_eq!(all(Some(&bcrypt), done), all(Some(&bcrypt), None), "{done:?}");
        }
        assert_eq!(all(None, None), all(None, Some(&today)), "and one hash where none were");
        assert_eq!(all(None, None).len(), 1);
    }

    #[test]
    fn the_older_hashes_are_known_by_a_sample() {
        let pool = pool(19_456);
        let older = |pool: &Passwords| pool.older.read().unwrap().clone();
        pool.imitate(Some("$2b$10$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i"));
        assert_eq!(older(&pool), Some(Work::Bcrypt { cost: 10 }));
        for none in [Some("garbage"), Some("$2b$31$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i"), None] {
            pool.imitate(none);
            assert_eq!(older(&pool), None, "{none:?}");
        }
    }
}
