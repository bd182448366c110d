//! Invalidates the session cache when another node changes something, with PostgreSQL's LISTEN: triggers notify of
//! every ended session and every changed account. SQLite has only one node. Started by `server::serve`.

use sqlx::{PgPool, postgres::PgListener};
use std::time::Duration;

use super::cache::Invalidation;
use crate::{
    auth::server::token::session_id::SessionIdHash,
    server::{db::Db, state::AppState},
};

/// The channel that the triggers of migration 2 notify.
const CHANNEL: &str = "latchkey";
/// How long to wait before reconnecting. Meanwhile, cached sessions still expire within a second.
const RETRY: Duration = Duration::from_millis(500);

/// Listens until the database is closed.
pub async fn listen(state: AppState) {
    let Db::Postgres(pool) = &state.db else {
        return;
    };
    while let Err(error) = listen_once(&state, pool).await {
        if pool.is_closed() {
            return;
        }
        tracing::warn!(%error, "no word from other nodes for the moment");
        tokio::time::sleep(RETRY).await;
    }
}

/// Listens on one connection until it fails.
async fn listen_once(state: &AppState, pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // Notifications from before the connection are lost.
    state.session_cache.invalidate(Invalidation::Anything);
    loop {
        let change = match listener.try_recv().await? {
            Some(notification) => parse(notification.payload()).unwrap_or(Invalidation::Anything),
            None => Invalidation::Anything,
        };
        state.session_cache.invalidate(change);
    }
}

/// Parses a payload: `session:<id hash in hex>` or `account:<uuid>`.
fn parse(payload: &str) -> Option<Invalidation> {
    let (kind, id) = payload.split_once(':')?;
    match kind {
        "session" => Some(Invalidation::Session(SessionIdHash::from_hex(id)?)),
        "account" => id.parse().ok().map(Invalidation::Account),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_payloads_of_the_triggers_are_parsed() {
        let hash = "ab".repeat(32);
        assert_eq!(parse(&format!("session:{hash}")), SessionIdHash::from_hex(&hash).map(Invalidation::Session));
        let id = uuid::Uuid::now_v7();
        assert_eq!(parse(&format!("account:{id}")), Some(Invalidation::Account(id)));
        for payload in ["", "session:", "session:ab", "account:x", "other:1", &format!("session:{hash}ab")] {
            assert_eq!(parse(payload), None, "{payload}");
        }
    }
}
