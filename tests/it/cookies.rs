//! Cookies: attributes, prefixes, duplicates, invalid bytes, mixed pairs. No response body contains a token.

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
        browser.get("/login").await,
        browser.submit("/signup", "auth/sign_up", &[("email", "nobody"), ("password", "short")]).await,
        browser.get("/signup").await,
        browser.submit("/signup", "auth/sign_up", &form).await,
        browser.api("auth/log_in", &[("email", "crawl@example.test"), ("password", "wrong-wrong-wrong")]).await,
        browser.api("auth/log_in", &form).await,
    ];
    app.age_rotations(60).await;
    browser.drop_cookie(&names.access);
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
    let mail = app.mail("crawl@example.test", "login link", 1).await;
    answers.push(browser.submit("/confirm", "auth/confirm", &[("code", &code(&mail))]).await);
    answers.push(browser.submit("/", "auth/log_out", &[]).await);
    browser.set_cookie(&names.access, "garbage");
    answers.push(browser.get("/").await);
    answers.push(browser.submit("/profile", "profile/update", &[("bio", "Hello"), ("sent_as", "somebody")]).await);
    answers
}

fn attributes(line: &str) -> (String, BTreeSet<String>) {
    let mut parts = line.split("; ").map(str::to_owned);
    (parts.next().unwrap(), parts.filter(|part| !part.starts_with("Max-Age=")).collect())
}

/// Every cookie of this site.
const COOKIES: [&str; 7] = ["access", "refresh", "flash", "draft", "kept", "device", "asked"];

async fn every_cookie_has(app: &TestApp, expected: &[&str], prefix: &str) {
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
    assert_eq!(
        seen,
        COOKIES.map(|name| format!("{prefix}latchkey_{name}")).into(),
        "each cookie was seen, and no other"
    );
}

#[tokio::test]
async fn every_cookie_is_http_only_lax_and_of_the_whole_site() {
    let app = TestApp::spawn().await;
    every_cookie_has(&app, &["HttpOnly", "SameSite=Lax", "Path=/"], "").await;
}

#[tokio::test]
async fn with_https_every_cookie_is_bound_to_the_host_and_secure() {
    let app = TestApp::with(&HTTPS).await;
    every_cookie_has(&app, &["HttpOnly", "SameSite=Lax", "Path=/", "Secure"], "__Host-").await;
}

#[test]
fn the_crawl_passes_every_place_that_makes_a_cookie() {
    // One builder: the two tests above see all that it makes.
    let made = |text: &str| {
        text.contains("Cookie::build")
            || text.contains("Cookie::new")
            || text.contains("SET_COOKIE")
            || text.contains("document.cookie")
    };
    let sources = sources().into_iter().filter(|(_, text)| made(text.split("#[cfg(test)]").next().unwrap()));
    let files: BTreeSet<String> = sources.map(|(file, _)| file).collect();
    assert_eq!(files, ["auth/server/token/cookies.rs"].map(str::to_owned).into());
}

#[tokio::test]
async fn the_cookies_live_as_long_as_what_they_hold() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let ada = ("email", "ada@example.test");
    let mut lines = browser.get("/login").await.set_cookies();
    lines.extend(browser.submit("/login", "auth/log_in", &[ada]).await.set_cookies());
    lines.extend(browser.submit("/profile", "profile/update", &[ada, ("sent_as", "somebody")]).await.set_cookies());
    lines.extend(browser.api("auth/sign_up", &[ada, ("password", PASSWORD)]).await.set_cookies());
    lines.extend(browser.api("auth/send_magic_link", &[ada]).await.set_cookies());
    let kept = |name: &str| {
        let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
        line.split("; ").find_map(|part| part.strip_prefix("Max-Age=")).unwrap().parse::<u64>().unwrap()
    };
    assert!((265..=300).contains(&kept(ACCESS)), "five minutes less jitter, not {} s", kept(ACCESS));
    assert!((30 * 86_400 - 5..=30 * 86_400).contains(&kept(REFRESH)), "thirty days, not {} s", kept(REFRESH));
    for (name, seconds) in [
        ("latchkey_asked", 20 * 60),
        ("latchkey_device", 180 * 86_400),
        ("latchkey_flash", 60),
        ("latchkey_draft", 30 * 60),
        ("latchkey_kept", 30 * 86_400),
    ] {
        assert_eq!(kept(name), seconds, "{name}");
    }
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

/// A cookie of the size that makes a request's cookies too many for this site.
const TOO_LARGE: usize = 16 * 1024;

#[tokio::test]
async fn a_browser_with_too_many_cookies_is_told_so_and_loses_those_of_this_site() {
    let app = TestApp::spawn().await;
    let names = [ACCESS, REFRESH, "latchkey_flash", "latchkey_asked", "latchkey_device"];
    for form in [false, true] {
        let browser = app.signed_up(&format!("ada-{form}@example.test")).await;
        for name in names {
            if browser.cookie(name).is_none() {
                browser.set_cookie(name, "x");
            }
        }
        browser.set_cookie("of_another_app", "x".repeat(TOO_LARGE));
        let answer = match form {
            true => browser.submit("/profile", "profile/update", &[("display_name", "Ada")]).await,
            false => browser.get("/profile").await,
        };
        assert_eq!(answer.status, 431);
        assert!(answer.header("content-type").starts_with("text/html"));
        for words in ["too many cookies", "then log in again", "href=\"/\""] {
            assert!(answer.body.contains(words), "{words}: {}", answer.body);
        }
        assert_eq!(answer.header("cache-control"), "private, no-store");
        for name in names {
            assert_eq!(browser.cookie(name), None, "{name}");
        }
        assert!(browser.cookie("of_another_app").is_some(), "what is not ours is not ours to drop");
        browser.drop_cookie("of_another_app");
        assert_eq!(browser.get("/login").await.status, 200);
    }
}

#[tokio::test]
async fn with_https_too_many_cookies_cost_the_prefixed_ones_too() {
    let app = TestApp::with(&HTTPS).await;
    let browser = app.signed_up("ada@example.test").await;
    browser.set_cookie(ACCESS, "from before there was https");
    browser.set_cookie("of_another_app", "x".repeat(TOO_LARGE));
    let answer = browser.get("/").await;
    assert_eq!(answer.status, 431);
    for name in ["__Host-latchkey_access", "__Host-latchkey_refresh", ACCESS] {
        assert_eq!(browser.cookie(name), None, "{name}");
    }
    // A browser takes a prefixed cookie's end from such a line alone.
    let prefixed: Vec<_> = answer.set_cookies().into_iter().filter(|line| line.starts_with("__Host-")).collect();
    assert!(prefixed.iter().all(|line| line.contains("; Secure") && line.contains("; Path=/")), "{prefixed:?}");
}

#[tokio::test]
async fn a_program_with_too_many_cookies_is_told_so_and_keeps_them() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    browser.set_cookie("of_another_app", "x".repeat(TOO_LARGE));
    let answer = browser.api("auth/current_user", &[]).await;
    assert_eq!(answer.status, 431);
    assert_eq!(answer.json(), serde_json::json!({ "code": "too_many_cookies" }));
    assert!(answer.set_cookies().is_empty());
    browser.drop_cookie("of_another_app");
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn two_apps_on_two_ports_of_one_host_keep_their_cookies_apart() {
    let app_at = async |port: u16, secret: &str| {
        let url = format!("http://localhost:{port}");
        TestApp::with(&[
            ("LATCHKEY__SERVER__PUBLIC_URL", url.as_str()),
            ("LATCHKEY__AUTH__SECRET", secret),
            ("LATCHKEY__AUTH__PORT_IN_COOKIES", "true"),
        ])
        .await
    };
    let one = app_at(3000, "one-3b1f0c9a7d5e2846f1a0c3d5e7b9f2a4").await;
    let two = app_at(3001, "two-c0ffee5e2846f1a0c3d5e7b9f2a43b1f").await;
    let at_one = one.signed_up("ada@example.test").await;
    let at_two = at_one.visiting(&two);
    for path in ["/", "/profile", "/login"] {
        at_two.get(path).await;
    }
    assert!(at_one.is_signed_in().await, "a visit to the other app");
    let form = [("email", "bob@example.test"), ("password", PASSWORD)];
    assert_eq!(at_two.api("auth/sign_up", &form).await.status, 200);
    assert!(at_one.is_signed_in().await && at_two.is_signed_in().await, "a log-in at the other app");
    // A form that fails at one of them says so there.
    at_two.submit("/login", "auth/log_in", &[("email", "no-address"), ("password", "x")]).await;
    assert!(!at_one.get("/signup").await.body.contains("like name@"));
    at_two.api("auth/log_out", &[]).await;
    assert!(at_one.is_signed_in().await && !at_two.is_signed_in().await, "a log-out at the other app");
    assert!(at_one.cookie(ACCESS).is_some(), "port 3000 keeps the names without a port");
}

#[test]
fn the_scripts_of_a_developers_machine_ask_for_the_port() {
    let asked = |env: &[(&str, &str)]| {
        let script = ". scripts/lib.sh; set_defaults_of_dev; printf %s \"${LATCHKEY__AUTH__PORT_IN_COOKIES-unset}\"";
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", script]).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("LEPTOS_ENV");
        let output = bash.env_remove("LATCHKEY__AUTH__PORT_IN_COOKIES").envs(env.to_vec()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(asked(&[]), "true");
    assert_eq!(asked(&[("LEPTOS_ENV", "PROD")]), "unset");
    assert_eq!(asked(&[("LATCHKEY__AUTH__PORT_IN_COOKIES", "false")]), "false");
    for script in [include_str!("../../scripts/serve"), include_str!("../../scripts/watch")] {
        assert!(script.contains("\nset_defaults_of_dev\n"));
    }
}

#[tokio::test]
async fn the_port_is_in_the_names_of_cookies_only_where_it_was_asked_for() {
    for (url, asked, access) in [
        ("http://localhost:4000", None, ACCESS),
        ("http://localhost:4000", Some("false"), ACCESS),
        ("http://localhost:4000", Some("true"), "latchkey_access_4000"),
        ("http://localhost:3000", Some("true"), ACCESS),
        ("http://localhost", Some("true"), ACCESS),
        ("https://app.example.test", Some("true"), "__Host-latchkey_access"),
        ("https://app.example.test:8443", Some("true"), "__Host-latchkey_access_8443"),
    ] {
        let mut settings = vec![("LATCHKEY__SERVER__PUBLIC_URL", url)];
        settings.extend(asked.map(|asked| ("LATCHKEY__AUTH__PORT_IN_COOKIES", asked)));
        let browser = TestApp::with(&settings).await.signed_up("ada@example.test").await;
        assert!(browser.cookie(access).is_some(), "{url} {asked:?}");
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
