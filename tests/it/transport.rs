//! Requests that no browser sends: too large, too slow, ambiguous, malformed, for another host. Each gets a 4xx or a
//! closed connection, without a panic or internal details.

use reqwest::Method;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::{ORIGIN, PASSWORD, TestApp},
    browser::{ACCESS, REFRESH},
};

/// Sends bytes over a separate connection. Returns what arrives until the server closes it.
pub async fn raw(address: SocketAddr, request: impl Into<Vec<u8>>) -> String {
    let request = request.into();
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let writing = tokio::spawn(async move {
        // The server may have answered and closed before it has read everything.
        let _ = write.write_all(&request).await;
        write
    });
    let mut answer = Vec::new();
    let _ = read.read_to_end(&mut answer).await;
    drop(writing.await);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Returns the status of the first response, or 0.
pub fn status_of(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).map_or(0, |status| status.parse().unwrap())
}

/// Returns the head of a valid form post, without its last empty line.
pub fn post_head(path: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: latchkey.test\r\norigin: {ORIGIN}\r\n\
         content-type: application/x-www-form-urlencoded\r\n{more}"
    )
}

/// Internal terms that no response may contain.
const INTERNALS: [&str; 8] = ["panick", "src/", ".rs:", "sqlx", "sqlite", "RUST_BACKTRACE", "server_fn", "select "];

fn tells_nothing(answer: &str, case: &str) {
    for word in INTERNALS {
        assert!(!answer.contains(word), "{case} tells of {word:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_unread() {
    let app = TestApp::spawn().await;
    let size = 10 * 1024 * 1024;
    for function in ["auth/sign_up", "auth/log_in", "auth/password_strength", "profile/update"] {
        let mut request =
            post_head(&format!("/api/{function}"), &format!("content-length: {size}\r\nconnection: close\r\n\r\n"))
                .into_bytes();
        request.extend(b"password=");
        request.resize(request.len() + size - b"password=".len(), b'x');
        let answer = raw(app.address, request).await;
        assert_eq!(status_of(&answer), 413, "{function}");
        assert!(answer.ends_with(r#"{"code":"too_large"}"#), "{function}: {answer}");
    }
    assert_eq!(app.count("select count(*) from throttles").await, 0, "nothing was counted, so nothing was hashed");
    // One chunk after the other, without a length.
    let mut request =
        post_head("/api/auth/log_in", "transfer-encoding: chunked\r\nconnection: close\r\n\r\n").into_bytes();
    for _ in 0..size / 0x8000 {
        request.extend(b"8000\r\n");
        request.resize(request.len() + 0x8000, b'x');
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    assert_eq!(status_of(&raw(app.address, request).await), 413);
    assert_eq!(app.browser().get("/").await.status, 200);
}

#[tokio::test]
async fn a_body_that_no_page_reads_is_refused_too() {
    let app = TestApp::spawn().await;
    for path in ["/", "/login", "/nowhere", "/pkg/x.js", "/healthz"] {
        let size = 10 * 1024 * 1024;
        let mut request = post_head(path, &format!("content-length: {size}\r\nconnection: close\r\n\r\n")).into_bytes();
        request.resize(request.len() + size, b'x');
        let status = status_of(&raw(app.address, request).await);
        assert!(matches!(status, 404 | 405 | 413), "{path}: {status}");
    }
}

/// Runs everything that waits for a timeout of 10 or 15 s at once.
#[tokio::test]
async fn whoever_is_slow_is_cut_off_and_the_others_are_served() {
    let app = TestApp::spawn().await;
    let slow_body = post_head("/api/auth/log_in", "content-length: 1000\r\n\r\nemail=ada");
    let slow_chunks = post_head("/api/auth/log_in", "transfer-encoding: chunked\r\n\r\n5\r\nemail\r\n");
    // What was sent, and the statuses that may come before the connection's end (0: none).
    let cases: [(&str, &[u16]); 7] = [
        ("", &[0]),
        ("PRI * HTTP/2", &[400]),
        ("GET", &[0, 408]),
        ("GET / HTTP/1.1\r\nhost: x\r\nx-slow:", &[0, 408]),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", &[200]),
        (&slow_body, &[408]),
        (&slow_chunks, &[408]),
    ];
    let mut slow = tokio::task::JoinSet::new();
    for (sent, expected) in cases {
        let (request, address) = (sent.to_owned(), app.address);
        slow.spawn(async move {
            let answer = tokio::time::timeout(Duration::from_secs(30), raw(address, request.clone())).await;
            (request, expected, answer)
        });
    }
    assert_eq!(app.browser().get("/").await.status, 200, "a page is served meanwhile");
    for (request, expected, answer) in slow.join_all().await {
        let answer = answer.unwrap_or_else(|_| panic!("still open after 30 s: {request:?}"));
        assert!(expected.contains(&status_of(&answer)), "{request:?} was answered with {answer:?}");
    }
}

#[tokio::test]
async fn a_request_of_two_lengths_hides_no_second_one() {
    let app = TestApp::spawn().await;
    let hidden = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let two_lengths = [
        format!("content-length: 0\r\ncontent-length: {}\r\n\r\n{hidden}", hidden.len()),
        format!("content-length: {}\r\ncontent-length: 0\r\n\r\n{hidden}", hidden.len()),
        format!("content-length: 0, {}\r\n\r\n{hidden}", hidden.len()),
        format!("content-length: +{}\r\n\r\n{hidden}", hidden.len()),
        format!("content-length: -1\r\n\r\n{hidden}"),
        format!("transfer-encoding: identity\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked, identity\r\ncontent-length: 5\r\n\r\n{hidden}"),
        format!("transfer-encoding : chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\n-1\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n{hidden}"),
    ];
    for more in two_lengths {
        let answer = raw(app.address, post_head("/api/auth/current_user", &more)).await;
        assert_eq!(status_of(&answer), 400, "{more:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{more:?}: {answer}");
    }
    // With both, the encoding counts and the connection ends after it (RFC 9112, 6.1): what follows is never a request.
    for more in [
        format!("transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        format!("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}", hidden.len() + 5),
    ] {
        let answer = raw(app.address, post_head("/api/auth/current_user", &more)).await;
        assert!((400..500).contains(&status_of(&answer)), "{more:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{more:?}: {answer}");
    }
}

#[tokio::test]
async fn heads_that_are_no_http_are_refused() {
    let app = TestApp::spawn().await;
    let long = "x".repeat(70 * 1024);
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let heads = [
        "GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: x\r\nx : y\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\nhost: x\r\n\r\n".to_owned(),
        "GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: x\r\nx: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
    ];
    for head in heads {
        let answer = raw(app.address, head.clone()).await;
        let status = status_of(&answer);
        assert!(matches!(status, 400 | 414 | 431), "{:.60?}: {status}", head);
        tells_nothing(&answer, &head[..30.min(head.len())]);
    }
    assert_eq!(app.browser().get("/").await.status, 200);
}

#[tokio::test]
async fn bodies_that_no_form_sends_are_the_senders_mistake() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let cookies =
        format!("{ACCESS}={}; {REFRESH}={}", browser.cookie(ACCESS).unwrap(), browser.cookie(REFRESH).unwrap());
    let nested = |depth: usize| format!("display_name{}=x", "[a]".repeat(depth));
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("only separators", b"&&&=&=&".to_vec()),
        ("invalid UTF-8", b"display_name=\xff\xfe\xc0\xaf".to_vec()),
        ("invalid UTF-8, escaped", b"display_name=%ff%fe%c0%af".to_vec()),
        ("half an escape", b"display_name=%4&bio=%".to_vec()),
        ("an escaped NUL", b"display_name=a%00b".to_vec()),
        ("a lone surrogate", b"display_name=%ed%a0%80".to_vec()),
        ("brackets", b"display_name[]=a&display_name[]=b".to_vec()),
        ("unclosed brackets", b"display_name[[[[=a".to_vec()),
        ("a hundred levels", nested(100).into_bytes()),
        ("ten thousand levels", nested(10_000).into_bytes()),
        ("the same field twice", b"display_name=a&display_name=b".to_vec()),
        ("five thousand fields", (0..5000).map(|n| format!("f{n}=1&")).collect::<String>().into_bytes()),
        ("JSON", br#"{"display_name":"x"}"#.to_vec()),
    ];
    for function in ["profile/update", "auth/log_in", "auth/sign_up", "admin/set_role"] {
        for (what, body) in &bodies {
            let more = format!("cookie: {cookies}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let mut request = post_head(&format!("/api/{function}"), &more).into_bytes();
            request.extend(body);
            let answer = raw(app.address, request).await;
            let status = status_of(&answer);
            // A profile's name may come out of a sloppy parser; an account must not.
            let fine = (400..500).contains(&status) || (function == "profile/update" && status == 200);
            assert!(fine && status != 429, "{function}, {what}: {answer}");
            tells_nothing(&answer, what);
        }
    }
    assert_eq!(app.count("select count(*) from users").await, 1);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_form_of_64_kibibytes_is_read_and_a_byte_more_is_not() {
    let app = TestApp::spawn().await;
    let (own, email) = ("email=".len() + "&password=".len(), "ada");
    for (bytes, status) in [(64 * 1024, 422), (64 * 1024 + 1, 413)] {
        let password = "x".repeat(bytes - own - email.len());
        let answer = app.browser().api("auth/log_in", &[("email", email), ("password", &password)]).await;
        assert_eq!(answer.status, status, "{bytes}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_form_sent_to_the_event_stream_is_malformed() {
    let app = TestApp::spawn().await;
    let answer = app.browser().api("auth/events", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"code":"malformed"}"#));
}

#[tokio::test]
async fn an_empty_form_names_the_fields_that_are_missing() {
    let app = TestApp::spawn().await;
    let answer = app.browser().api("auth/log_in", &[]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json(),
        serde_json::json!({"code": "invalid", "fields": [
            {"field": "email", "problem": "missing"},
            {"field": "password", "problem": "missing"},
        ]})
    );
}

#[tokio::test]
async fn an_unknown_function_or_file_is_not_found_and_says_no_more() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for function in
        ["nope", "auth/nope", "auth/log_in/", "auth//log_in", "auth/log_in.json", "auth/LOG_IN", "../admin/accounts"]
    {
        let answer = browser.api(function, &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"code":"not_found"}"#), "{function}");
    }
    // Nor do paths that a cache in front might take for a file: nothing personal, and nothing to keep.
    for path in [
        "/profile/x.css",
        "/profile.css",
        "/profile/%2e%2e/x.js",
        "/profile;x.css",
        "/api/auth/current_user/x.css",
        "/pkg/../profile",
        "/pkg/x.css",
        "/.env",
        "/Cargo.toml",
    ] {
        for accept in ["text/html", "*/*"] {
            let answer = browser.send(Method::GET, path, &[("accept", accept)], None).await;
            let to_profile = path == "/pkg/../profile";
            assert!(answer.status == 404 || (to_profile && answer.status == 200), "{path}: {}", answer.status);
            assert_eq!(answer.header("cache-control"), "private, no-store", "{path}");
            tells_nothing(&answer.body, path);
        }
    }
}

#[tokio::test]
async fn a_forged_host_reaches_no_link() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let forged = [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil.test"),
        ("x-original-url", "/evil.test"),
        ("x-rewrite-url", "/evil.test"),
        ("forwarded", "host=evil.test;proto=https"),
        ("accept", "text/html"),
    ];
    for caller in [&browser, &app.browser()] {
        for path in ["/", "/login", "/signup", "/profile", "/admin", "/nowhere", "/favicon.svg"] {
            let answer = caller.send(Method::GET, path, &forged, None).await;
            assert!(!answer.body.contains("evil.test"), "{path}");
            assert!(!format!("{:?}", answer.headers).contains("evil.test"), "{path}: {:?}", answer.headers);
        }
    }
    let headers: Vec<_> = forged
        .iter()
        .copied()
        .chain([("origin", ORIGIN), ("content-type", "application/x-www-form-urlencoded")])
        .collect();
    let body = format!("email=ada%40example.test&password={PASSWORD}");
    let answer = app.browser().send(Method::POST, "/api/auth/log_in", &headers, Some(body)).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/profile"));

    // The target may name a host as well (RFC 9112, 3.2.2).
    for target in ["http://evil.test/profile", "http://evil.test/login", "//evil.test/profile", "//evil.test"] {
        let answer = raw(
            app.address,
            format!("GET {target} HTTP/1.1\r\nhost: evil.test\r\naccept: text/html\r\nconnection: close\r\n\r\n"),
        )
        .await;
        let head = answer.split("\r\n\r\n").next().unwrap();
        let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or("/");
        assert!(location.starts_with('/') && !location.starts_with("//"), "{target}: {location}");
        assert!(!answer.contains("http://evil.test") && !answer.contains("\"//evil.test"), "{target}: {answer}");
    }
}
