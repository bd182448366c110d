//! Limits the event streams of a session and of an account on this node. Closes the oldest stream first, because it may
//! belong to a broken connection. Called by `events`.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::auth::server::token::session_id::SessionIdHash;

/// The maximum number of streams of a session. A browser opens one for all its tabs.
const BY_SESSION: usize = 4;
/// The maximum number of streams of an account.
const BY_ACCOUNT: usize = 20;

/// The open streams of this node. Cheap to clone.
#[derive(Clone, Default)]
pub struct Streams(Arc<Inner>);

#[derive(Default)]
struct Inner {
    next: AtomicU64,
    /// By account, oldest first.
    open: Mutex<HashMap<Uuid, Vec<Open>>>,
}

struct Open {
    id: u64,
    session: SessionIdHash,
    closed: Arc<Notify>,
}

/// A registered stream. Dropping it removes the registration.
pub struct StreamPlace {
    streams: Streams,
    account: Uuid,
    id: u64,
    closed: Arc<Notify>,
}

impl Streams {
    fn open_of_all(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<Open>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a stream. Over the limit, closes the oldest one of the session or of the account.
    pub fn open(&self, account: Uuid, session: SessionIdHash) -> StreamPlace {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let closed = Arc::new(Notify::new());
        let mut all = self.open_of_all();
        let open = all.entry(account).or_default();
        let too_many = open.iter().filter(|open| open.session == session).count() >= BY_SESSION;
        let oldest = match too_many {
            true => open.iter().position(|open| open.session == session),
            false => (open.len() >= BY_ACCOUNT).then_some(0),
        };
        if let Some(oldest) = oldest {
            open.remove(oldest).closed.notify_one();
        }
        open.push(Open { id, session, closed: closed.clone() });
        drop(all);
        StreamPlace { streams: self.clone(), account, id, closed }
    }
}

impl StreamPlace {
    /// Waits until a newer stream replaces this one.
    pub async fn is_needed(&self) {
        self.closed.notified().await;
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut all = self.streams.open_of_all();
        if let Some(open) = all.get_mut(&self.account) {
            open.retain(|open| open.id != self.id);
            if open.is_empty() {
                all.remove(&self.account);
            }
        }
    }
}
