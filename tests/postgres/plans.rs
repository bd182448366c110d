//! The query plans that PostgreSQL chooses for the queries of every page.

use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tokio::time::timeout;

use crate::app::TestApp;

/// Longer than anything here may take; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(10);

/// A table's name, how often it was read from end to end, and how often by an index.
type Reads = (String, i64, i64);

/// The reads so far. A connection's are counted by the time that it is gone, so this waits until only this one is left.
async fn reads(connection: &mut PgConnection) -> Vec<Reads> {
    let others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    let waited = timeout(PATIENCE, async {
        while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut *connection).await.unwrap() > 0 {}
    });
    waited.await.expect("a connection stays open");
    // Not of users: a server that starts reads all their password hashes, once, to know what imported ones cost.
    let reads = "select cast(relname as text), seq_scan, idx_scan from pg_stat_user_tables
                 where relname in ('profiles', 'sessions') order by relname";
    sqlx::query_as(reads).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_page_finds_its_rows_by_their_keys_however_small_the_tables_are() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.execute(
        "insert into users (id, email, email_key, role, state, authz_epoch, created_at)
         select gen_random_uuid(), n || '@example.test', n || '@example.test', 'user', 'active', 0, now()
         from generate_series(1, 1000) n",
    )
    .await;
    app.execute(
        "insert into profiles (user_id, display_name, bio, updated_at)
         select id, 'Test Person', '', now() from users where email <> 'ada@example.test'",
    )
    .await;
    app.execute(
        "insert into sessions (id_hash, user_id, secret, authz_epoch, generation, rotated_at, confirmed_generation,
                               reuse_count, reuse_streak, created_at, last_seen_at, idle_until, not_after, auth_time, aal,
                               user_agent, ip)
         select sha256(cast(email as bytea)), id, sha256(''), 0, 1, now(), 0, 0, 0, now(), now(), later, later, now(), 1, '',
                '127.0.0.1'
         from users, (select now() + interval '30 days' as later) l",
    )
    .await;
    app.execute("analyze").await;
    let mut connection = PgConnection::connect(&app.state.config.database.url).await.unwrap();
    app.state.db.close().await;
    let before = reads(&mut connection).await;

    let node = app.node(&[]).await;
    assert_eq!(browser.copy_at(node.address).get("/profile").await.status, 200);
    node.state.db.close().await;

    let after = reads(&mut connection).await;
    assert_eq!(after.len(), 2);
    for ((table, whole, by_key), (_, whole_after, by_key_after)) in before.iter().zip(&after) {
        assert_eq!(whole_after, whole, "{table} was read from end to end");
        assert!(by_key_after > by_key, "{table} was not read by an index");
    }
}
