//! The real server's log at its most verbose level contains no password, token or key.

use std::{collections::BTreeSet, net::SocketAddr};

use crate::{
    app::ORIGIN,
    browser::{ACCESS, Browser, REFRESH},
    config_cli::{Place, SECRET},
};

const RIGHT: &str = "canary-right-tidal-lantern";
const WRONG: &str = "canary-wrong-tidal-lantern";

/// Does whatever a user can do; all cookies that were there on the way.
async fn live(address: SocketAddr) -> BTreeSet<String> {
    let browser = Browser::new(address, ORIGIN.into());
    let mut cookies = BTreeSet::new();
    let remember = |cookies: &mut BTreeSet<String>| {
        cookies.extend([ACCESS, REFRESH].iter().filter_map(|name| browser.cookie(name)));
    };
    let mail = ("email", "canary-mail@example.test");
    let statuses = [
        browser.api("auth/sign_up", &[mail, ("password", RIGHT), ("display_name", "Canary")]).await.status,
        browser.api("auth/password_strength", &[mail, ("password", RIGHT)]).await.status,
    ];
    assert_eq!(statuses, [200, 200]);
    remember(&mut cookies);
    for path in ["/", "/profile", "/profile?canary-query=1"] {
        assert_eq!(browser.get(path).await.status, 200);
    }
    assert_eq!(browser.api("auth/refresh", &[]).await.status, 200);
    remember(&mut cookies);
    browser.forget_access();
    assert!(browser.is_signed_in().await, "refreshed on the way");
    remember(&mut cookies);
    assert_eq!(browser.api("profile/update", &[("display_name", "Canary"), ("bio", "canary-bio")]).await.status, 200);
    assert_eq!(browser.api("auth/log_out", &[]).await.status, 200);
    // Failures, whose causes are what a log is for.
    assert_eq!(browser.api("auth/log_in", &[mail, ("password", WRONG)]).await.status, 401);
    assert_eq!(browser.submit("/login", "auth/log_in", &[mail, ("password", WRONG)]).await.status, 303);
    assert_eq!(browser.api("auth/log_in", &[("email", WRONG), ("password", WRONG)]).await.status, 422);
    assert_eq!(browser.api("auth/sign_up", &[mail, ("password", "canary-x")]).await.status, 422);
    assert_eq!(browser.api("auth/log_in", &[mail, ("password", RIGHT)]).await.status, 200);
    remember(&mut cookies);
    let dead = Browser::new(address, ORIGIN.into());
    for cookie in &cookies {
        dead.set_cookie(ACCESS, format!("{cookie}x"));
        dead.set_cookie(REFRESH, cookie.clone());
        assert!(!dead.is_signed_in().await);
        assert_eq!(dead.get("/profile").await.status, 302);
    }
    assert!(cookies.len() >= 5, "{}", cookies.len());
    cookies
}

/// The secrets, whole and in the parts that would be as good.
fn secrets(cookies: &BTreeSet<String>) -> Vec<String> {
    let parts = cookies.iter().flat_map(|cookie| cookie.split('.').skip(1).map(str::to_owned));
    [RIGHT, WRONG, "canary-x", SECRET, "argon2id$", "canary-query"]
        .map(str::to_owned)
        .into_iter()
        .chain(parts)
        .collect()
}

async fn log_of(settings: &[(&str, &str)]) -> (String, Vec<String>) {
    let place = Place::new().await;
    let fixed = [
        // Every refresh rotates: more tokens to look for.
        ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
        ("LATCHKEY__AUTH__SECRET", SECRET),
        ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s"),
    ];
    let server = place.serve(&[&fixed, settings].concat());
    let cookies = live(server.address).await;
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    (log, secrets(&cookies))
}

#[tokio::test]
async fn the_log_at_its_most_talkative_holds_no_secret() {
    for format in ["json", "text"] {
        let (log, secrets) = log_of(&[("RUST_LOG", "trace"), ("LATCHKEY__SERVER__LOG_FORMAT", format)]).await;
        assert!(log.contains("sqlx::query") && log.contains("DEBUG"), "it was talkative");
        for word in ["logged_in", "log_in_failed", "/api/auth/sign_up"] {
            assert!(log.contains(word), "{word} was logged");
        }
        for secret in secrets {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{secret} stands in the log");
        }
    }
}

#[tokio::test]
async fn the_log_as_it_ships_holds_no_secret_and_nothing_that_was_typed() {
    let (log, secrets) = log_of(&[("LATCHKEY__SERVER__LOG_FORMAT", "json")]).await;
    for secret in secrets.iter().map(String::as_str).chain(["canary"]) {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
    // Every line after the greeting is one JSON object, with its time in UTC.
    let lines: Vec<serde_json::Value> =
        log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 20, "{}", lines.len());
    assert!(lines.iter().all(|line| line["timestamp"].as_str().unwrap().ends_with('Z')));
    for event in ["signed_up", "logged_in", "logged_out"] {
        assert!(lines.iter().any(|line| line["event"] == event), "{event}");
    }
    // Who failed to log in can be told, and blocked: by client, and by account without its address.
    let failed: Vec<_> = lines.iter().filter(|line| line["event"] == "log_in_failed").collect();
    assert_eq!(failed.len(), 2);
    for line in &failed {
        assert_eq!((&line["client"], &line["why"]), (&"127.0.0.1".into(), &"refused".into()));
        assert_eq!(line["account"], failed[0]["account"]);
        assert_eq!(line["account"].as_str().unwrap().len(), 16);
    }
}
