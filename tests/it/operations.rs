//! docs/operations.md against the program: each metric that it tells of exists, each that exists is told of, and its SQL does
//! what it says.

use std::{collections::BTreeSet, net::SocketAddr};

use crate::{
    app::{ORIGIN, TestApp},
    browser::Browser,
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
    let metrics = latchkey::server::metrics::start(app.state.clone(), SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
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
