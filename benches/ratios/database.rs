//! Databases full of accounts, on either engine, removed at the end.

use chrono::{TimeDelta, Utc};
use latchkey::{
    auth::server::{Caller, caller::Client, session::lifecycle},
    server::{config::Config, db::Db, state::AppState},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    fs,
    net::Ipv4Addr,
    ops::Range,
    path::PathBuf,
    time::{Duration, Instant},
};
use uuid::Uuid;

use crate::{
    Result,
    clients::{PASSWORD, Session},
    server::{free_address, settings},
};

/// Accounts per insert statement, far below the statement timeout of ten seconds.
const BATCH: u64 = 25_000;
/// The first number of accounts that can't sign in.
pub const WITHOUT_PASSWORD: u64 = 8_000_000;
pub const DISABLED: u64 = 9_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

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
pub(crate) use on_db;

/// What was created and must be removed.
pub struct Scratch {
    pub folder: PathBuf,
    /// A PostgreSQL server whose user can create databases.
    server: String,
    made: Vec<String>,
}

impl Scratch {
    pub fn new() -> Result<Self> {
        let server = std::env::var("LATCHKEY_BENCH_POSTGRES")
            .or_else(|_| std::env::var("LATCHKEY_TEST_POSTGRES"))
            .map_err(|_| "LATCHKEY_BENCH_POSTGRES names no PostgreSQL server: run scripts/bench, which starts one")?;
        let folder = std::env::temp_dir().join(format!("latchkey-bench-{}", Uuid::now_v7().simple()));
        fs::create_dir(&folder)?;
        Ok(Self { folder, server, made: Vec::new() })
    }

    /// Returns the URL of an empty database.
    async fn database(&mut self, engine: Engine) -> Result<String> {
        let name = format!("latchkey_bench_{}", Uuid::now_v7().simple());
        if engine == Engine::Sqlite {
            return Ok(format!("sqlite:{}/{name}.db", self.folder.display()));
        }
        let mut connection = PgConnection::connect(&self.server).await?;
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut connection).await?;
        let (before, _) =
            self.server.rsplit_once('/').ok_or("LATCHKEY_BENCH_POSTGRES wants postgres://host/database")?;
        let url = format!("{before}/{name}");
        self.made.push(name);
        Ok(url)
    }

    pub async fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.folder)?;
        if self.made.is_empty() {
            return Ok(());
        }
        let mut connection = PgConnection::connect(&self.server).await?;
        for name in self.made {
            let drop = format!("drop database {name} with (force)");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
        }
        Ok(())
    }
}

/// A database with accounts, each with a profile and a session.
pub struct Database {
    pub url: String,
    /// As many as fit into the time limit.
    pub users: u64,
    /// Name and version of its engine.
    pub engine: String,
    secret: String,
}

impl Database {
    /// Fills a new database until it has `users` accounts or `limit` has passed.
    pub async fn filled(
        scratch: &mut Scratch,
        engine: Engine,
        secret: &str,
        users: u64,
        limit: Duration,
    ) -> Result<Self> {
        let url = scratch.database(engine).await?;
        let mut database = Self { url, users: 0, engine: String::new(), secret: secret.to_owned() };
        let app = database.open().await?;
        app.db.migrate().await?;
        let version = match engine {
            Engine::Sqlite => "select 'SQLite ' || sqlite_version()",
            Engine::Postgres => "select 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)",
        };
        database.engine = on_db!(&app.db, |c| sqlx::query_scalar(version).fetch_one(c).await)?;
        let hash = app.passwords.hash(PASSWORD.into()).await?;
        let begin = Instant::now();
        while database.users < users && (database.users == 0 || begin.elapsed() < limit) {
            let to = (database.users + BATCH).min(users);
            insert(&app.db, engine, 'u', database.users..to, Some(&hash), "active").await?;
            database.users = to;
        }
        insert(&app.db, engine, 'p', WITHOUT_PASSWORD..WITHOUT_PASSWORD + 50, None, "active").await?;
        insert(&app.db, engine, 'd', DISABLED..DISABLED + 50, Some(&hash), "disabled").await?;
        if let Db::Postgres(pool) = &app.db {
            // What autovacuum does in a production server sooner or later, so that it does not do it in a measurement.
            let mut connection = pool.acquire().await?;
            sqlx::query("set statement_timeout = 0").execute(&mut *connection).await?;
            sqlx::query("vacuum (analyze)").execute(&mut *connection).await?;
        }
        app.db.close().await;
        Ok(database)
    }

    /// Returns the app's state for this database, in this process. Close it before a server starts on the database.
    pub async fn open(&self) -> Result<AppState> {
        let config =
            Config::parse(include_str!("../../Leptos.toml"), settings(&self.url, free_address()?, &self.secret))?;
        let db = Db::open(&config.database).await?;
        Ok(AppState::new(config, db, &self.secret)?)
    }

    /// Opens a session for each account, in the state after its first page.
    pub async fn sessions(&self, users: impl Iterator<Item = u64>) -> Result<Vec<Session>> {
        let app = self.open().await?;
        let now = app.db.now().await?;
        let client = Client { ip: Ipv4Addr::LOCALHOST.into(), user_agent: "ratios".into() };
        let mut ids = Vec::new();
        let mut tx = app.db.begin().await?;
        for user in users {
            ids.push(lifecycle::begin(&app, &mut tx, Uuid::from_u128(user.into()), None, &client, now).await?);
        }
        tx.commit().await?;
        let mut sessions = Vec::new();
        for id in ids {
            let issued = lifecycle::open_pair(&app, id, now).await?;
            let (refresh, _) = issued.refresh.ok_or("a new session has no refresh token")?;
            sessions.push(Session { access: issued.access.0, refresh });
            on_db!(&app.db, |c| {
                sqlx::query("update sessions set confirmed_generation = generation where id_hash = $1")
                    .bind(id.hash().as_slice())
                    .execute(c)
                    .await?;
            });
        }
        app.db.close().await;
        Ok(sessions)
    }
}

/// Returns the caller of an access token.
pub async fn caller(app: &AppState, access: &str) -> Result<Caller> {
    let claims = app.keys.verify_access(access).map_err(|error| format!("the access token: {error:?}"))?;
    Ok(lifecycle::check(app, &claims, false).await.map_err(|error| format!("the access token: {error:?}"))?)
}

/// Returns the `id_hash` of the session that account `number` was inserted with. No token belongs to it.
pub fn inserted_session(number: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[24..].copy_from_slice(&number.to_be_bytes());
    hash
}

/// Inserts accounts by number. Ids ascend with the numbers, as UUIDv7 do.
async fn insert(
    db: &Db,
    engine: Engine,
    kind: char,
    numbers: Range<u64>,
    password_hash: Option<&str>,
    state: &str,
) -> Result<()> {
    let (numbered, id, hash, digits) = match engine {
        Engine::Sqlite => (
            "with recursive n(i) as (values ($1) union all select i + 1 from n where i + 1 < $2)",
            "unhex(printf('%032x', i))",
            "unhex(printf('%064x', i))",
            "printf('%07d', i)",
        ),
        Engine::Postgres => (
            "with n(i) as (select generate_series($1, $2 - 1))",
            "lpad(to_hex(i), 32, '0')::uuid",
            "decode(lpad(to_hex(i), 64, '0'), 'hex')",
            "lpad(cast(i as text), 7, '0')",
        ),
    };
    let users = format!(
        "{numbered} insert into users (id, email, email_key, password_hash, role, state, authz_epoch, created_at,
                                       email_verified_at)
         select {id}, $3 || {digits} || '@bench.test', $3 || {digits} || '@bench.test', $4, 'user', $5, 0, $6, $6 from n"
    );
    let profiles = format!(
        "{numbered} insert into profiles (user_id, display_name, bio, updated_at)
         select {id}, 'Bench Person', '', $3 from n"
    );
    let sessions = format!(
        "{numbered} insert into sessions (id_hash, user_id, secret, authz_epoch, generation, rotated_at,
                                          confirmed_generation, reuse_count, reuse_streak, created_at, last_seen_at,
                                          idle_until, not_after, auth_time, aal, user_agent, ip)
         select {hash}, {id}, {hash}, 0, 1, $3, 0, 0, 0, $3, $3, $4, $4, $3, 1, 'ratios', '127.0.0.1' from n"
    );
    let (from, to) = (i64::try_from(numbers.start)?, i64::try_from(numbers.end)?);
    let now = Utc::now();
    // So long ago that the page says the same words for the whole run.
    let created = now - TimeDelta::days(400);
    let later = now + TimeDelta::days(14);
    on_db!(db, |c| {
        sqlx::query(AssertSqlSafe(users))
            .bind(from)
            .bind(to)
            .bind(kind.to_string())
            .bind(password_hash)
            .bind(state)
            .bind(created)
            .execute(c)
            .await?
            .rows_affected()
    });
    on_db!(db, |c| sqlx::query(AssertSqlSafe(profiles))
        .bind(from)
        .bind(to)
        .bind(created)
        .execute(c)
        .await?
        .rows_affected());
    on_db!(db, |c| sqlx::query(AssertSqlSafe(sessions))
        .bind(from)
        .bind(to)
        .bind(now)
        .bind(later)
        .execute(c)
        .await?
        .rows_affected());
    Ok(())
}
