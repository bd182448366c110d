//! Requests that other sites make a browser send, including log-in and log-out: refused with 403, and nothing changes.

use std::collections::BTreeSet;

use leptos::server_fn::axum::server_fn_paths;
use reqwest::Method;

use crate::{
    app::{ORIGIN, PASSWORD, TestApp},
    browser::{ACCESS, Answer, Browser, REFRESH},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

async fn post(browser: &Browser, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: Vec<_> = [FORM].iter().chain(headers).copied().collect();
    browser.send(Method::POST, path, &headers, Some(body.to_owned())).await
}

fn functions() -> BTreeSet<String> {
    server_fn_paths().map(|(path, _)| path.to_owned()).collect()
}

#[tokio::test]
async fn a_form_on_another_site_reaches_no_server_function() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let evil = [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site"), HTML];
    for path in functions() {
        let answer = post(&browser, &path, &evil, "display_name=Pwned&email=eve%40example.test&password=x").await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.set_cookies().is_empty(), "{path} set a cookie");
        assert_eq!(answer.header("location"), "", "{path}");
    }
    assert!(browser.is_signed_in().await, "not even logged out");
    assert!(!browser.get("/profile").await.body.contains("Pwned"));
    assert!(functions().len() > 10, "the functions are known");
}

/// Headers of a request with cookies, and whether it may have come from a page of `http://latchkey.test`.
const SENDERS: [(&[(&str, &str)], bool); 17] = [
    (&[("origin", ORIGIN), ("sec-fetch-site", "same-origin")], true),
    (&[("origin", ORIGIN)], true),
    (&[("origin", "HTTP://LATCHKEY.TEST:80")], true),
    (&[("sec-fetch-site", "same-origin")], true),
    (&[], false),
    (&[("referer", "http://latchkey.test/profile")], false),
    (&[("origin", "null")], false),
    (&[("origin", "null"), ("sec-fetch-site", "same-origin")], true),
    (&[("origin", "")], false),
    (&[("origin", "http://latchkey.test.evil")], false),
    (&[("origin", "http://evil.test#http://latchkey.test")], false),
    (&[("origin", "http://latchkey.test@evil.test")], false),
    (&[("origin", "http://sub.latchkey.test"), ("sec-fetch-site", "same-site")], false),
    (&[("origin", "https://latchkey.test")], false),
    (&[("origin", "http://latchkey.test:8080")], false),
    (&[("origin", ORIGIN), ("sec-fetch-site", "cross-site")], false),
    (&[("origin", ORIGIN), ("sec-fetch-site", "none")], false),
];

#[tokio::test]
async fn with_cookies_only_our_own_pages_are_heard() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (headers, ours) in SENDERS {
        let expected = if ours { 200 } else { 403 };
        let answer = post(&browser, "/api/profile/update", headers, "display_name=Ada").await;
        assert_eq!(answer.status, expected, "{headers:?}");
        if !ours {
            assert_eq!(answer.json()["code"], "cross_site", "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_forged_log_in_is_refused_although_it_needs_no_cookie() {
    let app = TestApp::spawn().await;
    app.signed_up("eve@example.test").await;
    let body = format!("email=eve%40example.test&password={PASSWORD}");
    for (headers, ours) in SENDERS {
        let victim = app.browser();
        let answer = post(&victim, "/api/auth/log_in", headers, &body).await;
        // Without cookies, a request of no origin at all is a program's: there is nothing to ride on.
        let program = !headers.iter().any(|(name, _)| matches!(*name, "origin" | "sec-fetch-site"));
        assert_eq!(answer.status, if ours || program { 200 } else { 403 }, "{headers:?}");
        assert_eq!(victim.cookie(ACCESS).is_some(), ours || program, "{headers:?}");
    }
}

#[tokio::test]
async fn over_https_neither_a_sibling_nor_plain_http_is_our_own_page() {
    let app = TestApp::with(&[("LATCHKEY__SERVER__PUBLIC_URL", "https://app.latchkey.test")]).await;
    let browser = app.signed_up("ada@example.test").await;
    let table = [
        ("https://app.latchkey.test", 200),
        ("https://app.latchkey.test:443", 200),
        ("http://app.latchkey.test", 403),
        ("https://latchkey.test", 403),
        ("https://shop.latchkey.test", 403),
        ("https://app.latchkey.test.evil", 403),
        ("https://app.latchkey.test:8443", 403),
    ];
    for (origin, expected) in table {
        let answer = post(&browser, "/api/auth/current_user", &[("origin", origin)], "").await;
        assert_eq!(answer.status, expected, "{origin}");
    }
}

#[tokio::test]
async fn what_a_form_cannot_send_is_not_taken_for_one() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let json = r#"{"display_name":"Pwned","bio":""}"#;
    let kinds = [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain; x=application/x-www-form-urlencoded",
        "",
    ];
    for kind in kinds {
        for body in [json, "display_name=Pwned"] {
            let headers = [("content-type", kind), ("sec-fetch-site", "same-origin")];
            let answer = browser.send(Method::POST, "/api/profile/update", &headers, Some(body.into())).await;
            assert_eq!(answer.status, 415, "{kind}: {body}");
        }
    }
    assert!(!browser.get("/profile").await.body.contains("Pwned"));
}

#[tokio::test]
async fn nothing_but_a_post_reaches_a_server_function() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let headers = [("origin", ORIGIN), ("sec-fetch-site", "same-origin"), FORM];
    for path in functions() {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            let answer = browser.send(method.clone(), &format!("{path}?display_name=Pwned"), &headers, None).await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    assert!(browser.is_signed_in().await, "a link to the log-out logs nobody out");
    // A foreign method on a page is nothing either.
    for method in [Method::PUT, Method::DELETE, Method::POST] {
        let answer = browser.send(method.clone(), "/profile", &headers, None).await;
        assert!(matches!(answer.status, 404 | 405), "{method}: {}", answer.status);
    }
}

#[tokio::test]
async fn no_other_origin_is_ever_allowed_to_read() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let preflight = [
        ("origin", "https://evil.test"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    for path in ["/", "/profile", "/api/auth/current_user", "/api/profile/update", "/favicon.svg", "/nowhere"] {
        for method in [Method::OPTIONS, Method::GET, Method::POST] {
            let answer = browser.send(method, path, &preflight, None).await;
            let allows = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
            assert!(!allows, "{path}: {:?}", answer.headers);
        }
    }
}

#[tokio::test]
async fn a_refused_navigation_gets_a_page_and_a_refused_program_gets_json() {
    let app = TestApp::spawn().await;
    for (says, kind) in [
        (("accept", "text/html"), "text/html; charset=utf-8"),
        (("sec-fetch-mode", "navigate"), "text/html; charset=utf-8"),
        (("sec-fetch-mode", "cors"), "application/json"),
        (("accept", "application/json"), "application/json"),
    ] {
        let evil = [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site"), says];
        let answer = post(&app.browser(), "/api/auth/log_in", &evil, "").await;
        assert_eq!((answer.status, answer.header("content-type")), (403, kind), "{says:?}");
    }
}

#[tokio::test]
async fn a_refused_form_leads_back_to_this_site_whatever_the_referer_says() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let foreign = [
        "https://evil.test/profile",
        "http://latchkey.test.evil/profile",
        "http://latchkey.test@evil.test/",
        "http://latchkey.test//evil.test",
        "http://latchkey.test/\\evil.test",
        "http://latchkey.test/%2F%2Fevil.test",
        "//evil.test",
        "javascript:alert(1)",
    ];
    for referer in foreign {
        let headers = [HTML, ("origin", ORIGIN), ("sec-fetch-site", "same-origin"), ("referer", referer)];
        let answer = post(&browser, "/api/profile/update", &headers, "display_name=").await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{referer}");
    }
    let own = [HTML, ("origin", ORIGIN), ("referer", "http://latchkey.test/profile?tab=1#x")];
    let answer = post(&browser, "/api/profile/update", &own, "display_name=").await;
    assert_eq!(answer.header("location"), "/profile?tab=1");
}

#[tokio::test]
async fn the_loopback_names_are_one_another_in_development_only() {
    let origins = ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"];
    let app = TestApp::with(&[("LATCHKEY__SERVER__PUBLIC_URL", origins[1])]).await;
    let browser = app.signed_up("ada@example.test").await;
    for origin in origins {
        assert_eq!(post(&browser, "/api/auth/current_user", &[("origin", origin)], "").await.status, 200, "{origin}");
    }
    for origin in ["http://localhost:3001", "https://localhost:3000", "http://localhost.evil:3000"] {
        assert_eq!(post(&browser, "/api/auth/current_user", &[("origin", origin)], "").await.status, 403, "{origin}");
    }
    assert!(browser.cookie(REFRESH).is_some());

    let production = [
        ("LEPTOS_ENV", "PROD"),
        ("LATCHKEY__SERVER__PUBLIC_URL", "https://localhost:3000"),
        ("LATCHKEY__AUTH__SIGN_UP", "open"),
    ];
    let app = TestApp::with(&production).await;
    let browser = app.signed_up("ada@example.test").await;
    for (origin, expected) in [("https://localhost:3000", 200), ("https://127.0.0.1:3000", 403)] {
        assert_eq!(post(&browser, "/api/auth/current_user", &[("origin", origin)], "").await.status, expected);
    }
}

#[tokio::test]
async fn a_page_that_sends_no_referrer_is_still_ours_and_a_sandboxed_one_is_not() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for (site, status) in [("same-origin", 200), ("same-site", 403), ("cross-site", 403), ("none", 403)] {
        let headers = [FORM, ("origin", "null"), ("sec-fetch-site", site)];
        let answer = browser.send(Method::POST, "/api/auth/current_user", &headers, None).await;
        assert_eq!(answer.status, status, "{site}");
    }
    let answer = browser.send(Method::POST, "/api/auth/current_user", &[FORM, ("origin", "null")], None).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_media_type_has_no_case() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for media in ["Application/X-WWW-Form-URLEncoded", "APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8"] {
        let headers = [("content-type", media), ("origin", ORIGIN)];
        assert_eq!(browser.send(Method::POST, "/api/auth/current_user", &headers, None).await.status, 200, "{media}");
    }
}
