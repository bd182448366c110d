//! PostgreSQL fails and recovers while requests are in flight.

use sqlx::Executor;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::broadcast,
    time::timeout,
};

use crate::{
    app::TestApp,
    browser::{ACCESS, Browser, REFRESH},
};

/// Longer than anything here may take; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// The way to the database, which can be cut: open connections break and new ones are refused.
struct Way {
    address: SocketAddr,
    open: Arc<AtomicBool>,
    cut: broadcast::Sender<()>,
}

impl Way {
    async fn to(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self {
            address: listener.local_addr().unwrap(),
            open: Arc::new(AtomicBool::new(true)),
            cut: broadcast::Sender::new(1),
        };
        let (open, cut) = (way.open.clone(), way.cut.clone());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                if !open.load(Ordering::SeqCst) {
                    continue;
                }
                let (database, mut cut) = (database.clone(), cut.subscribe());
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(database).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = cut.recv() => {}
                    }
                });
            }
        });
        way
    }

    fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        let _ = self.cut.send(());
    }

    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

/// A node whose only way to its database can be cut.
async fn node_behind_a_way(app: &TestApp) -> (TestApp, Way) {
    let url = &app.state.config.database.url;
    let (_, rest) = url.split_once('@').unwrap();
    let (address, _) = rest.split_once('/').unwrap();
    let way = Way::to(address.to_owned()).await;
    let node = TestApp::on(&url.replace(address, &way.address.to_string()), None, &[]).await;
    (node, way)
}

fn at(node: &TestApp, browser: &Browser) -> Browser {
    browser.copy_at(node.address)
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_logs_nobody_out() {
    let app = TestApp::spawn().await;
    let (node, way) = node_behind_a_way(&app).await;
    let mut browsers = Vec::new();
    for n in 0..6 {
        let browser = at(&node, &app.signed_up(&format!("ada{n}@example.test")).await);
        assert_eq!(browser.get("/profile").await.status, 200);
        browsers.push(browser);
    }
    app.age_rotations(11).await;

    // Under way when it happens: each is answered, with what it asked for or with 503.
    let mut load = tokio::task::JoinSet::new();
    for (n, browser) in browsers.iter().enumerate() {
        let tab = browser.copy();
        if n % 2 == 0 {
            tab.forget_access();
        }
        load.spawn(async move {
            let mut statuses = Vec::new();
            for _ in 0..20 {
                statuses.push(tab.api("auth/current_user", &[]).await.status);
            }
            (tab, statuses)
        });
    }
    way.close();
    let answered = load.join_all().await;
    for (tab, statuses) in &answered {
        assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
        assert!(tab.cookie(REFRESH).is_some(), "cookies are kept");
    }
    assert!(answered.iter().any(|(_, statuses)| statuses.contains(&503)), "it was away");
    let known = &browsers[1];
    assert!(known.cookie(ACCESS).is_some());
    assert_eq!(known.get("/").await.status, 200, "a page that only reads takes the access token's word");
    assert_eq!(known.api("profile/update", &[("display_name", "Ada")]).await.status, 503, "writes fail closed");

    way.open();
    for (tab, _) in answered {
        let back = async {
            while tab.api("auth/current_user", &[]).await.status == 503 {}
            assert!(tab.is_signed_in().await);
            tab.forget_access();
            assert!(tab.is_signed_in().await);
        };
        timeout(PATIENCE, back).await.expect("it did not recover");
    }
}

#[tokio::test]
async fn connections_that_the_server_closed_cost_a_request_at_most_a_503() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let latchkey::server::db::Db::Postgres(pool) = &app.state.db else {
        panic!("LATCHKEY_TEST_DB is not postgres");
    };
    // As a restart of the database does.
    let mut admin = pool.acquire().await.unwrap().detach();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    admin.execute(end).await.unwrap();
    let mut statuses = Vec::new();
    let back = async {
        loop {
            let status = browser.api("auth/current_user", &[]).await.status;
            statuses.push(status);
            if status == 200 {
                break;
            }
        }
    };
    timeout(PATIENCE, back).await.expect("it did not recover");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
}
