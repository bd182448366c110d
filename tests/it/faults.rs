//! The database fails in the middle of a request: the response, and that no session is lost.

use latchkey::server::db::Db;
use sqlx::{ConnectOptions, Connection, Database, PgConnection, Pool, SqliteConnection, pool::PoolConnection};

use crate::{
    app::TestApp,
    browser::{ACCESS, REFRESH},
    crashes::times,
};

/// What keeps every writer of sessions waiting: SQLite's write lock, or PostgreSQL's locks on all rows.
enum Held {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Held {
    async fn from(app: &TestApp) -> Self {
        match &app.state.db {
            Db::Sqlite(sqlite) => {
                let mut connection = sqlite.write.connect_options().connect().await.unwrap();
                sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
                Self::Sqlite(connection)
            }
            Db::Postgres(pool) => {
                let mut connection = pool.connect_options().connect().await.unwrap();
                sqlx::query("begin").execute(&mut connection).await.unwrap();
                sqlx::query("lock table sessions in share row exclusive mode").execute(&mut connection).await.unwrap();
                Self::Postgres(connection)
            }
        }
    }

    async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

#[tokio::test]
async fn a_store_that_takes_no_writes_in_the_middle_of_a_refresh_keeps_the_session() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    assert!(browser.is_signed_in().await, "the first generation is in use");
    app.age_rotations(11).await;
    let expired = browser.copy();
    expired.forget_access();
    let held = Held::from(&app).await;

    // Read, decided, and then the compare-and-swap waits in vain.
    for answer in [expired.get("/profile").await, expired.api("auth/current_user", &[]).await] {
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
        assert!(answer.set_cookies().is_empty(), "{:?}", answer.set_cookies());
    }
    assert_eq!(browser.get("/profile").await.status, 200, "who needs no refresh reads on");

    held.release().await;
    assert_eq!(app.generation().await, 1);
    assert!(expired.is_signed_in().await);
    assert_eq!(app.generation().await, 2);
}

/// All connections of a pool that are to be had.
async fn all_of<D: Database>(pool: &Pool<D>) -> Vec<PoolConnection<D>> {
    let mut taken = Vec::new();
    while let Ok(connection) = pool.acquire().await {
        taken.push(connection);
    }
    taken
}

#[tokio::test]
async fn a_refresh_that_is_given_no_connection_gets_503_in_time_and_keeps_the_session() {
    let app = TestApp::with(&[("LATCHKEY__DATABASE__MAX_CONNECTIONS", "2")]).await;
    let browser = app.signed_up("ada@example.test").await;
    let (read, postgres) = match &app.state.db {
        Db::Sqlite(sqlite) => (all_of(&sqlite.read).await, Vec::new()),
        Db::Postgres(pool) => (Vec::new(), all_of(pool).await),
    };
    assert!(read.len() + postgres.len() > 0);

    let answer = browser.api("auth/refresh", &[]).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert!(answer.set_cookies().is_empty(), "{:?}", answer.set_cookies());
    assert_eq!((browser.get("/healthz").await.status, browser.get("/readyz").await.status), (200, 503));

    drop((read, postgres));
    assert_eq!(browser.get("/readyz").await.status, 200);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_page_is_served_although_its_generation_cannot_be_noted_as_seen() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let held = Held::from(&app).await;

    assert_eq!(browser.get("/profile").await.status, 200, "the access token is valid");
    let changing = browser.api("profile/update", &[("display_name", "Ada")]).await;
    assert_eq!(changing.status, 503, "{}", changing.body);
    assert!(changing.set_cookies().is_empty());

    held.release().await;
    assert_eq!(app.count("select confirmed_generation from sessions").await, 0);
    assert_eq!(browser.get("/profile").await.status, 200);
    assert_eq!(app.count("select confirmed_generation from sessions").await, 1);
}

#[tokio::test]
async fn a_post_is_refused_while_its_generation_cannot_be_confirmed() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let held = Held::from(&app).await;
    assert_eq!(browser.api("auth/current_user", &[]).await.status, 503);
    held.release().await;
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_ban_wins_against_refreshes_that_race_it() {
    let app = TestApp::spawn().await;
    for round in 0..5 {
        let browser = app.signed_up(&format!("ada{round}@example.test")).await;
        app.age_rotations(60).await;
        let mut racing = tokio::task::JoinSet::new();
        for n in 0..10 {
            let tab = browser.copy();
            tab.forget_access();
            racing.spawn(async move {
                let status = match n % 2 {
                    0 => tab.get("/profile").await.status,
                    _ => tab.api("auth/current_user", &[]).await.status,
                };
                (status, tab)
            });
        }
        app.execute("update users set state = 'disabled'").await;
        for (status, tab) in racing.join_all().await {
            assert!(matches!(status, 200 | 302 | 401), "{status}");
            assert!(!tab.is_signed_in().await);
            assert_eq!((tab.cookie(ACCESS), tab.cookie(REFRESH)), (None, None));
        }
        assert!(!browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn two_nodes_that_race_one_refresh_move_it_once() {
    let never_young = [("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s")];
    let app = TestApp::with(&never_young).await;
    let other = app.node(&never_young).await;
    let here = app.signed_up("ada@example.test").await;
    for round in 1..=times(200, 1_000) {
        here.forget_access();
        let there = here.copy_at(other.address);
        let (one, two) = tokio::join!(here.api("auth/current_user", &[]), there.api("auth/current_user", &[]));
        assert_eq!((one.status, two.status), (200, 200), "round {round}");
        let generation = usize::try_from(app.generation().await).unwrap();
        assert_eq!(generation, round + 1, "one of them moved it");
        assert_eq!(here.cookie(REFRESH), there.cookie(REFRESH), "and both know the same token now");
    }
}

#[tokio::test]
async fn a_clock_that_steps_back_or_ahead_logs_nobody_out() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for hours in [-1, -48, 1, 48] {
        // A rotation that lies in the future is one that a clock set back since has made.
        app.age_rotations(hours * 60 * 60).await;
        for _ in 0..3 {
            browser.forget_access();
            assert!(browser.is_signed_in().await, "{hours} h");
        }
        app.age_rotations(-hours * 60 * 60).await;
    }
}

#[tokio::test]
async fn a_secret_is_changed_under_load_and_nobody_notices() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s")]).await;
    let old = app.state.config.auth.secret.clone().unwrap();
    let new = "next-9876543210-zyxwvutsrqponmlkjihgfedcba";
    let both = |first: &str, then: &str| {
        [
            ("LATCHKEY__AUTH__SECRET", first.to_owned()),
            ("LATCHKEY__AUTH__PREVIOUS_SECRETS", format!("[\"{then}\"]")),
            ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s".to_owned()),
        ]
    };
    // As docs/operations.md says: every node learns the new secret before any signs with it.
    let verifies = both(&old, new);
    let signs = both(new, &old);
    let verifies = app.node(&verifies.each_ref().map(|(k, v)| (*k, v.as_str()))).await;
    let signs = app.node(&signs.each_ref().map(|(k, v)| (*k, v.as_str()))).await;
    let mut load = tokio::task::JoinSet::new();
    for n in 0..8 {
        let browser = app.signed_up(&format!("ada{n}@example.test")).await;
        let addresses = [verifies.address, signs.address];
        load.spawn(async move {
            let mut browser = browser;
            for turn in 0..times(20, 500) {
                browser = browser.copy_at(addresses[(n + turn) % 2]);
                browser.forget_access();
                assert!(browser.is_signed_in().await, "browser {n}, turn {turn}");
            }
        });
    }
    load.join_all().await;
}

#[tokio::test]
async fn a_lost_secret_logs_everybody_out_and_breaks_nothing() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let other = app.node(&[("LATCHKEY__AUTH__SECRET", "another-0123456789-abcdefghijklmnopqrst")]).await;
    let there = browser.copy_at(other.address);
    let page = there.get("/profile").await;
    assert_eq!((page.status, page.header("location")), (302, "/login?next=/profile"));
    assert_eq!((there.cookie(ACCESS), there.cookie(REFRESH)), (None, None));
    there.log_in("ada@example.test").await;
    assert!(there.is_signed_in().await);
}

#[tokio::test]
async fn after_a_backup_was_restored_one_statement_ends_what_was_issued_since() {
    let app = TestApp::spawn().await;
    let [ahead, level] = [app.signed_up("ada@example.test").await, app.signed_up("bob@example.test").await];
    app.execute("create table backup as select * from sessions").await;
    app.age_rotations(11).await;
    ahead.forget_access();
    assert!(ahead.is_signed_in().await && ahead.is_signed_in().await);

    // The restore, and what docs/operations.md asks for after it.
    app.execute("delete from sessions").await;
    app.execute("insert into sessions select * from backup").await;
    app.execute("update users set authz_epoch = authz_epoch + 1").await;

    for browser in [ahead, level] {
        assert!(!browser.copy().is_signed_in().await);
        browser.forget_access();
        assert!(!browser.is_signed_in().await);
        assert_eq!(browser.get("/login").await.status, 200);
    }
}
