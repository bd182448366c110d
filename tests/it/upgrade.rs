//! Two releases on one database, as during a rolling upgrade: the previous release still writes its rows, and this one
//! still works after a later one has extended the schema.

use latchkey::{
    auth::model::Role,
    server::{config::Config, db::Db},
};
use sqlx::migrate::{Migration, Migrator};
use uuid::Uuid;

use crate::app::{TestApp, fresh_database, is_postgres, on_db};

/// The schema of the release before this one: the migrations up to this version.
const PREVIOUS: i64 = 1;

fn up_to(migrator: &Migrator, version: i64) -> Migrator {
    let migrations: Vec<Migration> = migrator.iter().filter(|m| m.version <= version).cloned().collect();
    Migrator::with_migrations(migrations)
}

/// An account, its profile and a session, by the statements of the previous release.
async fn write_as_the_previous_release(db: &Db, user_id: Uuid, session: &[u8], email: &str) {
    let now = db.now().await.unwrap();
    let later = now + chrono::TimeDelta::days(1);
    on_db!(db, |c| {
        sqlx::query(
            "insert into users (id, email, email_key, password_hash, role, state, authz_epoch, created_at)
             values ($1, $2, $2, null, 'user', 'active', 0, $3)",
        )
        .bind(user_id)
        .bind(email)
        .bind(now)
        .execute(c)
        .await
        .unwrap();
        sqlx::query("insert into profiles (user_id, display_name, bio, updated_at) values ($1, 'Ada', '', $2)")
            .bind(user_id)
            .bind(now)
            .execute(c)
            .await
            .unwrap();
        sqlx::query(
            "insert into sessions (id_hash, user_id, secret, authz_epoch, generation, rotated_at, confirmed_generation,
                                   reuse_count, reuse_streak, created_at, last_seen_at, idle_until, not_after, auth_time,
                                   aal, user_agent, ip)
             values ($1, $2, $3, 0, 1, $4, 0, 0, 0, $4, $4, $5, $5, $4, 1, 'curl/8', '192.0.2.1')",
        )
        .bind(session)
        .bind(user_id)
        .bind([7_u8; 32].as_slice())
        .bind(now)
        .bind(later)
        .execute(c)
        .await
        .unwrap();
    });
}

#[tokio::test]
async fn what_the_previous_release_writes_is_read_by_this_one_before_and_after_the_upgrade() {
    let (url, folder) = fresh_database().await;
    let config = Config::parse("[leptos]\nenv = \"DEV\"", [("DATABASE_URL".to_owned(), url)]).unwrap();
    let db = Db::open(&config.database).await.unwrap();
    match &db {
        Db::Sqlite(sqlite) => {
            up_to(&sqlx::migrate!("migrations/sqlite"), PREVIOUS).run(&sqlite.write).await.unwrap();
        }
        Db::Postgres(pool) => up_to(&sqlx::migrate!("migrations/postgres"), PREVIOUS).run(pool).await.unwrap(),
    }
    let (before, after) = (Uuid::now_v7(), Uuid::now_v7());
    write_as_the_previous_release(&db, before, &[1; 32], "before@example.test").await;

    let app = TestApp::on(&config.database.url, folder, &[]).await;
    // A node of the previous release is still running, and does not know.
    write_as_the_previous_release(&db, after, &[2; 32], "after@example.test").await;

    let verified =
        app.count("select count(*) from users where email_verified_at = created_at and email = 'before@example.test'");
    assert_eq!(verified.await, 1, "who could log in before still can where sign-ups are verified");

    let admin = app.logged_in_as(Role::Admin).await;
    let listed = admin.api("admin/accounts", &[]).await.body;
    for (id, email) in [(before, "before@example.test"), (after, "after@example.test")] {
        assert!(listed.contains(email), "{listed}");
        let answer = admin.api("admin/set_role", &[("user_id", &id.to_string()), ("role", "moderator")]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    assert_eq!(app.count("select count(*) from sessions where revoked_reason = 'role_changed'").await, 2);
    db.close().await;
}

#[tokio::test]
async fn a_role_of_a_fork_needs_no_migration_and_foreign_keys_still_hold() {
    let app = TestApp::spawn().await;
    app.signed_up("ada@example.test").await;
    app.execute("update users set role = 'support'").await;
    assert_eq!(app.count("select count(*) from users where role = 'support'").await, 1);
    app.execute("delete from users").await;
    for rows in ["select count(*) from profiles", "select count(*) from sessions"] {
        assert_eq!(app.count(rows).await, 0, "{rows}");
    }
}

#[tokio::test]
async fn a_database_that_a_later_release_has_expanded_is_served() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let later = match is_postgres() {
        true => {
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'later', true, '\\x00', 1)"
        }
        false => {
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                  values (9999, 'later', true, x'00', 1)"
        }
    };
    app.execute(later).await;
    app.execute("alter table users add column later_nickname text").await;
    app.execute("alter table sessions add column later_flag integer not null default 0").await;
    app.execute("create table later_things (id integer not null primary key)").await;

    // The node that runs goes on, and one more of this release starts (a crash, or more load).
    for node in [&app, &app.node(&[]).await] {
        let there = node.browser();
        there.log_in("ada@example.test").await;
        app.age_rotations(11).await;
        there.forget_access();
        assert_eq!(there.get("/profile").await.status, 200);
        assert_eq!(there.api("profile/update", &[("display_name", "Ada")]).await.status, 200);
        node.signed_up(&format!("new-{}@example.test", Uuid::now_v7().simple())).await;
        assert_eq!(there.api("auth/log_out", &[]).await.status, 200);
    }
    assert!(browser.is_signed_in().await);
}
