//! The redirect target after a log-in: a path of this site, or the default page.

use reqwest::Method;

use crate::{
    app::{PASSWORD, TestApp},
    transport::raw,
};

const EVIL: [&str; 30] = [
    "//evil.test",
    "///evil.test",
    "////evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "\\/evil.test",
    "/\\/evil.test",
    "https:evil.test",
    "https:/evil.test",
    "https://evil.test",
    "HTTPS://evil.test/profile",
    "http://latchkey.test.evil.test",
    "http://latchkey.test@evil.test",
    "user@evil.test",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "%2F%2Fevil.test",
    "/%2Fevil.test",
    "/%2fevil.test",
    "/%5Cevil.test",
    "/%5cevil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "/\r\nlocation: https://evil.test",
    "\t//evil.test",
    " //evil.test",
    "evil.test",
    "?next=//evil.test",
];

/// Places that are ours and still none to go to after a log-in.
const NOWHERE: [&str; 5] = ["", "/login", "/login?next=/login", "/signup", "/api/auth/log_out"];

const GOOD: [&str; 5] =
    ["/", "/profile", "/admin?page=2&sort=name", "/moderation#top", "/profile?back=https://example.test"];

#[tokio::test]
async fn a_log_in_leads_to_a_path_of_this_site_and_nowhere_else() {
    let app = TestApp::spawn().await;
    app.signed_up("ada@example.test").await;
    let table = EVIL.iter().chain(&NOWHERE).map(|next| (*next, "/profile")).chain(GOOD.map(|next| (next, next)));
    for (next, expected) in table {
        let form = [("email", "ada@example.test"), ("password", PASSWORD), ("next", next)];
        let browser = app.browser();
        let answer = browser.submit("/login", "auth/log_in", &form).await;
        assert_eq!((answer.status, answer.header("location")), (303, expected), "{next:?}");
        // The hydrated app is told the same place.
        let answer = app.browser().api("auth/log_in", &form).await;
        assert_eq!((answer.status, answer.header("location")), (200, expected), "{next:?}");
    }
}

#[tokio::test]
async fn a_sign_up_leads_to_a_path_of_this_site_and_nowhere_else() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    for (nth, next) in EVIL.iter().chain(&["/admin"]).enumerate() {
        let email = format!("user{nth}@example.test");
        let form = [("email", email.as_str()), ("password", PASSWORD), ("next", next)];
        let answer = app.browser().submit("/signup", "auth/sign_up", &form).await;
        let expected = if *next == "/admin" { "/admin" } else { "/profile" };
        assert_eq!((answer.status, answer.header("location")), (303, expected), "{next:?}");
    }
}

#[tokio::test]
async fn the_log_in_page_sends_on_who_is_signed_in_and_hands_evil_to_nobody() {
    let app = TestApp::spawn().await;
    let (user, anonymous) = (app.signed_up("ada@example.test").await, app.browser());
    for page in ["/login", "/signup"] {
        for next in EVIL {
            let query = serde_urlencoded::to_string([("next", next)]).unwrap();
            let answer = user.get(&format!("{page}?{query}")).await;
            assert_eq!((answer.status, answer.header("location")), (302, "/profile"), "{next:?}");
            let shown = anonymous.get(&format!("{page}?{query}")).await;
            assert_eq!(shown.status, 200, "{next:?}");
            assert!(!shown.body.contains("name=\"next\""), "{next:?} stands in the form");
            assert!(!shown.body.contains("evil.test") && !shown.body.contains("alert(1)"), "{next:?}");
        }
    }
    let answer = user.get("/login?next=/admin%3Fpage=2").await;
    assert_eq!(answer.header("location"), "/admin?page=2");
    assert!(anonymous.get("/login?next=/admin").await.body.contains("name=\"next\" value=\"/admin\""));
}

#[tokio::test]
async fn a_guarded_page_remembers_its_own_address_and_no_other() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let table = [
        ("/profile", "/login?next=/profile"),
        ("/profile?tab=1&x=%26", "/login?next=/profile%3Ftab=1%26x=%2526"),
        ("/admin?next=//evil.test", "/login?next=/admin%3Fnext=//evil.test"),
    ];
    for (path, expected) in table {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (302, expected), "{path}");
    }
    // And the way back is that page, whole.
    app.signed_up("ada@example.test").await;
    let login = browser.get("/profile?tab=1&x=2").await.header("location").to_owned();
    let page = browser.get(&login).await.body;
    let value = page.split("name=\"next\" value=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(value, "/profile?tab=1&x=2");
    let form = [("email", "ada@example.test"), ("password", PASSWORD), ("next", &value)];
    assert_eq!(browser.submit(&login, "auth/log_in", &form).await.header("location"), "/profile?tab=1&x=2");
}

#[tokio::test]
async fn a_path_that_looks_like_another_host_leads_nowhere() {
    let app = TestApp::spawn().await;
    let targets = [
        "//evil.test",
        "//evil.test/profile",
        "//evil.test/%2e%2e",
        "/%2F/evil.test",
        "/\\evil.test",
        "//profile",
        "/profile//",
        "//evil.test/login?next=//evil.test",
    ];
    for target in targets {
        let head =
            format!("GET {target} HTTP/1.1\r\nhost: latchkey.test\r\naccept: text/html\r\nconnection: close\r\n\r\n");
        let answer = raw(app.address, head).await;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or("/");
        let beyond_next = location.strip_prefix("/login?next=").unwrap_or(location);
        assert!(location.starts_with('/') && !location.starts_with("//"), "{target}: {location}");
        assert!(beyond_next.starts_with('/') && !beyond_next.starts_with("//"), "{target}: {location}");
    }
}

#[tokio::test]
async fn a_log_out_leads_to_the_start_page_whatever_it_is_told() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let answer = browser.submit("/profile", "auth/log_out", &[("next", "//evil.test")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let headers = [("accept", "text/html"), ("origin", crate::app::ORIGIN), ("referer", "https://evil.test/")];
    let answer = browser.send(Method::POST, "/api/auth/log_out?next=//evil.test", &headers, None).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
}

#[tokio::test]
async fn a_closing_slash_leads_to_the_page_without_it() {
    let app = TestApp::spawn().await;
    let signed_in = app.signed_up("ada@example.test").await;
    for (asked, expected) in [
        ("/login/", "/login"),
        ("/login//", "/login"),
        ("/profile/", "/profile"),
        ("/admin/", "/admin"),
        ("/confirm/?code=abc&x=%2F", "/confirm?code=abc&x=%2F"),
        ("/account/email/?", "/account/email?"),
        ("/nowhere/", "/nowhere"),
        ("//evil.test/", "/evil.test"),
        ("///evil.test///", "/evil.test"),
        ("/\\evil.test/", "/evil.test"),
        ("//", "/"),
    ] {
        for method in ["GET", "HEAD"] {
            let head = format!(
                "{method} {asked} HTTP/1.1\r\nhost: latchkey.test\r\naccept: text/html\r\nconnection: close\r\n\r\n"
            );
            let answer = raw(app.address, head).await;
            assert!(answer.starts_with("HTTP/1.1 308"), "{asked}: {answer}");
            assert_eq!(answer.lines().find_map(|line| line.strip_prefix("location: ")), Some(expected), "{asked}");
        }
        // The same to whom the page belongs and to others.
        assert!(matches!(signed_in.get(asked).await.status, 308 | 404), "{asked}");
    }
    assert_eq!(signed_in.get("/").await.status, 200);
    assert_eq!(signed_in.get("/profile").await.status, 200);
}

#[tokio::test]
async fn password_managers_find_the_page_that_changes_a_password() {
    let app = TestApp::spawn().await;
    let answer = app.browser().get("/.well-known/change-password").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account/password"));
}

/// The answer to a browser that asks for a page by that host: status and `Location`.
async fn asked_by(app: &TestApp, host: &str, more: &str) -> (String, String) {
    let head = format!("GET /login?next=/admin HTTP/1.1\r\nhost: {host}\r\n{more}connection: close\r\n\r\n");
    let answer = raw(app.address, head).await;
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default();
    (answer.split(' ').nth(1).unwrap().to_owned(), location.to_owned())
}

#[tokio::test]
async fn in_production_a_page_under_another_host_leads_to_the_public_one() {
    let production = [("LATCHKEY__SERVER__PUBLIC_URL", "https://app.example.test"), ("LEPTOS_ENV", "PROD")];
    let app = TestApp::with(&production).await;
    let behind =
        TestApp::with(&[&production[..], &[("LATCHKEY__SERVER__TRUSTED_PROXIES", "127.0.0.1")]].concat()).await;
    let development = TestApp::spawn().await;
    let html = "accept: text/html\r\n";
    let there = "https://app.example.test/login?next=/admin";
    for host in ["www.app.example.test", "app.example.test:8443", "evil.test", "192.168.1.5:3000", "[2001:db8::1]:3000"]
    {
        assert_eq!(asked_by(&app, host, html).await, ("307".into(), there.into()), "{host}");
        assert_eq!(asked_by(&development, host, html).await.0, "200", "{host} in development");
        assert_eq!(asked_by(&app, host, "").await.0, "200", "{host}, asked by a program");
    }
    for host in ["app.example.test", "APP.example.test:443"] {
        assert_eq!(asked_by(&app, host, html).await.0, "200", "{host} is the public one");
    }
    // What a proxy puts there that does not hand on the browser's: it would be asked again for ever.
    for (app, host) in
        [(&app, "127.0.0.1:3000"), (&app, "localhost"), (&app, "backend:3000"), (&behind, "10.0.0.7:3000")]
    {
        assert_eq!(asked_by(app, host, html).await.0, "200", "{host}");
    }
    assert_eq!(asked_by(&behind, "www.app.example.test", html).await.0, "307");
}

#[tokio::test]
async fn in_development_the_refusal_of_a_form_says_which_setting_helps() {
    let app = TestApp::spawn().await;
    let headers =
        [("accept", "text/html"), ("origin", "http://nas.example.test:8080"), ("sec-fetch-site", "same-origin")];
    let answer = app.browser().send(Method::POST, "/api/auth/log_in", &headers, None).await;
    assert_eq!(answer.status, 403);
    for part in ["http://nas.example.test:8080", crate::app::ORIGIN, "LATCHKEY__SERVER__PUBLIC_URL"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    let script = [("accept", "text/html"), ("origin", "<script>alert(1)</script>")];
    let answer = app.browser().send(Method::POST, "/api/auth/log_in", &script, None).await;
    assert!(answer.status == 403 && !answer.body.contains("<script>"), "{}", answer.body);

    let production = [("LATCHKEY__SERVER__PUBLIC_URL", "https://app.example.test"), ("LEPTOS_ENV", "PROD")];
    let app = TestApp::with(&production).await;
    let answer = app.browser().send(Method::POST, "/api/auth/log_in", &headers, None).await;
    assert!(answer.status == 403 && !answer.body.contains("LATCHKEY__"), "{}", answer.body);
}
