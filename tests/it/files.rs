//! Static files: only files of the site's folder are served, each with its media type; no listing, no TRACE, no path
//! traversal.

use latchkey::auth::model::Role;
use reqwest::Method;
use std::path::PathBuf;

use crate::{
    app::{ORIGIN, TestApp},
    browser::{Answer, Browser},
    stream::Stream,
    transport::{raw, status_of},
};

/// A folder of built assets, with one file of each kind; and files beside it that nobody is to see.
pub struct Assets {
    folder: PathBuf,
    root: PathBuf,
}

/// What stands in the files beside the site's folder.
const CANARY: &str = "a-canary-beside-the-site";
/// The files of the site's folder, with the type that each is to have.
const FILES: [(&str, &str); 9] = [
    ("robots.txt", "text/plain; charset=utf-8"),
    ("icon.svg", "image/svg+xml; charset=utf-8"),
    ("data.json", "application/json"),
    ("pkg/latchkey.js", "text/javascript; charset=utf-8"),
    ("pkg/latchkey.wasm", "application/wasm"),
    ("pkg/latchkey.css", "text/css; charset=utf-8"),
    ("pkg/letters.woff2", "font/woff2"),
    ("pkg/snippets/part.js", "text/javascript; charset=utf-8"),
    ("pkg/snippets/unlisted.txt", "text/plain; charset=utf-8"),
];

impl Assets {
    pub fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("latchkey-site-{}", uuid::Uuid::now_v7().simple()));
        let root = folder.join("site");
        std::fs::create_dir_all(root.join("pkg/snippets")).unwrap();
        for (file, _) in FILES {
            std::fs::write(root.join(file), "x").unwrap();
        }
        for beside in ["canary.txt", "site-canary.txt", "site/.canary"] {
            std::fs::write(folder.join(beside), CANARY).unwrap();
        }
        std::fs::remove_file(root.join(".canary")).unwrap();
        Self { folder, root }
    }

    pub async fn app(&self, more: &[(&str, &str)]) -> TestApp {
        let root = ("LEPTOS_SITE_ROOT", self.root.to_str().unwrap());
        TestApp::with(&[&[root], more].concat()).await
    }
}

impl Drop for Assets {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Sends a target as it is: a client library would resolve its dots.
async fn ask(app: &TestApp, method: &str, target: &str, more: &str) -> String {
    let head = format!("{method} {target} HTTP/1.1\r\nhost: latchkey.test\r\nconnection: close\r\n{more}\r\n");
    raw(app.address, head).await
}

#[tokio::test]
async fn a_path_leads_to_no_file_outside_of_the_sites_folder() {
    let assets = Assets::new();
    let app = assets.app(&[]).await;
    let served = ask(&app, "GET", "/pkg/snippets/../latchkey.css", "").await;
    assert!(matches!(status_of(&served), 200 | 404), "{served}");
    assert_eq!(status_of(&ask(&app, "GET", "/pkg/latchkey.css", "").await), 200);
    let absolute = assets.folder.join("canary.txt").display().to_string();
    let escaped = absolute.replace('/', "%2f");
    let mut targets = vec![
        format!("/pkg/{absolute}"),
        format!("/pkg/{escaped}"),
        format!("/pkg{absolute}"),
        format!("/{escaped}"),
        absolute,
        "/pkg/../../site-canary.txt".into(),
        "/pkg/../../canary.txt%00.css".into(),
        "/pkg/latchkey.css/../../../canary.txt".into(),
    ];
    for dots in ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "....", "..;", "%c0%ae%c0%ae", "%uff0e%uff0e"] {
        for slash in ["/", "%2f", "%2F", "%5c", "\\", "%252f", "//", "/./", "%c0%af"] {
            for prefix in ["/", "/pkg/", "/pkg/snippets/", "/pkg/nothing/"] {
                for up in 1..=4 {
                    targets.push(format!("{prefix}{}canary.txt", format!("{dots}{slash}").repeat(up)));
                }
            }
        }
    }
    for target in targets {
        let answer = ask(&app, "GET", &target, "").await;
        assert!(!answer.contains(CANARY), "{target} leads out of the folder");
        assert!(matches!(status_of(&answer), 308 | 400 | 404), "{target}: {answer}");
    }
}

#[tokio::test]
async fn a_folder_shows_no_list_of_its_files() {
    let assets = Assets::new();
    let app = assets.app(&[]).await;
    assert_eq!(app.browser().get("/pkg/snippets/unlisted.txt").await.status, 200);
    for path in ["/", "/pkg", "/pkg/", "/pkg//", "/pkg/.", "/pkg/snippets", "/pkg/snippets/", "/pkg/snippets/?list"] {
        for accept in ["text/html", "*/*"] {
            let answer = ask(&app, "GET", path, &format!("accept: {accept}\r\n")).await;
            assert!(!answer.contains("unlisted") && !answer.contains("letters.woff2"), "{path}: {answer}");
            let is_page = path == "/" && status_of(&answer) == 200;
            assert!(is_page || matches!(status_of(&answer), 307 | 308 | 404), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn trace_is_refused_everywhere_and_sends_nothing_back() {
    let assets = Assets::new();
    let app = assets.app(&[]).await;
    let canary = "cookie: canary=1\r\nx-canary: canary\r\n";
    let own = format!("{canary}origin: {ORIGIN}\r\nsec-fetch-site: same-origin\r\n");
    for method in ["TRACE", "TRACK"] {
        for path in ["/", "/login", "/profile", "/api/auth/log_in", "/pkg/latchkey.js", "/robots.txt", "/healthz"] {
            let answer = ask(&app, method, path, &own).await;
            assert_eq!(status_of(&answer), 405, "{method} {path}: {answer}");
            assert!(!answer.contains("canary"), "{method} {path}: {answer}");
            // Without an origin, pages and functions look no further than that.
            let answer = ask(&app, method, path, canary).await;
            assert!(matches!(status_of(&answer), 403 | 405), "{method} {path}: {answer}");
            assert!(!answer.contains("canary"), "{method} {path}: {answer}");
        }
    }
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

fn has_type(answer: &Answer, kind: &str, case: &str) {
    assert_eq!(answer.header("content-type"), kind, "{case}: {}", answer.status);
    assert_eq!(answer.headers.get_all("content-type").iter().count(), 1, "{case}");
    assert!(!answer.body.is_empty(), "{case}: there is something to have a type");
}

#[tokio::test]
async fn every_kind_of_answer_names_its_type_and_the_encoding_of_text() {
    let assets = Assets::new();
    let app = assets.app(&[("LATCHKEY__MAIL__TRANSPORT", "mailbox")]).await;
    let (anonymous, admin) = (app.browser(), app.logged_in_as(Role::Admin).await);
    for (file, kind) in FILES {
        has_type(&anonymous.get(&format!("/{file}")).await, kind, file);
    }
    for (path, kind) in [("/healthz", TEXT), ("/readyz", TEXT), ("/nowhere", HTML), ("/profile", HTML)] {
        has_type(&anonymous.get(path).await, kind, path);
    }
    for path in ["/", "/account", "/account/devices", "/profile", "/moderation", "/admin", "/dev/mailbox"] {
        has_type(&admin.get(path).await, HTML, path);
    }
    let to_program = [("accept", "*/*")];
    has_type(&anonymous.send(Method::GET, "/nowhere", &to_program, None).await, JSON, "404 for a program");
    for function in ["auth/current_user", "admin/accounts", "account/settings", "account/export", "nope"] {
        for browser in [&admin, &anonymous] {
            has_type(&browser.api(function, &[]).await, JSON, function);
        }
    }
    has_type(&anonymous.api("auth/log_in", &[]).await, JSON, "422");
    let foreign = [("origin", "https://evil.test"), ("accept", "text/html")];
    has_type(&admin.send(Method::POST, "/api/auth/log_out", &foreign, None).await, HTML, "403 for a browser");
    has_type(&admin.send(Method::POST, "/api/auth/log_out", &foreign[..1], None).await, JSON, "403 for a program");
    // A stream has no end to wait for: its head is enough.
    let stream = Stream::open(&app, &admin).await.seen;
    assert!(stream.contains("content-type: text/event-stream; charset=utf-8\r\n"), "{stream}");
    let metrics = ([127, 0, 0, 1], 0).into();
    let metrics = latchkey::server::ops::health::serve_metrics(app.state.clone(), metrics).unwrap();
    let metrics = Browser::new(metrics, ORIGIN.into()).get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    assert!(metrics.header("content-type").ends_with("charset=utf-8"));
    // What has no body says nothing of its type.
    let sent_on = anonymous.submit("/login", "auth/log_in", &[]).await;
    assert_eq!((sent_on.status, sent_on.body.as_str(), sent_on.header("content-type")), (303, "", ""));
}
