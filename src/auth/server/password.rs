//! argon2id (RFC 9106) on a bounded pool of its own: at most `permits` hashes at once, a short queue before them, and an
//! honest 503 behind that. A flood of log-ins fills this queue, not the machine. Called by `account`.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{
    stored_hash::{StoredHash, Work},
    typed::normal_password,
};
use crate::{
    error::AppError,
    server::{config, metrics},
};

/// How many requests may wait for a permit, and of one client before that for its share.
pub(super) const QUEUE: usize = 32;
/// From so many on it is a flood.
const FLOOD: usize = QUEUE / 2;
/// How long one may wait.
pub(super) const WAIT: Duration = Duration::from_secs(2);
/// By how much a hash steps back for other threads (nice(2)): about a tenth of the processor where both want it.
const NICE: i32 = 10;
/// A hash starved if it took so many times as long as it ran.
const STARVED: u32 = 4;

/// The hasher and its pool. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// Whether the last hash hardly got at a processor.
    starved: Arc<AtomicBool>,
    argon2: Argon2<'static>,
    /// What a hash of today costs.
    today: Work,
    /// What the hashes cost that were imported, or made before the parameters rose: the most common of them.
    older: Arc<RwLock<Option<Work>>>,
}

/// How many hashes are made at once: one less than there are cores, so that pages keep one.
pub fn permits() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    cores.saturating_sub(1).max(1)
}

/// What a verification found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verified {
    No,
    Yes,
    /// Yes, and here is a hash to keep instead: with today's stronger parameters, or of the password's normal form.
    YesUpgrade(String),
}

impl Passwords {
    /// Makes the pool.
    pub fn new(config: &config::Auth) -> Result<Self, argon2::Error> {
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_lanes, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let today = Work::of(&argon2, Algorithm::Argon2id, Version::V0x13);
        let permits = Arc::new(Semaphore::new(permits()));
        let (waiting, starved, older) = Default::default();
        Ok(Self { permits, waiting, starved, argon2, today, older })
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

    /// A PHC string of `password` with a fresh salt.
    pub async fn hash(&self, password: String) -> Result<String, AppError> {
        let permit = self.permit().await?;
        let argon2 = self.argon2.clone();
        self.on_pool(permit, move || hash(&argon2, &password)).await?.map_err(|error| {
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
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<Verified, AppError> {
        let permit = self.permit().await?;
        let argon2 = self.argon2.clone();
        let today = self.today.clone();
        let older = self.older.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.on_pool(permit, move || {
            let stored = stored.as_deref().and_then(|text| computable(text, argon2.params()));
            let normal = normal_password(&password);
            for form in forms(&password, &normal) {
                if let Some(hash) = &stored
                    && hash.verify(&argon2, form)
                {
                    return match hash.work == today && form == normal {
                        true => Verified::Yes,
                        false => self::hash(&argon2, &normal).map_or(Verified::Yes, Verified::YesUpgrade),
                    };
                }
                let done = stored.as_ref().map(|hash| &hash.work);
                owed(&today, older.as_ref(), done).for_each(|work| work.burn(form));
            }
            Verified::No
        })
        .await
    }

    /// How many requests wait for a permit.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A turn to hash. Whoever holds it keeps the others waiting.
    pub async fn permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let _place = Place::take(&self.waiting, QUEUE)?;
        let began = Instant::now();
        let permit = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        metrics::waited_for_hash(began.elapsed());
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(AppError::Busy),
        }
    }

    /// Runs `work` on a thread of its own, which steps back for those that serve pages. The permit goes along, so that it
    /// stays taken until the work is over, even when the request that asked for it is gone.
    async fn on_pool<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AppError> {
        let (done, outcome) = oneshot::channel();
        let starved = self.starved.clone();
        let flood = self.waiting() >= FLOOD;
        // A new thread for each: next to a hash that costs nothing, and a thread that has stepped back cannot step forward.
        let thread = std::thread::Builder::new().name("password".into()).spawn(move || {
            let _permit = permit;
            step_back(flood && !starved.load(Ordering::Relaxed));
            let began = Instant::now();
            let result = work();
            starved.store(began.elapsed() > STARVED * ran(), Ordering::Relaxed);
            // Nobody waits any more: then the outcome is of no use.
            let _ = done.send(result);
        });
        if let Err(error) = thread {
            tracing::error!(%error, "no thread for a password");
            return Err(AppError::Busy);
        }
        outcome.await.map_err(|_| {
            tracing::error!("the password pool lost a task");
            AppError::Internal
        })
    }
}

/// A place in the queue, given back however the wait ends (a client may go away at any time).
pub(super) struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// Takes one of `queue` places, or answers that there is none.
    pub(super) fn take(waiting: &'a AtomicUsize, queue: usize) -> Result<Self, AppError> {
        let place = Self(waiting);
        match waiting.fetch_add(1, Ordering::Relaxed) {
            before if before < queue => Ok(place),
            _ => Err(AppError::Busy),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets other threads have the processor before this one: nine tenths of it, or in a flood of log-ins all of it. A thread
/// that is merely nice may finish its turn when somebody comes for a page, which takes up to four milliseconds; one that
/// runs only where no other wants to (`SCHED_IDLE`, sched(7)) makes way at once. But where others never leave the processor
/// alone it is never done, so after a hash that starved the next is nice again.
fn step_back(altogether: bool) {
    if !altogether || !run_only_where_idle() {
        // On Linux a thread has a niceness of its own. Where it is refused, a flood only slows pages more.
        let _ = rustix::process::setpriority_process(None, NICE);
    }
}

#[cfg(target_os = "linux")]
fn run_only_where_idle() -> bool {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let thread = thread_priority::thread_native_id();
    thread_priority::set_thread_priority_and_policy(thread, ThreadPriority::Min, policy).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn run_only_where_idle() -> bool {
    false
}

/// For how long this thread has had a processor since it began.
fn ran() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap_or_default()
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
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(phc.clone())).await, Ok(Verified::Yes));
        assert_eq!(pool.verify("tidal-copper-lanterN".into(), Some(phc.clone())).await, Ok(Verified::No));
        assert_eq!(pool.verify("tidal-copper-lantern".into(), None).await, Ok(Verified::No));
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some("garbage".into())).await, Ok(Verified::No));
        assert_ne!(pool.hash("tidal-copper-lantern".into()).await.unwrap(), phc, "each hash has a salt of its own");
    }

    #[tokio::test]
    async fn a_hash_of_weaker_parameters_is_made_anew_once_the_password_is_known() {
        let before = pool(19_456).hash("tidal-copper-lantern".into()).await.unwrap();
        let pool = pool(20_000);
        let Ok(Verified::YesUpgrade(after)) = pool.verify("tidal-copper-lantern".into(), Some(before.clone())).await
        else {
            panic!("no new hash")
        };
        assert!(after.contains("m=20000"), "{after}");
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(after)).await, Ok(Verified::Yes));
        assert_eq!(pool.verify("wrong".into(), Some(before)).await, Ok(Verified::No));
    }

    #[tokio::test]
    async fn a_password_verifies_as_received_or_in_its_normal_form() {
        let (composed, decomposed) = ("r\u{e9}sum\u{e9}-lantern", "re\u{301}sume\u{301}-lantern");
        assert_eq!(forms(composed, composed).count(), 1, "costs nothing more");
        assert_eq!(forms(decomposed, composed).collect::<Vec<_>>(), [decomposed, composed]);
        let pool = pool(19_456);
        let normal = pool.hash(composed.into()).await.unwrap();
        for typed in [composed, decomposed] {
            assert_eq!(pool.verify(typed.into(), Some(normal.clone())).await, Ok(Verified::Yes), "{typed:?}");
        }
        assert_eq!(pool.verify("resume-lantern".into(), Some(normal)).await, Ok(Verified::No));
        let older = pool.hash(decomposed.into()).await.unwrap();
        let Ok(Verified::YesUpgrade(after)) = pool.verify(decomposed.into(), Some(older)).await else {
            panic!("no new hash")
        };
        assert_eq!(pool.verify(composed.into(), Some(after)).await, Ok(Verified::Yes));
    }

    #[tokio::test]
    async fn a_hash_of_another_system_is_made_anew_and_one_over_the_caps_is_never_computed() {
        let pool = pool(19_456);
        let bcrypt = "$2y$05$Dg/AXigtVRG2dAh7hmjoIuvyykwbSg3f2G2jqzuQjCpiJJmkWde2y";
        let Ok(Verified::YesUpgrade(after)) = pool.verify("tidal-copper-lantern".into(), Some(bcrypt.into())).await
        else {
            panic!("no new hash")
        };
        assert!(after.starts_with(&pool.prefix()), "{after}");
        assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(after)).await, Ok(Verified::Yes));
        assert_eq!(pool.verify("wrong".into(), Some(bcrypt.into())).await, Ok(Verified::No));
        // These would take hours, and 4 TiB.
        for dear in [
            "$2y$31$Dg/AXigtVRG2dAh7hmjoIuvyykwbSg3f2G2jqzuQjCpiJJmkWde2y",
            "$argon2id$v=19$m=4294967295,t=9,p=1$MDEyMzQ1Njc4OWFiY2RlZg$z0IR1TdNGcTz3sMOSj9jVQ",
        ] {
            assert_eq!(pool.verify("tidal-copper-lantern".into(), Some(dear.into())).await, Ok(Verified::No));
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

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_hash_is_nice_and_in_a_flood_makes_way_altogether_unless_one_has_starved() {
        use thread_priority::{NormalThreadSchedulePolicy::*, ThreadSchedulePolicy::Normal};
        let pool = pool(19_456);
        let run = async |work: fn()| {
            let permit = pool.permits.clone().acquire_owned().await.unwrap();
            let manners = move || {
                work();
                (thread_priority::thread_schedule_policy(), rustix::process::getpriority_process(None).unwrap())
            };
            pool.on_pool(permit, manners).await.unwrap()
        };
        let starve = || {
            let began = Instant::now();
            while began.elapsed() <= 2 * STARVED * ran() {
                std::thread::park_timeout(Duration::from_millis(1));
            }
        };
        assert_eq!(run(|| {}).await, (Ok(Normal(Other)), NICE));
        pool.starved.store(false, Ordering::Relaxed);
        let mut places: Vec<_> = (1..FLOOD).map(|_| Place::take(&pool.waiting, QUEUE).unwrap()).collect();
        assert_eq!(run(|| {}).await, (Ok(Normal(Other)), NICE), "a few who wait are no flood");
        pool.starved.store(false, Ordering::Relaxed);
        places.push(Place::take(&pool.waiting, QUEUE).unwrap());
        assert_eq!(run(starve).await, (Ok(Normal(Idle)), 0));
        assert_eq!(run(starve).await, (Ok(Normal(Other)), NICE));
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away_at_once() {
        let pool = pool(19_456);
        let all = u32::try_from(pool.permits.available_permits()).unwrap();
        let taken = pool.permits.clone().acquire_many_owned(all).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..QUEUE {
            let pool = pool.clone();
            waiting.spawn(async move { pool.hash("tidal-copper-lantern".into()).await });
        }
        while pool.waiting() < QUEUE {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.hash("one too many".into()).await, Err(AppError::Busy));
        waiting.abort_all();
        while waiting.join_next().await.is_some() {}
        assert_eq!(pool.waiting(), 0, "who goes away gives the place back");
        drop(taken);
        assert!(pool.hash("tidal-copper-lantern".into()).await.is_ok());
    }
}
