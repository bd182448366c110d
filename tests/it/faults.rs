//! A store that fails half-way: what is answered, and that no session is lost by it.

use latchkey::server::db::Db;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};

use crate::{
    app::TestApp,
    browser::{ACCESS, REFRESH},
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
