//! Limits the number of connections, in total and per address. Used by `connections`.
//!
//! When the table is full, the oldest idle connection is closed for the new one. If all connections are busy, a few
//! extra ones are accepted for `/healthz` and `/readyz` only, and the rest are closed at once. Some file descriptors
//! are always reserved for the database, the log and static files.

use futures_util::task::AtomicWaker;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Context,
    time::Duration,
};

use crate::server::{config::Config, proxies::TrustedProxies};

/// File descriptors reserved for listeners, the log, static files and timers.
const RESERVED: usize = 64;
/// File descriptors of one database connection: SQLite opens the file, its WAL and its shared memory.
const BY_DATABASE_CONNECTION: usize = 3;
/// Upper limit of connections for one process.
const MOST: usize = 10_000;
/// Extra connections that may only request the process's health.
const FOR_HEALTH: usize = 16;
/// How long a peer may read no byte of an answer.
const STALL: Duration = Duration::from_secs(30);

/// The connection limits, and the stall timeout.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub total: usize,
    /// Limit for one address that is not a trusted proxy.
    pub by_address: usize,
    pub stall: Duration,
}

impl Limits {
    /// Derives the limits from the process's descriptor limit, after raising that as far as the system allows.
    pub fn of_process(config: &Config) -> Self {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, ..limit };
        let descriptors = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(_) => limit.current,
        };
        let descriptors = descriptors.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        let database = usize::try_from(config.database.max_connections).unwrap_or(MOST) * BY_DATABASE_CONNECTION;
        let total = descriptors.saturating_sub(RESERVED + database).clamp(FOR_HEALTH, MOST);
        Self { total, by_address: total / 2, stall: STALL }
    }
}

/// The connections of one listener. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    limits: Limits,
    proxies: TrustedProxies,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// Ordered by the time of accept.
    open: BTreeMap<u64, Arc<Connection>>,
    by_address: HashMap<IpAddr, usize>,
    for_health: usize,
}

/// A connection. Its requests find it in their extensions.
pub struct Connection {
    address: IpAddr,
    /// Whether it was accepted beyond the limit.
    pub only_health: bool,
    /// Requests whose answer is not sent yet.
    pub busy: AtomicUsize,
    closing: AtomicBool,
    reader: AtomicWaker,
}

impl Connections {
    /// Creates an empty table.
    pub fn new(limits: Limits, proxies: TrustedProxies) -> Self {
        Self(Arc::new(Inner { limits, proxies, table: Mutex::default() }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the limits.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Reserves a place for a connection from `address`, or returns an error if the table is full.
    pub fn admit(&self, address: IpAddr) -> io::Result<Place> {
        let limits = &self.0.limits;
        let mut table = self.table();
        let from_there = table.by_address.get(&address).copied().unwrap_or_default();
        let too_many_from_there = from_there >= limits.by_address && !self.0.proxies.trusts(address);
        let is_full = table.open.len() >= limits.total;
        let has_room = match (too_many_from_there, is_full) {
            (true, _) => table.close_idle(Some(address)),
            (false, true) => table.close_idle(None),
            (false, false) => true,
        };
        if !has_room && table.for_health >= FOR_HEALTH {
            return Err(io::Error::other("too many connections"));
        }
        let connection = Arc::new(Connection {
            address,
            only_health: !has_room,
            busy: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            reader: AtomicWaker::new(),
        });
        let id = table.next;
        table.next += 1;
        if has_room {
            table.open.insert(id, connection.clone());
            *table.by_address.entry(address).or_default() += 1;
        } else {
            table.for_health += 1;
        }
        drop(table);
        Ok(Place { connections: self.clone(), id, connection })
    }
}

impl Table {
    /// Closes the oldest idle connection. Returns `false` if there is none.
    fn close_idle(&mut self, from: Option<IpAddr>) -> bool {
        let idle = self.open.values().find(|connection| {
            from.is_none_or(|address| connection.address == address)
                && connection.busy.load(Ordering::Acquire) == 0
                && !connection.closing.load(Ordering::Acquire)
        });
        if let Some(connection) = idle {
            connection.closing.store(true, Ordering::Release);
            connection.reader.wake();
        }
        idle.is_some()
    }
}

/// A connection's place in the table. Dropping it frees the place.
pub struct Place {
    connections: Connections,
    id: u64,
    pub connection: Arc<Connection>,
}

impl Place {
    /// Whether this connection should close for another one. Wakes the reader when it should.
    pub fn is_needed(&self, cx: &Context<'_>) -> bool {
        self.connection.reader.register(cx.waker());
        self.connection.closing.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        if self.connection.only_health {
            table.for_health -= 1;
            return;
        }
        table.open.remove(&self.id);
        let address = self.connection.address;
        if let Some(count) = table.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                table.by_address.remove(&address);
            }
        }
    }
}
