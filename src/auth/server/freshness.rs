//! A small memory of sessions just read, so that a page need not ask the database who its reader is. Used by `session`.
//!
//! An entry counts for one second; the node that changes a session forgets it at once. Functions that change something
//! never ask here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{store::SessionRow, token::SessionIdHash};

const FRESH: Duration = Duration::from_secs(1);
/// About 8 MB of rows. Beyond, everything is forgotten: simpler than an order of use, and cheap to fill again.
const CAPACITY: usize = 10_000;

/// The memory. One a process.
#[derive(Default)]
pub struct Freshness(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    rows: HashMap<SessionIdHash, (Instant, Arc<SessionRow>)>,
    /// Counts what was forgotten: a row read before that may be out of date, and is not kept.
    changes: u64,
}

/// Taken before a row is read, given back with it.
#[derive(Clone, Copy)]
pub struct ReadMark(u64);

impl Freshness {
    /// The session as read at most a second ago.
    pub fn fresh(&self, id: &SessionIdHash) -> Option<Arc<SessionRow>> {
        let inner = self.lock();
        let (read_at, row) = inner.rows.get(id)?;
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
    pub fn keep(&self, mark: ReadMark, id: SessionIdHash, row: Arc<SessionRow>) {
        let mut inner = self.lock();
        if inner.changes != mark.0 {
            return;
        }
        if inner.rows.len() >= CAPACITY {
            inner.rows.clear();
        }
        inner.rows.insert(id, (Instant::now(), row));
    }

    /// Forgets one session, which has changed.
    pub fn forget(&self, id: &SessionIdHash) {
        let mut inner = self.lock();
        inner.changes += 1;
        inner.rows.remove(id);
    }

    /// Forgets all: an account has changed, and with it sessions that are not named here.
    pub fn forget_all(&self) {
        let mut inner = self.lock();
        inner.changes += 1;
        inner.rows.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way, so a poisoned lock still guards a whole map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
