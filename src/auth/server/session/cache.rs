//! A small memory of sessions just read, so that a page need not ask the database who its reader is; and the place where
//! this node tells what it learns of sessions that end. Used by `session`, `account`, `hear` and `events`.
//!
//! An entry counts for one second; the node that changes a session forgets it at once, and on PostgreSQL the others are
//! told. Functions that change something never ask here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::store::SessionRow;
use crate::auth::server::token::session_id::SessionIdHash;

const FRESH: Duration = Duration::from_secs(1);
/// About 8 MB of rows. Beyond, everything is forgotten: simpler than an order of use, and cheap to fill again.
const CAPACITY: usize = 10_000;
/// Changes that a listener may lag behind. One that lags further looks for itself.
const BACKLOG: usize = 256;

/// What may have ended: whoever it concerns asks the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    Session(SessionIdHash),
    /// Every session of an account.
    Account(Uuid),
    /// Word from other nodes was lost: any session.
    Anything,
}

impl Invalidation {
    /// Whether that session of that account may be over.
    pub fn concerns(&self, session: &SessionIdHash, user_id: Uuid) -> bool {
        match self {
            Self::Session(changed) => changed == session,
            Self::Account(changed) => *changed == user_id,
            Self::Anything => true,
        }
    }
}

/// The memory. One a process.
pub struct SessionCache {
    memory: Mutex<Memory>,
    told: broadcast::Sender<Invalidation>,
}

#[derive(Default)]
struct Memory {
    rows: HashMap<SessionIdHash, (Instant, Arc<SessionRow>)>,
    /// Counts what was forgotten: a row read before that may be out of date, and is not kept.
    changes: u64,
}

/// Taken before a row is read, given back with it.
#[derive(Clone, Copy)]
pub struct ReadMark(u64);

impl Default for SessionCache {
    fn default() -> Self {
        Self { memory: Mutex::default(), told: broadcast::Sender::new(BACKLOG) }
    }
}

impl SessionCache {
    /// The session as read at most a second ago.
    pub fn fresh(&self, id: &SessionIdHash) -> Option<Arc<SessionRow>> {
        let memory = self.lock();
        let (read_at, row) = memory.rows.get(id)?;
        (read_at.elapsed() < FRESH).then(|| row.clone())
    }

    /// The session as last read, however long ago: for when the database does not answer.
    pub fn last_known(&self, id: &SessionIdHash) -> Option<Arc<SessionRow>> {
        self.lock().rows.get(id).map(|(_, row)| row.clone())
    }

    /// To be called before the row is read.
    pub fn mark(&self) -> ReadMark {
        ReadMark(self.lock().changes)
    }

    /// Keeps a row, unless something was forgotten since `mark`.
    pub fn insert(&self, mark: ReadMark, id: SessionIdHash, row: Arc<SessionRow>) {
        let mut memory = self.lock();
        if memory.changes != mark.0 {
            return;
        }
        if memory.rows.len() >= CAPACITY {
            memory.rows.clear();
        }
        memory.rows.insert(id, (Instant::now(), row));
    }

    /// Forgets one session, whose row has changed and which goes on.
    pub fn forget(&self, id: &SessionIdHash) {
        let mut memory = self.lock();
        memory.changes += 1;
        memory.rows.remove(id);
    }

    /// Forgets what may have ended, and tells the open event streams.
    pub fn invalidate(&self, change: Invalidation) {
        let mut memory = self.lock();
        memory.changes += 1;
        memory.rows.retain(|id, (_, row)| !change.concerns(id, row.user_id));
        drop(memory);
        // No stream is open: nobody to tell.
        let _ = self.told.send(change);
    }

    /// Hears of every change from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Invalidation> {
        self.told.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // Nothing in here panics half-way, so a poisoned lock still guards a whole map.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
