//! Compares docs/operations.md with the program: documented and existing metrics are the same, and the SQL does what
//! the guide says.

use std::{collections::BTreeSet, net::SocketAddr, process::Command, time::Duration};

use crate::{
    app::{ORIGIN, TestApp},
    browser::Browser,
    config_cli::{Place, SECRET, free_address},
};

const GUIDE: &str = include_str!("../../docs/operations.md");

/// The metrics that a text names, without the ending of one sample.
fn metrics_of(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| w.starts_with("latchkey_"));
    let endings = ["_total", "_bucket", "_count", "_sum"];
    words.map(|w| endings.iter().find_map(|e| w.strip_suffix(e)).unwrap_or(w).to_owned()).collect()
}

#[tokio::test]
async fn the_guide_knows_every_metric_and_no_other() {
    let app = TestApp::spawn().await;
    app.browser().get("/login").await;
    let metrics =
        latchkey::server::ops::health::serve_metrics(app.state.clone(), SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let scraped = Browser::new(metrics, ORIGIN.into()).get("/metrics").await.body;
    assert_eq!(metrics_of(GUIDE), metrics_of(&scraped));
    for line in scraped.lines().filter(|line| line.contains("outcome=") || line.contains("reason=")) {
        let value = line.split('"').nth(1).unwrap();
        assert!(GUIDE.contains(&format!("`{value}`")), "{line}");
    }
}

#[tokio::test]
async fn after_a_restore_the_guides_sql_ends_every_session() {
    const SQL: &str = "update users set authz_epoch = authz_epoch + 1";
    assert!(GUIDE.contains(SQL));
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let by_refresh = browser.copy();
    by_refresh.forget_access();
    app.execute(SQL).await;
    assert!(!browser.is_signed_in().await && !by_refresh.is_signed_in().await);
    browser.log_in("ada@example.test").await;
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_log_that_nobody_reads_costs_its_lines_and_nothing_else() {
    let place = Place::new().await;
    let address = free_address();
    let site = address.to_string();
    // Both pipes lose their reader before the server says a word.
    let settings = [("LATCHKEY__AUTH__SECRET", SECRET), ("LEPTOS_SITE_ADDR", &site), ("RUST_LOG", "debug")];
    let mut child = place.command(&["serve"], &settings).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    let browser = Browser::new(address, ORIGIN.into());
    let answers = async { while browser.try_api("auth/current_user").await.is_none() {} };
    tokio::time::timeout(Duration::from_secs(20), answers).await.expect("it does not come up");
    for path in ["/healthz", "/readyz", "/login", "/healthz"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
