//! The log reports refused access and unexpected failures, and no request can inject a line into it.

use axum::{Router, body::Body, extract::Request, routing::get};
use latchkey::server::http::router;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex},
};
use tower::ServiceExt;

use crate::{
    app::{ORIGIN, TestApp, on_db},
    browser::Browser,
    config_cli::{Place, SECRET},
    transport::{raw, status_of},
};

const SETTINGS: [(&str, &str); 4] = [
    ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
    ("LATCHKEY__AUTH__SECRET", SECRET),
    ("LATCHKEY__SERVER__LOG_FORMAT", "json"),
    ("LATCHKEY__DEMO__SEED", "true"),
];

/// The lines of a log in JSON; the greeting on standard output is left out.
fn parsed(log: &str) -> Vec<Value> {
    log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn refused_rights_are_in_the_log_with_who_asked_and_for_what() {
    let place = Place::new().await;
    let server = place.serve(&SETTINGS);
    let browser = Browser::new(server.address, ORIGIN.into());
    let log_in = [("email", "moderator@demo.test"), ("password", "correct-horse-battery")];
    assert_eq!(browser.api("auth/log_in", &log_in).await.status, 200);
    let user_id = browser.api("auth/current_user", &[]).await.json()["user_id"].clone();
    assert_eq!(browser.api("moderation/newest_accounts", &[]).await.status, 200);
    assert_eq!(browser.api("admin/accounts", &[]).await.status, 403);
    let form = [("user_id", user_id.as_str().unwrap()), ("role", "admin")];
    assert_eq!(browser.api("admin/set_role", &form).await.status, 403);
    assert_eq!(browser.get("/admin").await.status, 403);
    let (_, log) = server.stop();
    let denied: Vec<Value> = parsed(&log).into_iter().filter(|line| line["event"] == "access_denied").collect();
    let paths: Vec<&str> = denied.iter().map(|line| line["span"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/api/admin/accounts", "/api/admin/set_role", "/admin"]);
    for line in &denied {
        assert_eq!((&line["level"], &line["user_id"]), (&"WARN".into(), &user_id));
        assert_eq!(line["span"]["id"].as_str().unwrap().len(), 16);
    }
}

#[tokio::test]
async fn a_refusal_of_a_cached_role_is_in_the_log() {
    let place = Place::new().await;
    let server = place.serve(&SETTINGS);
    let browser = Browser::new(server.address, ORIGIN.into());
    let log_in = [("email", "admin@demo.test"), ("password", "correct-horse-battery")];
    assert_eq!(browser.api("auth/log_in", &log_in).await.status, 200);
    for _ in 0..3 {
        assert_eq!(browser.get("/admin").await.status, 200);
    }
    on_db!(&place.db().await, |c| {
        sqlx::query("update users set role = 'user' where role = 'admin'").execute(c).await.unwrap();
    });
    browser.get("/admin").await;
    let (_, log) = server.stop();
    assert!(parsed(&log).iter().any(|line| line["event"] == "access_denied"), "{log}");
}

/// A log in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn panics() -> &'static str {
    panic!("a canary\nof two lines")
}

#[tokio::test]
async fn a_panic_is_in_the_log_with_its_message_and_its_request() {
    let app = TestApp::spawn().await;
    let lines = Lines::default();
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_writer({
        let lines = lines.clone();
        move || lines.clone()
    });
    // Of this thread alone, on which the whole request runs.
    let logging = tracing::subscriber::set_default(log.finish());
    let routes = Router::new().route("/canary", get(panics));
    let request = Request::builder().uri("/canary").body(Body::empty()).unwrap();
    let answer = router::behind_layers(routes, app.state.clone()).oneshot(request).await.unwrap();
    drop(logging);
    let id = answer.headers()["x-request-id"].to_str().unwrap();
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let lines = parsed(&log);
    assert_eq!(lines.len(), log.lines().count(), "one object a line: {log}");
    let line = lines.iter().find(|line| line["message"] == "a handler panicked").expect(&log);
    assert_eq!((&line["level"], &line["panic"]), (&"ERROR".into(), &"a canary\nof two lines".into()));
    assert_eq!((&line["span"]["id"], &line["span"]["path"]), (&id.into(), &"/canary".into()));
    let answered = lines.iter().find(|line| line["message"] == "answered").expect(&log);
    assert_eq!(answered["status"], 500);
}

#[tokio::test]
async fn a_panic_of_the_server_is_one_line_with_its_place() {
    for format in ["json", "text"] {
        let place = Place::new().await;
        let more = [
            ("LATCHKEY__SERVER__LOG_FORMAT", format),
            ("LATCHKEY_FAULT", "panic:before the rotation"),
            ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s"),
        ];
        let server = place.serve(&[&SETTINGS[..], &more].concat());
        let browser = Browser::new(server.address, ORIGIN.into());
        let log_in = [("email", "user@demo.test"), ("password", "correct-horse-battery")];
        assert_eq!(browser.api("auth/log_in", &log_in).await.status, 200);
        let answer = browser.api("auth/refresh", &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"code":"internal"}"#));
        let (_, log) = server.stop();
        let id = answer.header("x-request-id");
        assert!(!log.lines().any(|line| line.starts_with("{\"event\"")), "{format}: a line of its own: {log}");
        let report: Vec<&str> = log.lines().filter(|line| line.contains("a thread panicked")).collect();
        assert_eq!(report.len(), 1, "{format}: {log}");
        assert!(report[0].contains(id) && report[0].contains("forged_event"), "{format}: {log}");
        assert!(report[0].contains("src/server/fail_point.rs:"), "{format}: {log}");
    }
}

#[tokio::test]
async fn a_failed_query_is_in_the_log_with_its_cause() {
    let place = Place::new().await;
    let server = place.serve(&SETTINGS);
    let db = place.db().await;
    on_db!(&db, |c| {
        sqlx::query("drop table throttles").execute(c).await.unwrap();
    });
    let browser = Browser::new(server.address, ORIGIN.into());
    let log_in = [("email", "user@demo.test"), ("password", "correct-horse-battery")];
    let answer = browser.api("auth/log_in", &log_in).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"code":"internal"}"#));
    let (_, log) = server.stop();
    let id = answer.header("x-request-id");
    let lines = parsed(&log);
    let line = lines.iter().find(|line| line["span"]["id"] == id && line["level"] == "ERROR").expect(&log);
    assert_eq!(line["message"], "a query failed");
    assert!(line["error"].as_str().unwrap().contains("throttles"), "{line}");
}

/// What would end a line, begin another, or move a terminal's cursor: as it is, and escaped.
const BREAKS: [&str; 12] = [
    "\r\n",
    "\n",
    "\r",
    "\u{1b}[2J\u{1b}[31m",
    "\u{9b}31m",
    "\u{85}",
    "\u{2028}",
    "\u{7f}",
    "%0d%0a",
    "%1b[31m",
    "\\n",
    "\",\"event\":\"",
];
const FORGED: &str = "forged_event";

#[tokio::test]
async fn no_request_writes_a_line_of_its_own_into_the_log() {
    for format in ["json", "text"] {
        let place = Place::new().await;
        let more = [("LATCHKEY__SERVER__LOG_FORMAT", format), ("RUST_LOG", "debug")];
        let server = place.serve(&[&SETTINGS[..], &more].concat());
        let mut statuses = BTreeSet::new();
        for line_break in BREAKS {
            let forged = format!("x{line_break}{{\"event\":\"{FORGED}\",\"level\":\"ERROR\"}}");
            for (target, method, headers) in [
                (format!("/{forged}"), "GET", String::new()),
                (format!("/api/{forged}"), "POST", String::new()),
                ("/login".to_owned(), "GET", format!("user-agent: {forged}\r\n")),
                ("/login".to_owned(), "GET", format!("x-forwarded-for: {forged}\r\n")),
                ("/login".to_owned(), "GET", format!("cookie: {forged}\r\n")),
                ("/login".to_owned(), "GET", format!("x-request-id: {forged}\r\n")),
                ("/api/auth/log_out".to_owned(), "POST", format!("origin: https://{forged}\r\n")),
                ("/api/auth/log_out".to_owned(), "POST", format!("origin: {ORIGIN}\r\nreferer: {forged}\r\n")),
            ] {
                let request = format!(
                    "{method} {target} HTTP/1.1\r\nhost: latchkey.test\r\nconnection: close\r\n\
                     content-length: 0\r\n{headers}\r\n"
                );
                statuses.insert(status_of(&raw(server.address, request).await));
            }
            let browser = Browser::new(server.address, ORIGIN.into());
            for email in [forged.clone(), format!("ada@example.test{forged}"), format!("{forged}@example.test")] {
                let form = [("email", email.as_str()), ("password", forged.as_str()), ("next", forged.as_str())];
                statuses.insert(browser.api("auth/log_in", &form).await.status);
            }
        }
        assert!(statuses.is_superset(&BTreeSet::from([400, 403, 404, 200, 422])), "{statuses:?}");
        let (_, log) = server.stop();
        let begins = |line: &str| match format {
            "json" => serde_json::from_str::<Value>(line).is_ok_and(|line| line["timestamp"].is_string()),
            _ => line.starts_with("20") && line.get(10..11) == Some("T"),
        };
        let lines: Vec<&str> = log.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).collect();
        let first = lines.iter().position(|line| begins(line)).unwrap();
        for line in &lines[first..] {
            assert!(line.is_empty() || begins(line), "{format}: not a line of the server's: {line:?}");
            assert!(!line.contains(['\u{1b}', '\u{9b}', '\u{7f}']), "{format}: {line:?}");
        }
        assert!(log.contains(FORGED), "{format}: something of it was logged");
        if format == "json" {
            assert!(parsed(&log).iter().all(|line| line["event"] != FORGED));
        }
    }
}

#[tokio::test]
async fn a_tls_failure_is_in_the_log_with_its_cause() {
    // Whoever listens there speaks no TLS.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}/range", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new()).into_future());
    let place = Place::new().await;
    let server = place.serve(&[&SETTINGS[..], &[("LATCHKEY__AUTH__BREACH_CHECK_URL", &url)]].concat());
    let browser = Browser::new(server.address, ORIGIN.into());
    let form = [("email", "ada@example.test"), ("password", "violet-anchor-seventeen"), ("display_name", "Ada")];
    let answer = browser.api("auth/sign_up", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (_, log) = server.stop();
    let lines = parsed(&log);
    let line = lines.iter().find(|line| line["span"]["id"] == answer.header("x-request-id") && line["level"] == "WARN");
    let error = line.expect(&log)["error"].as_str().unwrap();
    assert!(error.contains("InvalidContentType"), "{error}");
}
