//! New passwords: which are refused and why, the strength meter's rate limit, the breach check; and log-ins with
//! password hashes imported from another system.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use latchkey::auth::{
    model::Role,
    server::{
        password::stored_hash::{HashProblem, StoredHash, Work},
        users,
    },
};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::{
    app::{PASSWORD, TestApp, on_db},
    browser::Answer,
    config_cli::{Place, text},
};

const ROOMY: [(&str, &str); 2] =
    [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "10000"), ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "10000")];

async fn sign_up(app: &TestApp, email: &str, password: &str, name: &str) -> Answer {
    app.browser().api("auth/sign_up", &[("email", email), ("password", password), ("display_name", name)]).await
}

/// What is wrong with the password, by the answer to a sign-up. Empty: nothing.
fn problem(answer: &Answer) -> String {
    match answer.status {
        200 => String::new(),
        422 => answer.json()["fields"][0]["problem"].as_str().unwrap_or_default().to_owned(),
        status => panic!("{status}"),
    }
}

#[tokio::test]
async fn what_is_guessed_early_is_refused_with_the_reason() {
    let app = TestApp::with(&ROOMY).await;
    let table = [
        ("leavemealone", "too_common"),
        ("passwordpassword", "too_guessable"),
        ("P4ssw0rd1234", "too_common"),
        ("123456789012", "too_guessable"),
        ("aaaaaaaaaaaa", "too_guessable"),
        ("            ", "too_guessable"),
        ("qwertyuiopas", "too_common"),
        ("ada.lovelace@mail.example.test", "contains_context"),
        ("AdaLovelace1815", "contains_context"),
        ("augusta-byron", "contains_context"),
        ("mail.example.test", "contains_context"),
        ("latchkey-latchkey-latchkey-latchkey", "contains_context"),
        ("latchkey.test!latchkey.test!", "contains_context"),
        ("correct-horse-battery", ""),
        (PASSWORD, ""),
        ("vier zufaellige woerter", ""),
        (
            "\u{1f511}\u{1f40e}\u{1f4a1}\u{1f9f2}\u{1f3b2}\u{1f9ff}\u{1f300}\u{1f4ce}\u{1f33b}\u{1f9f5}\u{1f6f6}\u{1f3ba}",
            "",
        ),
    ];
    for (nth, (password, expected)) in table.into_iter().enumerate() {
        // All of them sign up with one address but for what comes after the +, which is no part of a password here.
        let email = format!("ada.lovelace+{nth}@mail.example.test");
        let answer = sign_up(&app, &email, password, "Augusta Ada Byron").await;
        assert_eq!(problem(&answer), expected, "{password}");
    }
    assert_eq!(app.count("select count(*) from users").await, 4);
}

#[tokio::test]
async fn a_form_without_javascript_is_told_in_one_sentence() {
    let app = TestApp::spawn().await;
    let browser = app.browser();
    let form = [("email", "ada@example.test"), ("password", "leavemealone"), ("display_name", "Ada")];
    assert_eq!(browser.submit("/signup", "auth/sign_up", &form).await.status, 303);
    let page = browser.get("/signup").await.body;
    assert!(page.contains("This password is too common. Use a few unrelated words instead."));
    assert!(!page.contains("leavemealone"));
}

#[tokio::test]
async fn the_command_line_refuses_what_the_form_refuses() {
    let place = Place::new().await;
    let create = ["admin", "create", "--email", "ada.lovelace@example.test", "--password-stdin"];
    let refused = place.run_with_input(&create, &[], "ada.lovelace.1815\n");
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("too similar to your name"), "{}", text(&refused.stderr));
    assert!(!text(&refused.stderr).contains("1815"));
    let made = place.run_with_input(&create, &[], "tidal-copper-lantern\n");
    assert!(made.status.success(), "{}", text(&made.stderr));
}

#[tokio::test]
async fn the_meter_has_a_budget_of_its_own() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__RATINGS_PER_MINUTE", "3")]).await;
    let browser = app.browser();
    let rate = async || browser.api("auth/password_strength", &[("password", PASSWORD)]).await;
    for _ in 0..3 {
        let answer = rate().await;
        assert_eq!((answer.status, answer.json()["score"].as_u64()), (200, Some(4)));
    }
    let answer = rate().await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (429, Some("throttled")));
    assert!((1..=61).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
    app.signed_up("ada@example.test").await;
}

/// A service of breached passwords as the protocol has it, on loopback. It keeps what it was asked.
#[derive(Clone, Default)]
struct Service {
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    /// What it answers, or nothing for ever.
    answer: Option<(StatusCode, String)>,
    /// Where it sends the one who asks, with the digits at the end.
    location: Option<String>,
}

async fn range(State(service): State<Service>, Path(told): Path<String>, headers: HeaderMap) -> Response {
    let location = service.location.map(|location| [(header::LOCATION, format!("{location}{told}"))]);
    service.asked.lock().unwrap().push((told, headers));
    match service.answer {
        Some((status, body)) => match location {
            Some(location) => (status, location, body).into_response(),
            None => (status, body).into_response(),
        },
        None => std::future::pending().await,
    }
}

impl Service {
    fn answering(status: StatusCode, body: &str) -> Self {
        Self { answer: Some((status, body.to_owned())), ..Self::default() }
    }

    /// Where it listens.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/range/{told}", get(range)).with_state(self.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{address}/range/")
    }
}

/// SHA-1 of [`PASSWORD`]: `printf tidal-copper-lantern | sha1sum`.
const DIGITS: &str = "22A188831B4FD5E44FA0AFA426E88914527234BD";

#[tokio::test]
async fn a_breached_password_is_refused_and_only_five_digits_of_its_hash_go_out() {
    let padding = "0".repeat(35);
    let service = Service::answering(StatusCode::OK, &format!("{padding}:0\r\n{}:42\r\n", &DIGITS[5..]));
    let url = service.start().await;
    let app = TestApp::with(&[ROOMY[0], ("LATCHKEY__AUTH__BREACH_CHECK_URL", &url)]).await;
    assert_eq!(problem(&sign_up(&app, "ada@example.test", PASSWORD, "Ada").await), "breached");
    assert_eq!(problem(&sign_up(&app, "ada@example.test", "tidal-copper-lantern-2", "Ada").await), "");
    // What is refused for itself is nobody else's business.
    assert_eq!(problem(&sign_up(&app, "eve@example.test", "leavemealone", "Eve").await), "too_common");
    let asked = service.asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].0, DIGITS[..5]);
    for (told, headers) in asked.iter() {
        assert_eq!(told.len(), 5);
        assert_eq!(headers["add-padding"], "true");
        let all = format!("{headers:?}");
        assert!(!all.contains("tidal") && !all.contains("ada") && !all.contains(&DIGITS[5..]), "{all}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_keeps_nobody_from_signing_up() {
    let closed = format!("http://{}/range", crate::config_cli::free_address());
    let long = format!("{}:1\r\n", &DIGITS[5..]).repeat(40_000);
    for (case, service) in [
        ("silent", Service::default()),
        ("broken", Service::answering(StatusCode::INTERNAL_SERVER_ERROR, &format!("{}:1\r\n", &DIGITS[5..]))),
        ("endless", Service::answering(StatusCode::OK, &long)),
        ("padding", Service::answering(StatusCode::OK, &format!("{}:0\r\n", &DIGITS[5..]))),
    ] {
        let url = service.start().await;
        let app = TestApp::with(&[ROOMY[0], ("LATCHKEY__AUTH__BREACH_CHECK_URL", &url)]).await;
        assert_eq!(problem(&sign_up(&app, "ada@example.test", PASSWORD, "Ada").await), "", "{case}");
        assert_eq!(service.asked.lock().unwrap().len(), 1, "{case}");
    }
    let app = TestApp::with(&[ROOMY[0], ("LATCHKEY__AUTH__BREACH_CHECK_URL", &closed)]).await;
    assert_eq!(problem(&sign_up(&app, "ada@example.test", PASSWORD, "Ada").await), "", "nobody there");
}

#[tokio::test]
async fn a_breach_list_of_2000_lines_is_read_to_its_end() {
    let padding = format!("{}:0\r\n", "0".repeat(35)).repeat(2000);
    let service = Service::answering(StatusCode::OK, &format!("{padding}{}:42\r\n", &DIGITS[5..]));
    let app = TestApp::with(&[ROOMY[0], ("LATCHKEY__AUTH__BREACH_CHECK_URL", &service.start().await)]).await;
    assert_eq!(problem(&sign_up(&app, "ada@example.test", PASSWORD, "Ada").await), "breached");
}

#[tokio::test]
async fn a_service_that_redirects_is_not_followed() {
    let elsewhere = Service::answering(StatusCode::OK, &format!("{}:42\r\n", &DIGITS[5..]));
    let target = elsewhere.start().await;
    for status in [301, 302, 303, 307, 308] {
        let status = StatusCode::from_u16(status).unwrap();
        let service = Service { location: Some(target.clone()), ..Service::answering(status, "") };
        let url = service.start().await;
        let app = TestApp::with(&[ROOMY[0], ("LATCHKEY__AUTH__BREACH_CHECK_URL", &url)]).await;
        assert_eq!(problem(&sign_up(&app, "ada@example.test", PASSWORD, "Ada").await), "", "{status}");
        assert_eq!(service.asked.lock().unwrap().len(), 1, "{status}");
    }
    assert!(elsewhere.asked.lock().unwrap().is_empty());
    // The one that is led to would have said no.
    let app = TestApp::with(&[ROOMY[0], ("LATCHKEY__AUTH__BREACH_CHECK_URL", &target)]).await;
    assert_eq!(problem(&sign_up(&app, "ada@example.test", PASSWORD, "Ada").await), "breached");
}

#[tokio::test]
async fn the_service_is_asked_over_tls_or_on_this_machine() {
    let place = Place::new().await;
    for (url, fits) in [
        ("https://api.pwnedpasswords.com/range", true),
        ("http://127.0.0.1:8080/range/", true),
        ("http://localhost/range", true),
        ("http://[::1]:8080/range", true),
        ("http://api.pwnedpasswords.com/range", false),
        ("https://example.test/range?mode=ntlm", false),
        ("api.pwnedpasswords.com", false),
        ("ftp://example.test/range", false),
        ("yes", false),
    ] {
        let settings = [&crate::config_cli::PRODUCTION[..], &[("LATCHKEY__AUTH__BREACH_CHECK_URL", url)]].concat();
        let output = place.run(&["config", "check"], &settings);
        assert_eq!(output.status.success(), fits, "{url}");
        if !fits {
            crate::config_cli::refuses(&output, &["auth.breach_check_url", "https://"], url);
        }
    }
}

/// Hashes of [`PASSWORD`] by other programs.
const OF_OTHERS: [&str; 4] = [
    "$2a$04$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i",
    "$2y$05$Dg/AXigtVRG2dAh7hmjoIuvyykwbSg3f2G2jqzuQjCpiJJmkWde2y",
    "$argon2i$v=19$m=4096,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$pPFC1tYdfafchToP5W5YngVbUkiyTZSZfQgnhWW9HZw",
    "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$YOciTSXi5HotBqswo0JrXwdJ9t7bN5Imbm4AVXO0WQ8",
];

async fn stored_hash(app: &TestApp) -> String {
    on_db!(&app.state.db, |c| sqlx::query_scalar("select password_hash from users").fetch_one(c).await.unwrap())
}

#[tokio::test]
async fn a_hash_of_another_system_opens_the_account_once_and_is_one_of_ours_then() {
    for hash in OF_OTHERS {
        let app = TestApp::with(&ROOMY).await;
        app.account("ada@example.test", Role::User).await;
        on_db!(&app.state.db, |c| {
            sqlx::query("update users set password_hash = $1").bind(hash).execute(c).await.unwrap();
        });
        let log_in = async |password: &str| {
            let form = [("email", "ada@example.test"), ("password", password)];
            app.browser().api("auth/log_in", &form).await.status
        };
        assert_eq!(log_in("tidal-copper-lanterN").await, 401, "{hash}");
        assert_eq!(stored_hash(&app).await, hash, "a failure changes nothing");
        assert_eq!(log_in(PASSWORD).await, 200, "{hash}");
        let upgraded = stored_hash(&app).await;
        assert!(upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(log_in(PASSWORD).await, 200, "{hash}");
        assert_eq!(log_in("tidal-copper-lanterN").await, 401, "{hash}");
        assert_eq!(stored_hash(&app).await, upgraded, "once");
    }
}

#[tokio::test]
async fn of_a_password_beyond_bcrypts_72_bytes_all_counts_from_the_first_log_in_on() {
    let app = TestApp::with(&ROOMY).await;
    app.account("ada@example.test", Role::User).await;
    let seen = "0123456789".repeat(7) + "ab";
    // Of these 72 bytes, by another program.
    app.execute("update users set password_hash = '$2b$04$tbuTi9uioCYOrVyp6XxxD.mgqHHAR4yS6qlzB8TOI7ME3ceIv4HI.'")
        .await;
    let log_in = async |password: &str| {
        app.browser().api("auth/log_in", &[("email", "ada@example.test"), ("password", password)]).await.status
    };
    assert_eq!(log_in(&seen[..71]).await, 401);
    assert_eq!(log_in(&format!("{seen}\0")).await, 401, "a NUL");
    assert_eq!(log_in(&format!("{seen} and the rest")).await, 200, "as where it comes from");
    assert_eq!(log_in(&seen).await, 401, "no longer");
    assert_eq!(log_in(&format!("{seen} and the rest")).await, 200);
}

#[tokio::test]
async fn the_most_common_hash_of_another_system_is_the_one_that_failures_imitate() {
    let app = TestApp::with(&ROOMY).await;
    let prefix = app.state.passwords.prefix();
    let older = async || users::store::find_older_hash(&app.state.db, &prefix).await.unwrap();
    for n in 0..4 {
        app.account(&format!("user{n}@example.test"), Role::User).await;
    }
    assert_eq!(older().await, None);
    app.execute("update users set password_hash = null where email_key = 'user0@example.test'").await;
    assert_eq!(older().await, None);
    let (one, most) = (OF_OTHERS[1], OF_OTHERS[0]);
    for (email, hash) in [("user1@example.test", one), ("user2@example.test", most), ("user3@example.test", most)] {
        on_db!(&app.state.db, |c| {
            let set = sqlx::query("update users set password_hash = $1 where email_key = $2").bind(hash).bind(email);
            set.execute(c).await.unwrap();
        });
    }
    assert_eq!(older().await.as_deref(), Some(most));
}

#[tokio::test]
async fn a_password_is_one_however_a_keyboard_composes_its_letters() {
    let (composed, decomposed) = ("r\u{e9}sum\u{e9}-tidal-lantern", "re\u{301}sume\u{301}-tidal-lantern");
    let app = TestApp::with(&ROOMY).await;
    let log_in = async |email: &str, password: &str| {
        app.browser().api("auth/log_in", &[("email", email), ("password", password)]).await.status
    };
    for (email, chosen) in [("ada@example.test", composed), ("bob@example.test", decomposed)] {
        assert_eq!(problem(&sign_up(&app, email, chosen, "Somebody").await), "");
        assert_eq!((log_in(email, composed).await, log_in(email, decomposed).await), (200, 200), "{email}");
        assert_eq!(log_in(email, "resume-tidal-lantern").await, 401, "{email}");
    }
    // A hash from before passwords had one form opens to what was typed then, and to both from that log-in on.
    let older = app.state.passwords.hash(decomposed.into()).await.unwrap();
    on_db!(&app.state.db, |c| {
        let sql = "update users set password_hash = $1 where email_key = 'ada@example.test'";
        sqlx::query(sql).bind(older).execute(c).await.unwrap();
    });
    assert_eq!(log_in("ada@example.test", composed).await, 401);
    assert_eq!(log_in("ada@example.test", decomposed).await, 200);
    assert_eq!(log_in("ada@example.test", composed).await, 200);
}

#[test]
fn a_salt_without_a_hash_is_no_hash() {
    for text in OF_OTHERS {
        assert!(StoredHash::parse(text, None).is_ok(), "{text}");
    }
    let (salted, _) = OF_OTHERS[3].rsplit_once('$').unwrap();
    assert_eq!(StoredHash::parse(salted, None).err(), Some(HashProblem::Unknown), "{salted}");
}

#[test]
fn a_failed_log_in_does_the_work_that_it_owes() {
    for work in [
        Work::Bcrypt { cost: 8 },
        Work::Argon2 {
            algorithm: argon2::Algorithm::Argon2id,
            version: argon2::Version::V0x13,
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        },
    ] {
        let began = Instant::now();
        work.compute(PASSWORD);
        assert!(began.elapsed() > Duration::from_millis(1), "{work:?}");
    }
}

#[test]
fn a_bcrypt_cost_out_of_bounds_is_named_with_its_bound() {
    for (cost, words) in
        [(3, "bcrypt cost 3 is below the minimum of 4"), (15, "bcrypt cost 15 is above the limit of 14")]
    {
        assert!(HashProblem::BcryptCost(cost).to_string().starts_with(words), "{cost}");
    }
}
