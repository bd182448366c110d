//! The cookies: attributes, prefixes, doubles, strange bytes, mixed pairs, and that no token ever stands in a body.

use std::collections::BTreeSet;

use latchkey::auth::model::Role;
use reqwest::Method;

use crate::{
    app::{PASSWORD, TestApp},
    browser::{ACCESS, Answer, Browser, REFRESH},
    inbox::code,
    policy::sources,
    transport::{raw, status_of},
};

const HTTPS: [(&str, &str); 1] = [("LATCHKEY__SERVER__PUBLIC_URL", "https://latchkey.test")];
const FORM: &str = "application/x-www-form-urlencoded";
const PAGES: [&str; 7] = ["/", "/login", "/signup", "/profile", "/moderation", "/admin", "/nowhere"];
const FUNCTIONS: [&str; 6] = [
    "auth/current_user",
    "auth/refresh",
    "session/current",
    "profile/current",
    "moderation/newest_accounts",
    "admin/accounts",
];

/// Every way to a cookie: sign-up, log-in, its failures, refreshes, a form's flash, a mail's digits, log-out, and garbage.
async fn crawl(app: &TestApp) -> Vec<Answer> {
    let browser = app.browser();
    let names = &app.state.cookie_names;
    let form = [("email", "crawl@example.test"), ("password", PASSWORD)];
    let mut answers = vec![
        browser.submit("/signup", "auth/sign_up", &[("email", "nobody"), ("password", "short")]).await,
        browser.get("/signup").await,
        browser.submit("/signup", "auth/sign_up", &form).await,
        browser.api("auth/log_in", &[("email", "crawl@example.test"), ("password", "wrong-wrong-wrong")]).await,
        browser.api("auth/log_in", &form).await,
    ];
    app.age_rotations(60).await;
    browser.drop_cookie(names.access);
    for path in PAGES {
        answers.push(browser.get(path).await);
    }
    for function in FUNCTIONS {
        answers.push(browser.api(function, &[]).await);
    }
    answers.push(browser.submit("/profile", "profile/update", &[("display_name", "Ada"), ("bio", "Hello")]).await);
    for function in ["auth/send_magic_link", "auth/forgot_password"] {
        answers.push(browser.submit("/magic", function, &form[..1]).await);
    }
    let mail = app.mail("crawl@example.test", "log-in link", 1).await;
    answers.push(browser.submit("/confirm", "auth/confirm", &[("code", &code(&mail))]).await);
    answers.push(browser.submit("/", "auth/log_out", &[]).await);
    browser.set_cookie(names.access, "garbage");
    answers.push(browser.get("/").await);
    answers
}

fn attributes(line: &str) -> (String, BTreeSet<String>) {
    let mut parts = line.split("; ").map(str::to_owned);
    (parts.next().unwrap(), parts.filter(|part| !part.starts_with("Max-Age=")).collect())
}

async fn every_cookie_has(app: &TestApp, expected: &[&str], names: [&str; 4]) {
    let lines: Vec<String> = crawl(app).await.iter().flat_map(Answer::set_cookies).collect();
    let expected: BTreeSet<String> = expected.iter().map(|part| (*part).to_owned()).collect();
    let mut seen = BTreeSet::new();
    for line in &lines {
        let (pair, found) = attributes(line);
        assert_eq!(found, expected, "{line}");
        assert!(line.contains("; Max-Age="), "{line}");
        assert!(line.len() <= 4096, "{} bytes", line.len());
        seen.insert(pair.split('=').next().unwrap().to_owned());
    }
    assert_eq!(seen, names.map(str::to_owned).into(), "each cookie was seen, and no other");
}

#[tokio::test]
async fn every_cookie_is_http_only_lax_and_of_the_whole_site() {
    let app = TestApp::spawn().await;
    let names = [ACCESS, REFRESH, "latchkey_flash", "latchkey_asked"];
    every_cookie_has(&app, &["HttpOnly", "SameSite=Lax", "Path=/"], names).await;
}

#[tokio::test]
async fn with_https_every_cookie_is_bound_to_the_host_and_secure() {
    let app = TestApp::with(&HTTPS).await;
    let names = ["__Host-latchkey_access", "__Host-latchkey_refresh", "__Host-latchkey_flash", "__Host-latchkey_asked"];
    every_cookie_has(&app, &["HttpOnly", "SameSite=Lax", "Path=/", "Secure"], names).await;
}

#[test]
fn the_crawl_passes_every_place_that_makes_a_cookie() {
    // Two builders, of three cookies and of one: the two tests above see all four.
    let made = |text: &str| {
        text.contains("Cookie::build")
            || text.contains("Cookie::new")
            || text.contains("SET_COOKIE")
            || text.contains("document.cookie")
    };
    let sources = sources().into_iter().filter(|(_, text)| made(text.split("#[cfg(test)]").next().unwrap()));
    let files: BTreeSet<String> = sources.map(|(file, _)| file).collect();
    assert_eq!(files, ["auth/server/cookies.rs", "server/flash.rs"].map(str::to_owned).into());
}

#[tokio::test]
async fn the_cookies_live_as_long_as_what_they_hold() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let answer = browser.api("auth/sign_up", &[("email", "ada@example.test"), ("password", PASSWORD)]).await;
    let kept = |name: &str| {
        let lines = answer.set_cookies();
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        line.split("; ").find_map(|part| part.strip_prefix("Max-Age=")).unwrap().parse::<u64>().unwrap()
    };
    assert!((265..=300).contains(&kept(ACCESS)), "five minutes less jitter, not {} s", kept(ACCESS));
    assert!((30 * 86_400 - 5..=30 * 86_400).contains(&kept(REFRESH)), "thirty days, not {} s", kept(REFRESH));
}

#[tokio::test]
async fn with_https_the_twin_without_prefix_is_ignored() {
    let app = TestApp::with(&HTTPS).await;
    let browser = app.signed_up("ada@example.test").await;
    let twin = app.browser();
    // What another host of the domain could plant.
    twin.set_cookie(ACCESS, browser.cookie("__Host-latchkey_access").unwrap());
    twin.set_cookie(REFRESH, browser.cookie("__Host-latchkey_refresh").unwrap());
    assert!(!twin.is_signed_in().await);
    assert!(browser.is_signed_in().await);
    // Nor does it get in the way of the true ones.
    browser.set_cookie(ACCESS, "garbage");
    browser.set_cookie(REFRESH, "garbage");
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn of_two_cookies_of_one_name_the_same_one_counts_wherever_it_is_read() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let (access, refresh) = (browser.cookie(ACCESS).unwrap(), browser.cookie(REFRESH).unwrap());
    let status = async |cookies: String, function: &str| {
        let headers = [("cookie", cookies.as_str()), ("sec-fetch-site", "same-origin"), ("content-type", FORM)];
        app.browser().send(Method::POST, &format!("/api/{function}"), &headers, Some(String::new())).await.status
    };
    for (name, value) in [(ACCESS, &access), (REFRESH, &refresh)] {
        let mut signed_in = [0, 0];
        for (nth, function) in
            ["auth/current_user", "session/current", "auth/refresh"].iter().cycle().take(6).enumerate()
        {
            let first = nth % 2 == 0;
            let cookies = match first {
                true => format!("{name}={value}; {name}=garbage"),
                false => format!("{name}=garbage; {name}={value}"),
            };
            // Refreshing takes a refresh token.
            if name == ACCESS && *function == "auth/refresh" {
                continue;
            }
            match status(cookies, function).await {
                200 => signed_in[usize::from(first)] += 1,
                401 => {}
                other => panic!("{function}: {other}"),
            }
        }
        assert!(signed_in.contains(&0) && signed_in != [0, 0], "{name}: one position counts: {signed_in:?}");
    }
}

#[tokio::test]
async fn strange_bytes_in_a_cookie_are_no_session_and_no_crash() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let access = browser.cookie(ACCESS).unwrap();
    let values: [(&str, Vec<u8>); 7] = [
        ("quotes", format!("\"{access}\"").into_bytes()),
        ("a NUL", format!("{access}\0").into_bytes()),
        ("a NUL before", format!("\0{access}").into_bytes()),
        ("a bare CR", format!("{access}\r").into_bytes()),
        ("a line more", format!("{access}\r\n folded").into_bytes()),
        ("a byte that is no UTF-8", [access.as_bytes(), b"\xff"].concat()),
        ("an empty value", Vec::new()),
    ];
    for (what, value) in values {
        let mut request = format!(
            "POST /api/auth/current_user HTTP/1.1\r\nhost: x\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n\
             content-type: {FORM}\r\ncontent-length: 0\r\ncookie: {ACCESS}="
        )
        .into_bytes();
        request.extend(value);
        request.extend(b"\r\n\r\n");
        let status = status_of(&raw(app.address, request).await);
        assert!(matches!(status, 400 | 401), "{what}: {status}");
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn heaps_of_cookies_are_turned_away_before_they_are_parsed() {
    let app = TestApp::spawn().await;
    let many = |count: usize| (0..count).map(|n| format!("c{n}=1")).collect::<Vec<_>>().join("; ");
    let table = [
        (many(99), 200),
        (many(100), 431),
        (many(1000), 431),
        (format!("big={}", "x".repeat(15 * 1024)), 200),
        (format!("big={}", "x".repeat(16 * 1024)), 431),
    ];
    for (cookies, expected) in table {
        let answer = app.browser().send(Method::GET, "/", &[("cookie", &cookies)], None).await;
        assert_eq!(answer.status, expected, "{} bytes", cookies.len());
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_pair_put_together_from_two_sessions_is_no_session() {
    let app = TestApp::spawn().await;
    let (ada, bob) = (app.signed_up("ada@example.test").await, app.signed_up("bob@example.test").await);
    let second = app.browser();
    second.log_in("ada@example.test").await;
    for (one, other) in [(&ada, &bob), (&bob, &ada), (&ada, &second)] {
        let mixed = app.browser();
        mixed.set_cookie(ACCESS, one.cookie(ACCESS).unwrap());
        mixed.set_cookie(REFRESH, other.cookie(REFRESH).unwrap());
        assert_eq!(mixed.api("auth/current_user", &[]).await.status, 401);
        assert_eq!((mixed.cookie(ACCESS), mixed.cookie(REFRESH)), (None, None));
    }
    for browser in [&ada, &bob, &second] {
        assert!(browser.is_signed_in().await, "the true pairs are as good as before");
    }
}

#[tokio::test]
async fn a_log_in_on_top_of_planted_cookies_opens_a_session_of_its_own() {
    let app = TestApp::spawn().await;
    let attacker = app.signed_up("eve@example.test").await;
    app.account("ada@example.test", Role::User).await;
    let victim = attacker.copy();
    victim.log_in("ada@example.test").await;
    for name in [ACCESS, REFRESH] {
        assert_ne!(victim.cookie(name), attacker.cookie(name));
    }
    let who = async |browser: &Browser| browser.api("auth/current_user", &[]).await.json()["email"].clone();
    assert_eq!(who(&victim).await, "ada@example.test");
    assert_ne!(who(&attacker).await, "ada@example.test", "the planted session is not the victim's");

    let confused = app.browser();
    confused.set_cookie(ACCESS, "garbage");
    confused.set_cookie(REFRESH, "garbage");
    confused.log_in("ada@example.test").await;
    assert_eq!(who(&confused).await, "ada@example.test");
}

#[tokio::test]
async fn a_log_out_clears_both_cookies_and_what_the_browser_stored() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let answer = browser.submit("/profile", "auth/log_out", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    assert_eq!((browser.cookie(ACCESS), browser.cookie(REFRESH)), (None, None));
    assert!(answer.header("clear-site-data").contains("\"cache\""));
    assert_eq!(browser.get("/profile").await.status, 302);
}

#[tokio::test]
async fn no_body_ever_holds_a_token_or_a_part_of_one() {
    let app = TestApp::spawn().await;
    let admin = app.logged_in_as(Role::Admin).await;
    let mut tokens = BTreeSet::new();
    let mut bodies = Vec::new();
    let remember = |tokens: &mut BTreeSet<String>| {
        tokens.extend([ACCESS, REFRESH].iter().filter_map(|name| admin.cookie(name)));
    };
    remember(&mut tokens);
    for round in 0..2 {
        for path in PAGES {
            bodies.push((path, admin.get(path).await.body));
            remember(&mut tokens);
        }
        for function in FUNCTIONS {
            bodies.push((function, admin.api(function, &[]).await.body));
            remember(&mut tokens);
        }
        bodies.push(("update", admin.submit("/profile", "profile/update", &[("display_name", "A")]).await.body));
        if round == 0 {
            // The second round begins with a rotation on the way to a page.
            app.age_rotations(60).await;
            admin.forget_access();
        }
    }
    assert!(tokens.len() >= 4, "the tokens changed on the way: {}", tokens.len());
    for token in &tokens {
        for part in token.split('.').skip(1) {
            for (place, body) in &bodies {
                assert!(!body.contains(part), "{place} shows a token's part");
            }
        }
    }
    assert!(bodies.iter().any(|(path, body)| *path == "/profile" && body.contains("Test Person")), "pages were read");
}

#[tokio::test]
async fn cookies_that_are_not_ours_never_matter_to_who_is_signed_in() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let ours = [ACCESS, REFRESH].map(|name| format!("{name}={}", browser.cookie(name).unwrap())).join("; ");
    let others: [&[u8]; 10] = [
        b"x=caf\xe9",
        b"x=\xff\xfe\x80",
        "x=caf\u{e9}; \u{540d}=\u{524d}".as_bytes(),
        b"=y; ; x; =",
        b"x=\"a;b\"; y=\"",
        b"x=%FF%00",
        b"latchkey=1; latchkey_accessx=2; xlatchkey_access=3",
        b"x=a=b=c",
        b"x={\"a\":[1,2]}",
        b"x=\t y=z",
    ];
    for other in others {
        for (before, after) in [(true, false), (false, true), (true, true)] {
            let mut request =
                b"GET /profile HTTP/1.1\r\nhost: latchkey.test\r\naccept: text/html\r\nconnection: close\r\ncookie: "
                    .to_vec();
            for (wanted, piece) in [(before, other), (true, ours.as_bytes()), (after, other)] {
                if wanted {
                    request.extend(piece);
                    request.extend(b"; ");
                }
            }
            request.extend(b"\r\n\r\n");
            let answer = raw(app.address, request).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{}: {:.100}", String::from_utf8_lossy(other), answer);
        }
    }
}
