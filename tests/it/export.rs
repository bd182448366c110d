//! The data export holds every column of a user's rows, or the column is listed here with the reason why not.

use std::collections::BTreeSet;

use crate::app::{TestApp, is_postgres, on_db};

/// Tables and columns that no export shows, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("users.id", "an internal key, in no sentence of ours"),
    ("users.email_key", "computed from the address"),
    ("users.password_hash", "a credential"),
    ("users.state", "active for everyone who can ask for an export"),
    ("users.authz_epoch", "an internal counter"),
    ("profiles.user_id", "an internal key"),
    ("profiles.updated_at", "the time of the last edit, used by nothing"),
    ("sessions.id_hash", "the hash of a credential"),
    ("sessions.user_id", "an internal key"),
    ("sessions.secret", "a credential"),
    ("sessions.authz_epoch", "an internal counter"),
    ("sessions.generation", "an internal counter"),
    ("sessions.rotated_at", "state of the tokens"),
    ("sessions.confirmed_generation", "an internal counter"),
    ("sessions.reuse_count", "an internal counter"),
    ("sessions.resent_at", "state of the tokens"),
    ("sessions.reuse_streak", "an internal counter"),
    ("sessions.idle_until", "follows from last_seen_at and a setting"),
    ("sessions.not_after", "follows from created_at and a setting"),
    ("sessions.auth_time", "state of the tokens"),
    ("sessions.aal", "the same for every session"),
    ("audit_events.id", "an internal key"),
    ("audit_events.user_id", "an internal key"),
    ("audit_events.actor_id", "may be somebody else"),
    ("one_time_codes.id", "an internal key"),
    ("one_time_codes.seed", "a credential"),
    ("one_time_codes.link_hash", "the hash of a credential"),
    ("one_time_codes.browser_hash", "the hash of a credential"),
    ("one_time_codes.email_key", "computed from the address"),
    ("one_time_codes.user_id", "an internal key"),
    ("one_time_codes.detail", "state of the code, such as the page that it leads to"),
];
/// Columns of `one_time_codes` that are state of the code.
const STATE_OF_CODES: [&str; 2] = ["one_time_codes.tries", "one_time_codes.spent_at"];

/// Columns whose values a constraint fixes, with one of them.
const FIXED: [(&str, &str); 4] = [
    ("users.role", "moderator"),
    ("one_time_codes.purpose", "verify"),
    ("sessions.revoked_at", ""),
    ("sessions.revoked_reason", ""),
];

/// The columns of `users` and of each table that names a user, as `table.column`, with their types.
async fn columns(app: &TestApp) -> Vec<(String, String)> {
    let sql = match is_postgres() {
        true => {
            "select table_name || '.' || column_name, data_type from information_schema.columns c
             where table_schema = current_schema() and (table_name = 'users' or exists (
                select 1 from pg_constraint k where k.contype = 'f' and k.confrelid = 'users'::regclass
                and k.conrelid = quote_ident(table_name)::regclass) or exists (
                select 1 from information_schema.columns o where o.table_schema = c.table_schema
                and o.table_name = c.table_name and o.column_name in ('user_id', 'owner_id', 'account_id')))
             order by 1"
        }
        false => {
            "select m.name || '.' || c.name, lower(c.type) from sqlite_master m, pragma_table_info(m.name) c
             where m.type = 'table' and (m.name = 'users'
                or exists (select 1 from pragma_foreign_key_list(m.name) k where k.\"table\" = 'users')
                or exists (select 1 from pragma_table_info(m.name) o where o.name in ('user_id', 'owner_id', 'account_id')))
             order by 1"
        }
    };
    on_db!(&app.state.db, |c| sqlx::query_as(sql).fetch_all(c).await.unwrap())
}

#[tokio::test]
async fn every_column_of_a_users_rows_is_exported_or_left_out_for_a_reason() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up("ada@example.test").await;
    owner.api("auth/send_verification", &[]).await;
    let columns = columns(&app).await;
    let tables: BTreeSet<&str> = columns.iter().map(|(name, _)| name.split('.').next().unwrap()).collect();
    assert!(tables.len() >= 5, "{tables:?}");
    for (name, _) in LEFT_OUT {
        assert!(columns.iter().any(|(column, _)| column == name), "{name} is no column any more");
    }
    let mut expected = Vec::new();
    for (day, (name, kind)) in columns.iter().enumerate() {
        let (table, column) = name.split_once('.').unwrap();
        let is_left_out =
            LEFT_OUT.iter().any(|(left_out, _)| left_out == name) || STATE_OF_CODES.contains(&name.as_str());
        if is_left_out {
            continue;
        }
        let date = format!("2001-{:02}-{:02}", day / 28 + 1, day % 28 + 1);
        // Times are RFC 3339 text in SQLite, and named *_at or at.
        let is_time = kind.starts_with("timestamp") || column == "at" || column.ends_with("_at");
        let mark = match FIXED.iter().find(|(fixed, _)| fixed == name) {
            Some((_, "")) => continue,
            Some((_, value)) => (*value).to_owned(),
            None if is_time => format!("{date}T00:00:00+00:00"),
            None if kind == "text" && column == "ip" => format!("192.0.2.{day}"),
            None if kind == "text" => format!("mark of {name}"),
            None => panic!("{name} is of type {kind}: add it to the export, or to LEFT_OUT with a reason"),
        };
        // The session's own times would end it.
        let is_own = ["sessions.created_at", "sessions.last_seen_at"].contains(&name.as_str());
        let value = if is_time && is_postgres() { format!("timestamptz '{mark}'") } else { format!("'{mark}'") };
        if !is_own {
            execute(&app, &format!("update {table} set {column} = {value}")).await;
            expected.push((name, if is_time { date } else { mark }));
        }
    }
    app.state.session_cache.invalidate(latchkey::auth::server::session::cache::Invalidation::Anything);
    let answer = owner.api("account/export", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for (name, mark) in expected {
        assert!(answer.body.contains(&mark), "{name} is in no export ({mark}): {}", answer.body);
    }
    let session = &answer.json()["sessions"][0];
    for key in ["created_at", "last_seen_at", "ended_at", "ended_because"] {
        assert!(session.get(key).is_some(), "{key}");
    }
}

async fn execute(app: &TestApp, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    on_db!(&app.state.db, |c| sqlx::query(sql).execute(c).await.map(|_| ()).unwrap());
}
