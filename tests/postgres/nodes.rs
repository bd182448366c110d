//! Several nodes on one database: each is notified when another ends a session.

use latchkey::{
    auth::{model::Role, server::session::cache::Invalidation},
    server::{config::Config, db::Db},
};
use std::time::Duration;
use tokio::{sync::broadcast::Receiver, time::timeout};

use crate::{
    app::{TestApp, fresh_database},
    browser::{ACCESS, Browser, REFRESH},
    stream::Stream,
};

/// Longer than anything here may take; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same browser, sent to another node by the load balancer.
fn at(node: &TestApp, browser: &Browser) -> Browser {
    let there = node.browser();
    for name in [ACCESS, REFRESH] {
        there.set_cookie(name, browser.cookie(name).unwrap());
    }
    there
}

/// Waits until a change that `is_it` was heard.
async fn hears(changes: &mut Receiver<Invalidation>, is_it: impl Fn(&Invalidation) -> bool) {
    let heard = async {
        loop {
            if is_it(&changes.recv().await.unwrap()) {
                return;
            }
        }
    };
    timeout(PATIENCE, heard).await.expect("the other node was not told");
}

/// A node that listens already.
async fn listening_node(app: &TestApp) -> TestApp {
    let node = app.node(&[]).await;
    wait_for_listeners(app, 2).await;
    node
}

/// Waits until that many connections listen.
async fn wait_for_listeners(app: &TestApp, wanted: i64) {
    let listeners =
        "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'";
    let waited = timeout(PATIENCE, async {
        while app.count(listeners).await < wanted {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("nobody listens");
}

#[tokio::test]
async fn a_node_is_told_what_another_ends() {
    let app = TestApp::spawn().await;
    let other = listening_node(&app).await;
    let mut changes = other.state.session_cache.subscribe();

    let browser = app.signed_up("ada@example.test").await;
    browser.copy().api("auth/log_out", &[]).await;
    hears(&mut changes, |change| matches!(change, Invalidation::Session(_))).await;

    let id = app.user_id("ada@example.test").await;
    let admin = app.logged_in_as(Role::Admin).await;
    admin.api("admin/set_role", &[("user_id", &id.to_string()), ("role", "moderator")]).await;
    hears(&mut changes, |change| *change == Invalidation::Account(id)).await;

    // Nor does it matter who does it, and with what.
    app.execute("update users set state = 'disabled' where email_key = 'ada@example.test'").await;
    hears(&mut changes, |change| *change == Invalidation::Account(id)).await;
    app.execute("delete from users where email_key = 'ada@example.test'").await;
    hears(&mut changes, |change| *change == Invalidation::Account(id)).await;
}

#[tokio::test]
async fn what_goes_on_is_not_worth_telling() {
    let app = TestApp::spawn().await;
    let other = listening_node(&app).await;
    let mut changes = other.state.session_cache.subscribe();
    // Once this is heard, whatever the start had to tell was heard too.
    let first = app.signed_up("first@example.test").await;
    first.api("auth/log_out", &[]).await;
    hears(&mut changes, |change| matches!(change, Invalidation::Session(_))).await;

    let browser = app.signed_up("ada@example.test").await;
    for _ in 0..3 {
        app.age_rotations(11).await;
        browser.forget_access();
        assert!(browser.is_signed_in().await);
    }
    browser.api("profile/update", &[("display_name", "Ada")]).await;
    browser.api("auth/log_out", &[]).await;
    // The next and only thing that the other node hears is the end.
    let heard = timeout(PATIENCE, changes.recv()).await.unwrap().unwrap();
    assert!(matches!(heard, Invalidation::Session(_)), "{heard:?}");
}

#[tokio::test]
async fn a_tab_open_at_one_node_learns_of_a_log_out_at_another() {
    let app = TestApp::spawn().await;
    let other = listening_node(&app).await;
    let browser = app.signed_up("ada@example.test").await;
    let mut stream = Stream::open(&other, &at(&other, &browser)).await;
    browser.copy().api("auth/log_out_everywhere", &[]).await;
    stream.until("event: ended").await;
    stream.until_the_end().await;
}

#[tokio::test]
async fn a_node_that_lost_its_connection_listens_anew_and_misses_nothing() {
    let app = TestApp::spawn().await;
    let other = listening_node(&app).await;
    let browser = app.signed_up("ada@example.test").await;
    let mut stream = Stream::open(&other, &at(&other, &browser)).await;
    let mut changes = other.state.session_cache.subscribe();

    // Ended while nobody can hear of it: the session's end is told to no listener, and found by the one that comes back.
    app.execute(
        "do $$ begin
            perform pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query ilike 'listen%' and pid <> pg_backend_pid();
            update sessions set revoked_at = clock_timestamp(), revoked_reason = 'revoked';
        end $$",
    )
    .await;

    hears(&mut changes, |change| *change == Invalidation::Anything).await;
    stream.until("event: ended").await;
    // And it hears again.
    wait_for_listeners(&app, 2).await;
    let browser = app.signed_up("bob@example.test").await;
    browser.api("auth/log_out", &[]).await;
    hears(&mut changes, |change| matches!(change, Invalidation::Session(_))).await;
}

#[tokio::test]
async fn ten_nodes_that_start_at_once_migrate_once() {
    let (url, _) = fresh_database().await;
    let config = Config::parse("[leptos]\nenv = \"DEV\"", [("DATABASE_URL".to_owned(), url)]).unwrap();
    let start = async || {
        let db = Db::open(&config.database).await.unwrap();
        db.migrate().await.unwrap();
        db
    };
    let nodes = futures_util::future::join_all((0..10).map(|_| start())).await;
    let Some(Db::Postgres(pool)) = nodes.first() else {
        panic!("LATCHKEY_TEST_DB is not postgres");
    };
    let applied: Vec<i64> =
        sqlx::query_scalar("select version from _sqlx_migrations order by version").fetch_all(pool).await.unwrap();
    let shipped: Vec<i64> = sqlx::migrate!("migrations/postgres").iter().map(|m| m.version).collect();
    assert_eq!(applied, shipped);
}
