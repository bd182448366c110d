//! Metrics for Prometheus: each counter counts its event, no label comes from a request or identifies a person, and the
//! site's own address serves none.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::{
    app::{ORIGIN, PASSWORD, TestApp},
    browser::{Answer, Browser},
    config_cli::{Place, SECRET, free_address},
};

/// Every refresh rotates, and the token before is a replay at once.
const AT_ONCE: [(&str, &str); 4] = [
    ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
    ("LATCHKEY__AUTH__SECRET", SECRET),
    ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s"),
    ("LATCHKEY__AUTH__REUSE_LEEWAY", "0s"),
];

async fn scrape(address: SocketAddr) -> Answer {
    let answer = Browser::new(address, ORIGIN.into()).get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(answer.body.ends_with("# EOF\n"));
    answer
}

/// The series by name and labels, without the prefix that all of them have.
async fn series(address: SocketAddr) -> BTreeMap<String, f64> {
    let text = scrape(address).await.body;
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap());
    samples.map(|(name, value)| (name.strip_prefix("latchkey_").unwrap().to_owned(), value.parse().unwrap())).collect()
}

/// The series that are not what they were, with how much they grew.
async fn moved(address: SocketAddr, before: &mut BTreeMap<String, f64>, names: &[&str]) -> Vec<(String, f64)> {
    let after = series(address).await;
    let grown = after.iter().map(|(name, value)| (name.clone(), value - before.get(name).copied().unwrap_or(0.0)));
    let grown = grown.filter(|(name, by)| *by != 0.0 && names.iter().any(|n| name.starts_with(n))).collect();
    *before = after;
    grown
}

#[tokio::test]
async fn every_counter_moves_with_what_it_counts() {
    let place = Place::new().await;
    let metrics = free_address();
    let address = metrics.to_string();
    let server = place.serve(&[&AT_ONCE[..], &[("LATCHKEY__SERVER__METRICS_ADDR", &address)]].concat());
    let counters = ["refreshes", "log_ins", "sign_ups", "sessions_ended"];
    let one = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1.0)).collect::<Vec<_>>();
    let mut seen = series(metrics).await;
    for name in ["refreshes_total{outcome=\"rotate\"}", "refreshes_total{outcome=\"unavailable\"}"] {
        assert_eq!(seen[name], 0.0, "a counter is there before its first event");
    }

    let browser = Browser::new(server.address, ORIGIN.into());
    let mail = ("email", "canary@example.test");
    let waits = seen["database_wait_seconds_count"];
    assert_eq!(browser.api("auth/sign_up", &[mail, ("password", PASSWORD)]).await.status, 200);
    assert!(series(metrics).await["database_wait_seconds_count"] > waits, "its transaction had to begin");
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&["sign_ups_total{outcome=\"ok\"}"]));
    assert_eq!(browser.api("auth/sign_up", &[mail, ("password", PASSWORD)]).await.status, 422);
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&["sign_ups_total{outcome=\"invalid\"}"]));

    assert_eq!(browser.api("auth/log_in", &[mail, ("password", "wrong-wrong-wrong")]).await.status, 401);
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&["log_ins_total{outcome=\"refused\"}"]));
    browser.log_in(mail.1).await;
    let replaced = ["log_ins_total{outcome=\"ok\"}", "sessions_ended_total{reason=\"replaced\"}"];
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&replaced));
    let waits = ["hash_wait_seconds_count"];
    assert_eq!(moved(metrics, &mut BTreeMap::new(), &waits).await, [("hash_wait_seconds_count".to_owned(), 4.0)]);

    let thief = browser.copy();
    browser.forget_access();
    assert!(browser.is_signed_in().await);
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&["refreshes_total{outcome=\"rotate\"}"]));
    assert!(browser.is_signed_in().await, "the new pair is in use");
    thief.forget_access();
    let old = thief.copy();
    assert!(!thief.is_signed_in().await);
    let replayed = ["refreshes_total{outcome=\"replayed\"}", "sessions_ended_total{reason=\"replayed\"}"];
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&replayed));
    assert!(!old.is_signed_in().await);
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&["refreshes_total{outcome=\"refused\"}"]));

    let other = Browser::new(server.address, ORIGIN.into());
    other.log_in(mail.1).await;
    moved(metrics, &mut seen, &counters).await;
    browser.log_in(mail.1).await;
    assert_eq!(browser.api("devices/revoke_others", &[]).await.status, 200);
    assert_eq!(browser.api("auth/log_out", &[]).await.status, 200);
    let ended = [
        "log_ins_total{outcome=\"ok\"}",
        "sessions_ended_total{reason=\"logged_out\"}",
        "sessions_ended_total{reason=\"revoked\"}",
    ];
    assert_eq!(moved(metrics, &mut seen, &counters).await, one(&ended));
    let (code, _) = server.stop();
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn pages_are_timed_by_route_and_no_request_makes_a_series_of_its_own() {
    let place = Place::new().await;
    let metrics = free_address();
    let address = metrics.to_string();
    let server = place.serve(&[&AT_ONCE[..], &[("LATCHKEY__SERVER__METRICS_ADDR", &address)]].concat());
    let mut seen = series(metrics).await;
    let browser = Browser::new(server.address, ORIGIN.into());
    assert_eq!(browser.get("/login?next=/canary").await.status, 200);
    assert_eq!(browser.get("/canary-one").await.status, 404);
    let counts = ["page_seconds_count", "http_requests_total"];
    let expected = [
        ("http_requests_total{class=\"2xx\"}", 1.0),
        ("http_requests_total{class=\"4xx\"}", 1.0),
        ("page_seconds_count{route=\"/login\"}", 1.0),
        ("page_seconds_count{route=\"unmatched\"}", 1.0),
    ];
    assert_eq!(moved(metrics, &mut seen, &counts).await, expected.map(|(name, by)| (name.to_owned(), by)));
    let names = |seen: &BTreeMap<String, f64>| seen.keys().cloned().collect::<Vec<_>>();
    let before = names(&seen);
    for path in ["/canary-two", "/login/canary", "/login?canary", "/healthz", "/api/canary", "/pkg/canary.js"] {
        browser.get(path).await;
    }
    browser.api("auth/log_in", &[("email", "canary@example.test"), ("password", "canary-password")]).await;
    assert_eq!(names(&series(metrics).await), before);

    let pools: f64 = seen.iter().filter(|(name, _)| name.starts_with("database_connections{")).map(|(_, n)| n).sum();
    assert!(pools >= 1.0, "{seen:?}");
    assert_eq!(seen["hash_queue"], 0.0);
    let text = scrape(metrics).await.body;
    assert!(!text.contains("canary") && !text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn the_site_itself_shows_no_metrics_and_the_metrics_no_site() {
    let app = TestApp::spawn().await;
    assert_eq!(app.state.config.server.metrics_addr, None, "off by default");
    let metrics =
        latchkey::server::ops::health::serve_metrics(app.state.clone(), SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    for (path, status) in [("/metrics", 404), ("/metrics/", 308)] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, status);
        assert!(!answer.body.contains("latchkey_refreshes"));
    }
    scrape(metrics).await;
    for path in ["/", "/login", "/healthz", "/metrics/x"] {
        assert_eq!(Browser::new(metrics, ORIGIN.into()).get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_refresh_without_a_database_is_counted_as_unavailable() {
    let app = TestApp::spawn().await;
    let metrics =
        latchkey::server::ops::health::serve_metrics(app.state.clone(), SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let browser = app.signed_up("ada@example.test").await;
    browser.forget_access();
    let mut before = series(metrics).await;
    app.state.db.close().await;
    assert_eq!(browser.api("auth/current_user", &[]).await.status, 503);
    let unavailable = "refreshes_total{outcome=\"unavailable\"}";
    assert_eq!(moved(metrics, &mut before, &[unavailable]).await, [(unavailable.to_owned(), 1.0)]);
}
