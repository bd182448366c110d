//! Runs the real server on a real port with its own database, in the test's process.
//!
//! `LATCHKEY_TEST_DB` selects the engine: `sqlite` (default) or `postgres`, which needs a superuser's URL in
//! `LATCHKEY_TEST_POSTGRES`.

use chrono::{DateTime, TimeDelta, Utc};
use latchkey::{
    auth::{
        model::Role,
        server::{
            flows::sign_up::{self, NewAccount},
            session::cache::Invalidation,
        },
    },
    server::{config::Config, db::Db, http::assets::Assets, serve, state::AppState},
};
use sqlx::{Connection, PgConnection};
use std::{net::SocketAddr, path::PathBuf, sync::Once};
use uuid::Uuid;

use crate::browser::Browser;

/// The public origin. It does not resolve.
pub const ORIGIN: &str = "http://latchkey.test";
pub const PASSWORD: &str = "tidal-copper-lantern";
const SECRET: &str = "7c1e9b54d02fa863b7e05c91f4d8a26e03b9c7d1";

/// Runs a query on either engine.
macro_rules! on_db {
    ($db:expr, |$conn:ident| $body:expr) => {
        match $db {
            latchkey::server::db::Db::Sqlite(sqlite) => {
                let $conn = &sqlite.write;
                $body
            }
            latchkey::server::db::Db::Postgres(pool) => {
                let $conn = pool;
                $body
            }
        }
    };
}

pub struct TestApp {
    pub address: SocketAddr,
    pub state: AppState,
    /// The folder of an SQLite database, removed after the test.
    folder: Option<PathBuf>,
}

pub(crate) use on_db;

impl TestApp {
    pub async fn spawn() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server with settings, by environment variable.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let (url, folder) = fresh_database().await;
        Self::on(&url, folder, settings).await
    }

    /// Starts another server on the same database.
    pub async fn node(&self, settings: &[(&str, &str)]) -> Self {
        Self::on(&self.state.config.database.url, None, settings).await
    }

    /// Starts a server on an existing database.
    pub async fn on(url: &str, folder: Option<PathBuf>, settings: &[(&str, &str)]) -> Self {
        static LOGS: Once = Once::new();
        LOGS.call_once(|| {
            if std::env::var_os("RUST_LOG").is_some() {
                latchkey::server::ops::logging::init(latchkey::server::config::LogFormat::Text);
            }
        });
        let defaults = [
            ("LEPTOS_ENV", "DEV"),
            ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
            ("LATCHKEY__AUTH__SECRET", SECRET),
            // No assets are built for these tests: the files of public/ stand for all that are static.
            ("LEPTOS_HASH_FILES", "false"),
            ("LEPTOS_SITE_ROOT", concat!(env!("CARGO_MANIFEST_DIR"), "/public")),
            ("DATABASE_URL", url),
        ];
        let settings = defaults.iter().chain(settings).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let config = Config::parse(include_str!("../../Leptos.toml"), settings).unwrap();
        let db = Db::open(&config.database).await.unwrap();
        db.migrate().await.unwrap();
        let secret = config.auth.secret.clone().unwrap();
        let state = AppState::new(config, db, &secret).unwrap();
        let server =
            serve::start(state.clone(), Assets::load(&state.leptos).unwrap(), SocketAddr::from(([127, 0, 0, 1], 0)))
                .unwrap();
        Self { address: server.address, state, folder }
    }

    /// Returns a browser with an empty cookie jar.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address, self.state.config.public_origin.to_string())
    }

    /// Returns a browser that has just signed up with this address and [`PASSWORD`].
    pub async fn signed_up(&self, email: &str) -> Browser {
        let browser = self.browser();
        let answer = browser
            .api("auth/sign_up", &[("email", email), ("password", PASSWORD), ("display_name", "Test Person")])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        browser
    }

    /// Creates an account with a role, without a session.
    pub async fn account(&self, email: &str, role: Role) -> Uuid {
        let account = NewAccount::parse(email, PASSWORD.into(), "Test Person", 12).unwrap();
        let now = self.state.db.now().await.unwrap();
        assert!(sign_up::create(&self.state, account, role, now).await.unwrap());
        self.user_id(email).await
    }

    /// Returns a browser that is logged in to a new account with this role.
    pub async fn logged_in_as(&self, role: Role) -> Browser {
        let email = format!("{}-{}@example.test", role.as_str(), Uuid::now_v7().simple());
        self.account(&email, role).await;
        let browser = self.browser();
        browser.log_in(&email).await;
        browser
    }

    pub async fn user_id(&self, email: &str) -> Uuid {
        on_db!(&self.state.db, |c| sqlx::query_scalar("select id from users where email_key = $1")
            .bind(email)
            .fetch_one(c)
            .await
            .unwrap())
    }

    /// Returns a count: `select count(*) from ...`.
    pub async fn count(&self, sql: &'static str) -> i64 {
        on_db!(&self.state.db, |c| sqlx::query_scalar(sql).fetch_one(c).await.unwrap())
    }

    /// Runs a statement without arguments.
    pub async fn execute(&self, sql: &'static str) {
        on_db!(&self.state.db, |c| {
            sqlx::query(sql).execute(c).await.unwrap();
        });
        self.state.session_cache.invalidate(Invalidation::Anything);
    }

    /// Moves every session's last rotation, and the last resend of its pair, `seconds` into the past.
    pub async fn age_rotations(&self, seconds: i64) {
        let rotated = "select id_hash, rotated_at from sessions";
        self.shift(rotated, "update sessions set rotated_at = $2 where id_hash = $1", -seconds).await;
        let resent = "select id_hash, resent_at from sessions where resent_at is not null";
        self.shift(resent, "update sessions set resent_at = $2 where id_hash = $1", -seconds).await;
    }

    /// Moves every session's idle limit `seconds` closer.
    pub async fn age_idle_limits(&self, seconds: i64) {
        self.shift(
            "select id_hash, idle_until from sessions",
            "update sessions set idle_until = $2 where id_hash = $1",
            -seconds,
        )
        .await;
    }

    /// Moves every session's absolute limit `seconds` closer.
    pub async fn age_absolute_limits(&self, seconds: i64) {
        self.shift(
            "select id_hash, not_after from sessions",
            "update sessions set not_after = $2 where id_hash = $1",
            -seconds,
        )
        .await;
    }

    /// Moves the expiry of every code `seconds` closer.
    pub async fn age_codes(&self, seconds: i64) {
        on_db!(&self.state.db, |c| {
            let rows: Vec<(Uuid, DateTime<Utc>)> =
                sqlx::query_as("select id, expires_at from one_time_codes").fetch_all(c).await.unwrap();
            for (id, time) in rows {
                let sql = "update one_time_codes set expires_at = $2 where id = $1";
                sqlx::query(sql).bind(id).bind(time - TimeDelta::seconds(seconds)).execute(c).await.unwrap();
            }
        });
    }

    /// Moves every session's log-in `seconds` into the past.
    pub async fn age_log_ins(&self, seconds: i64) {
        let since = "select id_hash, auth_time from sessions";
        self.shift(since, "update sessions set auth_time = $2 where id_hash = $1", -seconds).await;
    }

    /// Returns everything that the database stores about codes, as text.
    pub async fn dump(&self) -> String {
        let sql = match is_postgres() {
            true => "select coalesce(string_agg(cast(one_time_codes as text), ' '), '') from one_time_codes",
            false => {
                "select coalesce(group_concat(hex(id) || ' ' || hex(seed) || ' ' || hex(link_hash) || ' '
                        || coalesce(hex(browser_hash), '') || ' ' || email || ' ' || email_key || ' ' || detail
                        || ' ' || expires_at || ' ' || created_at, ' '), '') from one_time_codes"
            }
        };
        on_db!(&self.state.db, |c| sqlx::query_scalar(sql).fetch_one(c).await.unwrap())
    }

    async fn shift(&self, select: &'static str, update: &'static str, seconds: i64) {
        on_db!(&self.state.db, |c| {
            let rows: Vec<(Vec<u8>, DateTime<Utc>)> = sqlx::query_as(select).fetch_all(c).await.unwrap();
            for (id, time) in rows {
                sqlx::query(update).bind(id).bind(time + TimeDelta::seconds(seconds)).execute(c).await.unwrap();
            }
        });
        self.state.session_cache.invalidate(Invalidation::Anything);
    }

    /// Returns the generation of the only session.
    pub async fn generation(&self) -> i64 {
        self.count("select generation from sessions").await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

pub fn is_postgres() -> bool {
    match std::env::var("LATCHKEY_TEST_DB").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("LATCHKEY_TEST_DB is sqlite or postgres, not {other}"),
    }
}

/// Returns the URL of an empty database.
pub async fn fresh_database() -> (String, Option<PathBuf>) {
    let name = format!("latchkey_{}", Uuid::now_v7().simple());
    if !is_postgres() {
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        return (format!("sqlite:{}/test.db", folder.display()), Some(folder));
    }
    let server = std::env::var("LATCHKEY_TEST_POSTGRES")
        .expect("LATCHKEY_TEST_POSTGRES names the server: run the tests with scripts/with-postgres");
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let create = format!("create database {name}");
    sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    (format!("{before}/{name}"), None)
}
