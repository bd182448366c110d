//! How many event streams a session and an account have on this node. The newest goes on: an older one may be what is left
//! of a connection that broke. Called by `events`.

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

/// Streams of one session. A browser opens one for all its tabs.
const BY_SESSION: usize = 4;
/// Streams of one account.
const BY_ACCOUNT: usize = 20;

/// The open streams of this node. Cheap to clone.
#[derive(Clone, Default)]
pub struct Streams(Arc<Inner>);

#[derive(Default)]
struct Inner {
    next: AtomicU64,
    /// Of each account, the oldest first.
    open: Mutex<HashMap<Uuid, Vec<Open>>>,
}

struct Open {
    id: u64,
    session: SessionIdHash,
    closed: Arc<Notify>,
}

/// A stream's place, given back when it is dropped.
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

    /// A place for one more stream. The oldest of the session, or of the account, is closed where there are too many.
    pub fn open(&self, account: Uuid, session: SessionIdHash) -> StreamPlace {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let closed = Arc::new(Notify::new());
        let mut all = self.open_of_all();
        let open = all.entry(account).or_default();
        let too_many = open.iter().filter(|one| one.session == session).count() >= BY_SESSION;
        let oldest = match too_many {
            true => open.iter().position(|one| one.session == session),
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
    /// Waits until a newer stream needs the place.
    pub async fn is_needed(&self) {
        self.closed.notified().await;
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut all = self.streams.open_of_all();
        if let Some(open) = all.get_mut(&self.account) {
            open.retain(|one| one.id != self.id);
            if open.is_empty() {
                all.remove(&self.account);
            }
        }
    }
}
