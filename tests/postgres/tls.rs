//! PostgreSQL over TLS, as hosted services require.

use latchkey::server::{config::Config, db::Db};

use crate::app::fresh_database;

/// A connection with these parameters of the URL: whether it is encrypted.
async fn is_encrypted(parameters: &str) -> Result<bool, sqlx::Error> {
    let (url, _) = fresh_database().await;
    let config =
        Config::parse("[leptos]\nenv = \"DEV\"", [("DATABASE_URL".to_owned(), format!("{url}?{parameters}"))]).unwrap();
    let Db::Postgres(pool) = Db::open(&config.database).await? else {
        panic!("LATCHKEY_TEST_DB is not postgres");
    };
    sqlx::query_scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetch_one(&pool).await
}

#[tokio::test]
async fn a_server_that_its_certificate_proves_is_spoken_to_over_tls() {
    let certificate = std::env::var("LATCHKEY_TEST_POSTGRES_CERT").expect("run the tests with scripts/with-postgres");
    assert!(is_encrypted(&format!("sslmode=verify-full&sslrootcert={certificate}")).await.unwrap());
    assert!(is_encrypted("sslmode=require").await.unwrap());
    assert!(!is_encrypted("sslmode=disable").await.unwrap());
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_trusted() {
    // Signed by itself, and by none of the authorities that the program knows.
    let refused = is_encrypted("sslmode=verify-full").await.unwrap_err();
    assert!(matches!(refused, sqlx::Error::Tls(_) | sqlx::Error::Io(_)), "{refused:?}");
}
