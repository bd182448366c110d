//! PostgreSQL restarts under load. A separate target, because no other test may use the database at the same time.
//! Needs `LATCHKEY_TEST_DB=postgres`; run it with scripts/with-postgres.

// In a test a panic is the failure's report; clippy's own exception leaves helpers out. The shared harness has more than
// these tests use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unused_macros, unused_imports)]

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::timeout};

#[path = "../it/app.rs"]
mod app;
#[path = "../it/browser.rs"]
mod browser;

use app::TestApp;
use browser::REFRESH;

/// Longer than any step takes. A test never waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);
const BROWSERS: usize = 6;

/// `stop` or `start`.
async fn server(word: &'static str) {
    let script = std::env::var_os("LATCHKEY_TEST_POSTGRES_CTL")
        .expect("LATCHKEY_TEST_POSTGRES_CTL stops and starts the server: run the tests with scripts/with-postgres");
    let ran = tokio::task::spawn_blocking(move || Command::new(script).arg(word).output().unwrap()).await.unwrap();
    assert!(ran.status.success(), "{word}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// Waits until `count` reaches `least`.
async fn reaches(count: &AtomicUsize, least: usize, what: &str) {
    let reached = async {
        while count.load(Ordering::SeqCst) < least {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_and_started_again_under_load_logs_nobody_out() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s")]).await;
    let (over, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let answered_since_start = Arc::new(AtomicUsize::new(0));
    let started = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for n in 0..BROWSERS {
        let browser = app.signed_up(&format!("ada{n}@example.test")).await;
        let (over, refused) = (over.clone(), refused.clone());
        let (started, answered) = (started.clone(), answered_since_start.clone());
        load.spawn(async move {
            let mut counted = false;
            while !over.load(Ordering::SeqCst) {
                // Each request refreshes: reads, rotates, sets cookies.
                browser.forget_access();
                let after_start = started.load(Ordering::SeqCst);
                match browser.api("auth/current_user", &[]).await.status {
                    200 if after_start && !counted => {
                        counted = true;
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    200 => {}
                    503 => {
                        refused.fetch_add(1, Ordering::SeqCst);
                        assert!(browser.cookie(REFRESH).is_some(), "cookies are kept");
                    }
                    status => panic!("{status}"),
                }
            }
            assert!(browser.is_signed_in().await);
        });
    }
    server("stop").await;
    reaches(&refused, BROWSERS, "nobody noticed that the server was away").await;
    server("start").await;
    started.store(true, Ordering::SeqCst);
    reaches(&answered_since_start, BROWSERS, "it did not recover").await;
    over.store(true, Ordering::SeqCst);
    load.join_all().await;
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 0);
    assert_eq!(app.count("select count(*) from sessions").await, BROWSERS as i64);
}
