//! Which pages are compressed: those of a request that carried nothing but a path. A page that could hold a secret
//! never is (BREACH, decision 17).

use latchkey::auth::model::Role;
use reqwest::Method;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::TestApp,
    browser::{ACCESS, Answer, Browser},
    files::Assets,
};

const GZIP: (&str, &str) = ("accept-encoding", "gzip, deflate, br, zstd");

async fn get(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> Answer {
    browser.send(Method::GET, path, &[&[GZIP, ("accept", "text/html")], headers].concat(), None).await
}

fn is_compressed(answer: &Answer) -> bool {
    !answer.header("content-encoding").is_empty()
}

/// The body of a compressed page, as bytes.
async fn body(address: SocketAddr, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.0\r\nhost: latchkey.test\r\naccept: text/html\r\naccept-encoding: gzip\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

#[tokio::test]
async fn a_page_that_anybody_gets_is_compressed() {
    let app = TestApp::spawn().await;
    for (path, status) in
        [("/", 200), ("/login", 200), ("/signup", 200), ("/forgot", 200), ("/magic", 200), ("/nowhere", 404)]
    {
        let browser = app.browser();
        let first = get(&browser, path, &[]).await;
        assert_eq!((first.status, first.header("content-encoding")), (status, "gzip"), "{path}");
        assert_eq!(first.header("vary"), "accept-encoding", "{path}");
        assert_eq!(first.header("cache-control"), "private, no-store", "{path}");
        // The next request has the cookie by which blocked cookies are detected.
        assert!(is_compressed(&get(&browser, path, &[]).await), "{path}, once more");
        let plain = browser.get(path).await;
        assert!(!is_compressed(&plain) && plain.body.contains("</html>"), "{path} without gzip");
        assert_eq!(plain.header("vary"), "accept-encoding", "{path}");
        let body = body(app.address, path).await;
        assert_eq!(body[..2], [0x1f, 0x8b], "{path}: gzip");
        assert!(body.len() * 2 < plain.body.len(), "{path}: {} of {}", body.len(), plain.body.len());
    }
}

#[tokio::test]
async fn a_page_for_somebody_is_never_compressed() {
    let app = TestApp::spawn().await;
    let admin = app.logged_in_as(Role::Admin).await;
    for path in [
        "/",
        "/login",
        "/signup",
        "/forgot",
        "/magic",
        "/confirm",
        "/profile",
        "/account",
        "/account/email",
        "/account/password",
        "/account/data",
        "/account/leave",
        "/account/devices",
        "/moderation",
        "/admin",
        "/nowhere",
    ] {
        assert!(!is_compressed(&get(&admin, path, &[]).await), "{path}");
    }
    // Whatever the token is worth: it names somebody, and the page may say what became of the session.
    let forged = app.browser();
    forged.set_cookie(ACCESS, "x");
    assert!(!is_compressed(&get(&forged, "/login", &[]).await));
    assert!(!is_compressed(&get(&app.browser(), "/login", &[("authorization", "Basic eDp5")]).await));
}

#[tokio::test]
async fn a_page_that_shows_what_its_request_carried_is_never_compressed() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    for path in ["/login?next=%2Fprofile", "/signup?next=%2Fadmin", "/confirm?code=x", "/nowhere?q=x", "/?x"] {
        let page = get(&browser, path, &[]).await;
        assert!(!is_compressed(&page) && page.body.contains("</html>"), "{path}");
    }
    // A refused form: its page shows what was typed.
    let refused = browser.submit("/login", "auth/log_in", &[("email", "ada@example.test"), ("password", "x")]).await;
    assert_eq!(refused.status, 303);
    let page = get(&browser, "/login", &[]).await;
    assert!(!is_compressed(&page) && page.body.contains("ada@example.test"));
    assert!(is_compressed(&get(&browser, "/login", &[]).await), "shown once");
}

#[tokio::test]
async fn mails_answers_of_functions_and_redirects_are_never_compressed() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    for path in ["/dev/mailbox", "/profile", "/healthz", "/api/auth/log_in"] {
        assert!(!is_compressed(&get(&browser, path, &[]).await), "{path}");
    }
    let form = [GZIP, ("content-type", "application/x-www-form-urlencoded"), ("origin", crate::app::ORIGIN)];
    let answer = browser.send(Method::POST, "/api/auth/current_user", &form, Some(String::new())).await;
    assert!(answer.status == 401 && !is_compressed(&answer));
}

#[tokio::test]
async fn a_built_file_is_sent_as_the_build_compressed_it_or_as_it_is() {
    let assets = Assets::new();
    let app = assets.app(&[]).await;
    for path in ["/robots.txt", "/pkg/latchkey.css", "/pkg/latchkey.wasm"] {
        let file = get(&app.browser(), path, &[]).await;
        assert!(file.status == 200 && !is_compressed(&file), "{path}");
    }
}
