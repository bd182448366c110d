//! Both engines' migrations create the same tables, columns, keys, constraints and indexes.

use latchkey::server::{config::Config, db::Db};
use sqlx::{PgPool, SqlitePool};
use std::collections::BTreeSet;

use crate::app::fresh_database;

/// Lines that describe a schema, one a fact, in words that both engines share.
type Schema = BTreeSet<String>;

/// The native type on PostgreSQL of what SQLite declares, by the column's name where one word stands for several.
fn native(sqlite: &str, column: &str) -> &'static str {
    match (sqlite, column) {
        ("BLOB", name) if name == "id" || name == "user_id" || name == "actor_id" => "uuid",
        ("BLOB", _) => "bytea",
        ("INTEGER", _) => "bigint",
        ("TEXT", name)
            if name == "at"
                || name.ends_with("_at")
                || name == "auth_time"
                || name == "idle_until"
                || name == "not_after" =>
        {
            "timestamp with time zone"
        }
        ("TEXT", _) => "text",
        (other, _) => panic!("{other} has no counterpart here yet"),
    }
}

async fn of_sqlite(db: &SqlitePool) -> Schema {
    let mut schema = Schema::new();
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> '_sqlx_migrations'",
    )
    .fetch_all(db)
    .await
    .unwrap();
    for (table, sql) in tables {
        schema.insert(format!("table {table}"));
        for name in named_constraints(&sql) {
            schema.insert(format!("constraint {table} {name}"));
        }
        let columns: Vec<(String, String, i64)> =
            sqlx::query_as(r#"select name, type, "notnull" from pragma_table_info($1)"#)
                .bind(&table)
                .fetch_all(db)
                .await
                .unwrap();
        for (column, declared, not_null) in columns {
            let null = if not_null == 1 { "not null" } else { "null" };
            schema.insert(format!("column {table}.{column} {} {null}", native(&declared, &column)));
        }
        let indexes: Vec<String> = sqlx::query_scalar("select name from pragma_index_list($1) where origin = 'c'")
            .bind(&table)
            .fetch_all(db)
            .await
            .unwrap();
        for index in indexes {
            let columns: Vec<String> = sqlx::query_scalar("select name from pragma_index_info($1) order by seqno")
                .bind(&index)
                .fetch_all(db)
                .await
                .unwrap();
            schema.insert(format!("index {table} {index} {columns:?}"));
        }
        let keys: Vec<(String, String, String, String)> =
            sqlx::query_as(r#"select "table", "from", "to", on_delete from pragma_foreign_key_list($1)"#)
                .bind(&table)
                .fetch_all(db)
                .await
                .unwrap();
        for (other, from, to, on_delete) in keys {
            schema.insert(format!("foreign key {table}.{from} {other}.{to} on delete {}", on_delete.to_lowercase()));
        }
    }
    schema
}

async fn of_postgres(db: &PgPool) -> Schema {
    let mut schema = Schema::new();
    let facts: Vec<String> = sqlx::query_scalar(
        "select 'table ' || table_name from information_schema.tables
         where table_schema = 'public' and table_name <> '_sqlx_migrations'
         union all
         select 'column ' || table_name || '.' || column_name || ' ' || data_type
                || case is_nullable when 'NO' then ' not null' else ' null' end
         from information_schema.columns where table_schema = 'public' and table_name <> '_sqlx_migrations'
         union all
         select 'constraint ' || conrelid::regclass || ' ' || conname from pg_constraint
         where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid::regclass::text <> '_sqlx_migrations'
         union all
         select 'foreign key ' || c.conrelid::regclass || '.' || a.attname || ' ' || c.confrelid::regclass || '.'
                || f.attname || ' on delete ' || case c.confdeltype when 'c' then 'cascade' when 'n' then 'set null'
                                                 else c.confdeltype::text end
         from pg_constraint c
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
         join pg_attribute f on f.attrelid = c.confrelid and f.attnum = c.confkey[1]
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace",
    )
    .fetch_all(db)
    .await
    .unwrap();
    schema.extend(facts);
    let indexes: Vec<(String, String, Vec<String>)> = sqlx::query_as(
        "select i.indrelid::regclass::text, i.indexrelid::regclass::text,
                array(select a.attname::text from unnest(i.indkey) with ordinality k (n, o)
                      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n order by k.o)
         from pg_index i join pg_class t on t.oid = i.indrelid
         where t.relnamespace = 'public'::regnamespace and t.relname <> '_sqlx_migrations'
           and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)",
    )
    .fetch_all(db)
    .await
    .unwrap();
    schema.extend(indexes.into_iter().map(|(table, index, columns)| format!("index {table} {index} {columns:?}")));
    schema
}

/// The names after the word `constraint`: SQLite keeps a table's text and has no list of them.
fn named_constraints(sql: &str) -> Vec<String> {
    // Comments may hold the word too.
    let code = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = code.split_whitespace().collect();
    words.windows(2).filter(|pair| pair[0] == "constraint").map(|pair| pair[1].to_owned()).collect()
}

#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let (url, _) = fresh_database().await;
    let folder = std::env::temp_dir().join(format!("latchkey-schema-{}", uuid::Uuid::now_v7().simple()));
    let mut schemas = Vec::new();
    for url in [url, format!("sqlite:{}/test.db", folder.display())] {
        let config = Config::parse("[leptos]\nenv = \"DEV\"", [("DATABASE_URL".to_owned(), url)]).unwrap();
        let db = Db::open(&config.database).await.unwrap();
        db.migrate().await.unwrap();
        schemas.push(match &db {
            Db::Sqlite(sqlite) => of_sqlite(&sqlite.read).await,
            Db::Postgres(pool) => of_postgres(pool).await,
        });
    }
    std::fs::remove_dir_all(folder).unwrap();
    let [postgres, sqlite] = &schemas[..] else { panic!("two engines") };
    assert!(postgres.len() > 60, "{postgres:#?}");
    let only = |here: &Schema, there: &Schema| here.difference(there).cloned().collect::<Vec<_>>();
    assert_eq!(only(postgres, sqlite), only(sqlite, postgres), "only on PostgreSQL, and only on SQLite");
}
