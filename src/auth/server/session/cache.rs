//! A cache of sessions, which saves a query per page, and the channel that announces invalidations to event streams.
//! Used by `lifecycle`, the flows, `listener` and `events`.
//!
//! An entry is fresh for one second. The node that changes a session removes it at once; on PostgreSQL the other nodes
//! are notified. Requests that change something never read the cache.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::store::SessionRow;
use crate::auth::server::token::session_id::SessionIdHash;

/// How long an entry is fresh.
const FRESH: Duration = Duration::from_secs(1);
/// About 8 MB. A full cache is cleared: simpler than tracking usage, and cheap to fill again.
const CAPACITY: usize = 10_000;
/// How many invalidations a stream can lag behind. Beyond that, it reads its session again.
const BACKLOG: usize = 256;

/// The sessions that may have ended and have to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    Session(SessionIdHash),
    /// Every session of an account.
    Account(Uuid),
    /// Any session, because notifications of other nodes were lost.
    Anything,
}

impl Invalidation {
    /// Returns whether that session of that account is affected.
    pub fn concerns(&self, session: &SessionIdHash, user_id: Uuid) -> bool {
        match self {
            Self::Session(changed) => changed == session,
            Self::Account(changed) => *changed == user_id,
            Self::Anything => true,
        }
    }
}

/// The cache. One per process.
pub struct SessionCache {
    entries: Mutex<Entries>,
    invalidations: broadcast::Sender<Invalidation>,
}

#[derive(Default)]
struct Entries {
    rows: HashMap<SessionIdHash, (Instant, Arc<SessionRow>)>,
    /// Counts the removals. A row that was read before a removal may be out of date and is not cached.
    changes: u64,
}

/// The state of the cache before a row is read, for [`SessionCache::insert`].
#[derive(Clone, Copy)]
pub struct ReadMark(u64);

impl Default for SessionCache {
    fn default() -> Self {
        Self { entries: Mutex::default(), invalidations: broadcast::Sender::new(BACKLOG) }
    }
}

impl SessionCache {
    /// Returns the session if it was read less than a second ago.
    pub fn fresh(&self, id: &SessionIdHash) -> Option<Arc<SessionRow>> {
        let entries = self.lock();
        let (read_at, row) = entries.rows.get(id)?;
        (read_at.elapsed() < FRESH).then(|| row.clone())
    }

    /// Returns the session as last read, however long ago. For use while the database is down.
    pub fn last_known(&self, id: &SessionIdHash) -> Option<Arc<SessionRow>> {
        self.lock().rows.get(id).map(|(_, row)| row.clone())
    }

    /// Returns the mark for [`Self::insert`]. Call it before reading the row.
    pub fn mark(&self) -> ReadMark {
        ReadMark(self.lock().changes)
    }

    /// Caches a row, unless something was removed since `mark`.
    pub fn insert(&self, mark: ReadMark, id: SessionIdHash, row: Arc<SessionRow>) {
        let mut entries = self.lock();
        if entries.changes != mark.0 {
            return;
        }
        if entries.rows.len() >= CAPACITY {
            entries.rows.clear();
        }
        entries.rows.insert(id, (Instant::now(), row));
    }

    /// Removes one session whose row has changed but which is still active.
    pub fn forget(&self, id: &SessionIdHash) {
        let mut entries = self.lock();
        entries.changes += 1;
        entries.rows.remove(id);
    }

    /// Removes the sessions that may have ended, and notifies the event streams.
    pub fn invalidate(&self, change: Invalidation) {
        let mut entries = self.lock();
        entries.changes += 1;
        entries.rows.retain(|id, (_, row)| !change.concerns(id, row.user_id));
        drop(entries);
        // Fails only if no stream is open.
        let _ = self.invalidations.send(change);
    }

    /// Returns a receiver of all invalidations from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Invalidation> {
        self.invalidations.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // No code panics while holding the lock, so a poisoned lock still has a consistent map.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
