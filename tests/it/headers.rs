//! The headers of every response, whatever its path and status, and the responses when the database is down or a
//! handler panics.

use axum::{body::Body, extract::Request, response::Response, routing::get};
use http_body_util::BodyExt;
use latchkey::{
    auth::{Loaded, model::Role},
    error::AppError,
    server::http::router,
};
use leptos::prelude::*;
use leptos_axum::render_app_async;
use reqwest::Method;
use tower::ServiceExt;

use crate::{
    app::{ORIGIN, PASSWORD, TestApp},
    browser::{ACCESS, Answer, REFRESH},
    files::Assets,
};

/// Answers of every kind: status, what was asked, the answer.
async fn every_kind_of_answer(app: &TestApp) -> Vec<(u16, String, Answer)> {
    let user = app.logged_in_as(Role::User).await;
    let anonymous = app.browser();
    let mut answers = Vec::new();
    for (browser, path, status) in [
        (&anonymous, "/", 200),
        (&anonymous, "/login", 200),
        (&anonymous, "/signup", 200),
        (&anonymous, "/profile", 302),
        (&user, "/login", 302),
        (&user, "/", 200),
        (&user, "/profile", 200),
        (&user, "/admin", 403),
        (&anonymous, "/nowhere", 404),
        (&anonymous, "/pkg/nothing.js", 404),
        (&anonymous, "/robots.txt", 200),
        (&anonymous, "/pkg/latchkey.js", 200),
        (&anonymous, "/pkg/latchkey.wasm", 200),
        (&anonymous, "/healthz", 200),
        (&anonymous, "/readyz", 200),
        (&anonymous, "/api/auth/log_in", 405),
    ] {
        answers.push((status, format!("GET {path}"), browser.get(path).await));
    }
    for (browser, function, form, status) in [
        (&user, "auth/current_user", vec![], 200),
        (&anonymous, "auth/current_user", vec![], 401),
        (&user, "admin/accounts", vec![], 403),
        (&anonymous, "nope", vec![], 404),
        (&anonymous, "auth/log_in", vec![("email", "x")], 422),
        (&anonymous, "auth/log_in", vec![("email", "no@example.test"), ("password", "wrong")], 401),
    ] {
        answers.push((status, format!("POST {function}"), browser.api(function, &form).await));
    }
    let cross = [("origin", "https://evil.test")];
    answers.push((403, "a foreign post".into(), user.send(Method::POST, "/api/auth/log_out", &cross, None).await));
    let text = [("content-type", "text/plain"), ("origin", app_origin(app))];
    let text = user.send(Method::POST, "/api/auth/log_out", &text, Some("x".into())).await;
    answers.push((415, "a post of text".into(), text));
    answers.push((303, "a plain form".into(), anonymous.submit("/login", "auth/log_in", &[("email", "x")]).await));
    let heap = vec!["a=1"; 200].join("; ");
    answers.push((431, "many cookies".into(), anonymous.send(Method::GET, "/", &[("cookie", &heap)], None).await));
    answers
}

fn app_origin(app: &TestApp) -> &'static str {
    match app.state.config.public_origin.is_https() {
        true => "https://latchkey.test",
        false => ORIGIN,
    }
}

fn directive<'a>(policy: &'a str, name: &str) -> &'a str {
    let directives: Vec<&str> =
        policy.split(';').map(str::trim).filter(|d| d.split(' ').next() == Some(name)).collect();
    assert_eq!(directives.len(), 1, "{name} stands once in {policy}");
    directives[0].strip_prefix(name).unwrap().trim()
}

fn check_headers(answer: &Answer, case: &str, https: bool, dev: bool) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-permitted-cross-domain-policies", "none"),
    ] {
        assert_eq!(answer.header(name), value, "{case}: {name}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{case}: {name} once");
    }
    let policy = answer.header("content-security-policy");
    for (name, value) in [
        ("default-src", "'none'"),
        ("object-src", "'none'"),
        ("base-uri", "'none'"),
        ("frame-ancestors", "'none'"),
        ("form-action", "'self'"),
        ("style-src", "'self'"),
    ] {
        assert_eq!(directive(policy, name), value, "{case}");
    }
    let scripts: Vec<&str> = directive(policy, "script-src").split(' ').collect();
    assert_eq!(scripts.len(), 3, "{case}: {scripts:?}");
    assert!(scripts.contains(&"'self'") && scripts.contains(&"'wasm-unsafe-eval'"), "{case}");
    assert!(nonce(answer).len() >= 16, "{case}");
    assert_eq!(directive(policy, "connect-src"), if dev { "'self' ws:" } else { "'self'" }, "{case}");
    assert_eq!(policy.contains("upgrade-insecure-requests"), https, "{case}");
    let transport = if https { "max-age=31536000; includeSubDomains" } else { "" };
    assert_eq!(answer.header("strict-transport-security"), transport, "{case}");
    assert!(answer.header("x-request-id").len() == 16, "{case}");
    for name in ["server", "x-powered-by", "via", "access-control-allow-origin"] {
        assert_eq!(answer.header(name), "", "{case}: {name}");
    }
    let kept = answer.header("cache-control");
    let is_file = case.contains("/pkg/latchkey") || case.contains("/robots.txt");
    match is_file {
        true => assert!(!kept.contains("no-store") && answer.set_cookies().is_empty(), "{case}: {kept}"),
        false => assert_eq!(kept, "private, no-store", "{case}"),
    }
}

fn nonce(answer: &Answer) -> &str {
    let policy = answer.header("content-security-policy");
    directive(policy, "script-src").split(' ').find_map(|s| s.strip_prefix("'nonce-")?.strip_suffix('\'')).unwrap()
}

#[tokio::test]
async fn every_answer_carries_the_headers_over_http() {
    let assets = Assets::new();
    let app = assets.app(&[]).await;
    for (status, case, answer) in every_kind_of_answer(&app).await {
        assert_eq!(answer.status, status, "{case}: {}", answer.body);
        check_headers(&answer, &case, false, true);
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_over_https_in_production() {
    let assets = Assets::new();
    let production = [
        ("LATCHKEY__SERVER__PUBLIC_URL", "https://latchkey.test"),
        ("LEPTOS_ENV", "PROD"),
        ("LEPTOS_HASH_FILES", "false"),
    ];
    let app = assets.app(&production).await;
    for (status, case, answer) in every_kind_of_answer(&app).await {
        assert_eq!(answer.status, status, "{case}: {}", answer.body);
        check_headers(&answer, &case, true, false);
    }
}

#[tokio::test]
async fn every_answer_has_a_nonce_of_its_own_which_all_of_its_scripts_carry() {
    let app = TestApp::spawn().await;
    let user = app.logged_in_as(Role::Admin).await;
    let mut nonces = std::collections::BTreeSet::new();
    for path in ["/", "/login", "/profile", "/admin", "/moderation", "/nowhere", "/"] {
        for browser in [&user, &app.browser()] {
            let page = browser.get(path).await;
            assert!(nonces.insert(nonce(&page).to_owned()), "{path}: a nonce came twice");
            let marked = format!("nonce=\"{}\"", nonce(&page));
            for script in page.body.split("<script").skip(1) {
                let tag = script.split('>').next().unwrap();
                assert!(tag.contains(&marked), "{path}: <script{tag}>");
            }
            // What the policy would not let run, or apply, has no place in a page.
            for tag in page.body.split('<').filter_map(|tag| tag.split('>').next()) {
                assert!(
                    !tag.contains(" style=\"") && !tag.contains(" onclick=") && !tag.starts_with("style"),
                    "{path}: <{tag}>"
                );
            }
            assert!(page.status != 200 || page.body.contains("<script"), "{path} was a page");
        }
    }
}

#[tokio::test]
async fn while_the_store_is_down_nobody_is_logged_out() {
    let app = TestApp::spawn().await;
    let warm = app.signed_up("ada@example.test").await;
    assert_eq!(warm.get("/profile").await.status, 200);
    let expired = warm.copy();
    expired.forget_access();
    let html = ("accept", "text/html");
    app.state.db.close().await;

    let unavailable = |answer: &Answer, case: &str| {
        assert_eq!(answer.status, 503, "{case}: {}", answer.body);
        assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|s| s > 0), "{case}");
        assert!(answer.set_cookies().is_empty(), "{case}: {:?}", answer.set_cookies());
        check_headers(answer, case, false, true);
    };
    for function in ["auth/current_user", "profile/update", "auth/log_out", "auth/refresh", "auth/log_in"] {
        let form = [("display_name", "Ada"), ("email", "ada@example.test"), ("password", PASSWORD)];
        for browser in [&warm, &expired] {
            unavailable(&browser.api(function, &form).await, function);
        }
    }
    for (browser, function) in [(&app.browser(), "auth/log_in"), (&app.browser(), "auth/sign_up")] {
        let answer = browser.api(function, &[("email", "ada@example.test"), ("password", PASSWORD)]).await;
        unavailable(&answer, function);
        assert_eq!(answer.json()["code"], "unavailable");
    }
    unavailable(&expired.get("/profile").await, "a page that would need a refresh");
    unavailable(&expired.send(Method::GET, "/", &[html], None).await, "a page for everybody, asked by somebody");

    // What needs no store answers, and who holds a valid access token is still known.
    assert_eq!(app.browser().get("/login").await.status, 200);
    assert_eq!(warm.get("/login").await.status, 302, "known, hence sent on");
    let page = warm.get("/profile").await;
    assert_eq!(page.status, 200);
    assert!(page.set_cookies().is_empty());
    for browser in [&warm, &expired] {
        assert!(browser.cookie(REFRESH).is_some());
    }
    assert!(warm.cookie(ACCESS).is_some());
    assert_eq!(app.browser().get("/healthz").await.status, 200);
    let ready = app.browser().get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(!ready.body.contains("sql"), "{}", ready.body);
}

#[tokio::test]
async fn a_plain_form_is_told_that_the_store_is_down_and_keeps_its_cookies() {
    let app = TestApp::spawn().await;
    let anonymous = app.browser();
    app.state.db.close().await;
    let answer =
        anonymous.submit("/login", "auth/log_in", &[("email", "ada@example.test"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login"));
    let page = anonymous.get("/login").await;
    assert!(page.body.contains("The server is busy right now."), "the page says why");
    assert!(page.body.contains("ada@example.test") && !page.body.contains(PASSWORD));
}

async fn panics_with_text() -> &'static str {
    panic!("a canary in {ORIGIN}")
}

async fn panics_with_a_value() -> &'static str {
    std::panic::panic_any(7)
}

/// A page whose content panics while it is fetched.
fn page_whose_resource_panics() -> impl IntoView {
    async fn content() -> Result<String, AppError> {
        panic!("a canary in {ORIGIN}")
    }
    view! { <Loaded data=content() view=|text| text /> }
}

/// A page whose content panics while it is shown.
fn page_whose_view_panics() -> impl IntoView {
    async fn content() -> Result<String, AppError> {
        tokio::task::yield_now().await;
        Ok("content".into())
    }
    fn show(_: String) -> &'static str {
        panic!("a canary in {ORIGIN}")
    }
    view! { <Loaded data=content() view=show /> }
}

#[tokio::test]
async fn a_page_whose_content_panics_is_a_500_at_once() {
    let app = TestApp::spawn().await;
    let routes = axum::Router::new()
        .route("/resource", get(render_app_async(page_whose_resource_panics)))
        .route("/view", get(render_app_async(page_whose_view_panics)));
    let routes = router::behind_layers(routes, app.state.clone());
    for path in ["/resource", "/view"] {
        let request = Request::builder().uri(path).header("accept", "text/html").body(Body::empty()).unwrap();
        let response = routes.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body);
        assert!(!body.is_empty() && !body.contains("canary"), "{path}: {body}");
    }
}

async fn panics(path: &str, accept: &str) -> Response {
    let app = TestApp::spawn().await;
    let routes = axum::Router::new().route("/text", get(panics_with_text)).route("/value", get(panics_with_a_value));
    let request = Request::builder().uri(path).header("accept", accept).body(Body::empty()).unwrap();
    router::behind_layers(routes, app.state.clone()).oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_handler_that_panics_answers_like_any_other_and_says_nothing() {
    for path in ["/text", "/value"] {
        let response = panics(path, "application/json").await;
        assert_eq!(response.status(), 500);
        let headers = response.headers().clone();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let answer = Answer { status: 500, headers, body: String::from_utf8(body.to_vec()).unwrap() };
        assert_eq!(answer.body, r#"{"code":"internal"}"#);
        check_headers(&answer, path, false, true);
    }
}

#[tokio::test]
async fn the_served_app_stands_behind_those_very_layers() {
    // Were they two lists, the test above would say nothing about the real one.
    let source = include_str!("../../src/server/http/router.rs");
    assert_eq!(source.matches("CatchPanicLayer::custom").count(), 1);
    assert_eq!(source.matches("security::headers").count(), 1);
    assert_eq!(source.matches("behind_layers(").count(), 2, "its definition, and its use");
}
