//! Rate limits: per account, per client address, across nodes, under bursts, and attempts to get around them.

use latchkey::{
    auth::{
        model::Role,
        server::password::{
            client_shares::{ClientShares, share},
            hash_queue::permits,
        },
    },
    error::AppError,
    server::ops::rate_limit::Bucket,
};
use reqwest::Method;

use crate::{
    app::{ORIGIN, PASSWORD, TestApp},
    browser::Answer,
};

const WRONG: &str = "wrong-wrong-wrong";
/// As good as no limit by address, to see the one by account alone.
const BY_ACCOUNT: [(&str, &str); 1] = [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "100000")];
/// As good as no limit by account.
const BY_CLIENT: [(&str, &str); 2] =
    [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "4"), ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "100000")];

async fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.browser().api("auth/log_in", &[("email", email), ("password", password)]).await
}

fn is_throttled(answer: &Answer, at_most: u32) -> bool {
    if answer.status != 429 {
        return false;
    }
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=at_most).contains(&seconds), "{seconds} s");
    assert_eq!(answer.json(), serde_json::json!({"code": "throttled", "retry_after": seconds}));
    true
}

#[tokio::test]
async fn a_hundred_and_one_guesses_at_one_account_are_five() {
    let app = TestApp::with(&BY_ACCOUNT).await;
    let owner = app.signed_up("ada@example.test").await;
    let mut tried = 0;
    for _ in 0..101 {
        let answer = log_in(&app, "ada@example.test", WRONG).await;
        match answer.status {
            401 => tried += 1,
            _ => assert!(is_throttled(&answer, 301), "{}", answer.status),
        }
    }
    assert_eq!(tried, 5);
    assert!(is_throttled(&log_in(&app, "ada@example.test", PASSWORD).await, 301), "the right one tells nothing now");
    assert!(is_throttled(&log_in(&app, "ADA\u{ff20}Example.test", PASSWORD).await, 301), "nor do the address's twins");
    assert!(owner.is_signed_in().await, "the owner's own session goes on");
    assert_eq!(log_in(&app, "bob@example.test", WRONG).await.status, 401, "another account is another matter");
    // Five minutes later.
    app.execute("update throttles set resets_at = '2001-01-01T00:00:00+00:00'").await;
    assert_eq!(log_in(&app, "ada@example.test", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_throttled_just_the_same() {
    let app = TestApp::with(&BY_ACCOUNT).await;
    app.account("known@example.test", Role::User).await;
    let mut seen = Vec::new();
    for email in ["known@example.test", "unknown@example.test"] {
        let mut statuses = Vec::new();
        for _ in 0..7 {
            statuses.push(log_in(&app, email, WRONG).await.status);
        }
        seen.push(statuses);
    }
    assert_eq!(seen[0], [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn one_guess_at_each_of_many_accounts_is_throttled_by_address() {
    let app = TestApp::with(&BY_CLIENT).await;
    for n in 0..4 {
        assert_eq!(log_in(&app, &format!("user{n}@example.test"), WRONG).await.status, 401);
    }
    assert!(is_throttled(&log_in(&app, "user4@example.test", WRONG).await, 61));
    // The same on another node, which shares nothing but the database.
    let other = app.node(&BY_CLIENT).await;
    assert!(is_throttled(&log_in(&other, "user5@example.test", WRONG).await, 61));
    app.execute("update throttles set resets_at = '2001-01-01T00:00:00+00:00'").await;
    assert_eq!(log_in(&app, "user4@example.test", WRONG).await.status, 401);
}

#[tokio::test]
async fn what_a_throttled_client_tries_does_not_count_against_the_account() {
    let app = TestApp::with(&[
        ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "4"),
        ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "3"),
    ])
    .await;
    app.account("ada@example.test", Role::User).await;
    for n in 0..4 {
        assert_eq!(log_in(&app, &format!("user{n}@example.test"), WRONG).await.status, 401);
    }
    for _ in 0..10 {
        assert!(is_throttled(&log_in(&app, "ada@example.test", WRONG).await, 61), "by the client, not by the account");
    }
    let now = app.state.db.now().await.unwrap();
    let account = || Bucket::account("log_in", "ada@example.test", 3);
    for _ in 0..3 {
        account().take(&app.state.db, now).await.unwrap();
    }
    assert!(matches!(account().take(&app.state.db, now).await, Err(AppError::Throttled { .. })));
}

#[tokio::test]
async fn a_burst_of_a_throttled_client_does_not_wipe_out_what_an_account_has_had() {
    let app = TestApp::with(&[
        ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "4"),
        ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "3"),
    ])
    .await;
    app.account("ada@example.test", Role::User).await;
    let now = app.state.db.now().await.unwrap();
    let account = || Bucket::account("log_in", "ada@example.test", 3);
    // Others have had all that there is for the account; this client has had all of its own.
    for _ in 0..5 {
        let _ = account().take(&app.state.db, now).await;
    }
    for n in 0..4 {
        assert_eq!(log_in(&app, &format!("user{n}@example.test"), WRONG).await.status, 401);
    }
    let mut burst = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let browser = app.browser();
        burst.spawn(async move {
            browser.api("auth/log_in", &[("email", "ada@example.test"), ("password", WRONG)]).await.status
        });
    }
    assert_eq!(burst.join_all().await, [429; 20]);
    assert!(matches!(account().take(&app.state.db, now).await, Err(AppError::Throttled { .. })));
}

#[tokio::test]
async fn a_success_neither_counts_nor_wipes_out_the_failures_before_it() {
    let app = TestApp::with(&BY_CLIENT).await;
    app.account("eve@example.test", Role::User).await;
    for _ in 0..6 {
        assert_eq!(log_in(&app, "eve@example.test", PASSWORD).await.status, 200, "successes are free");
    }
    for round in 0..4 {
        assert_eq!(log_in(&app, "ada@example.test", WRONG).await.status, 401, "{round}");
        if round < 3 {
            assert_eq!(log_in(&app, "eve@example.test", PASSWORD).await.status, 200, "{round}");
        }
    }
    assert!(is_throttled(&log_in(&app, "ada@example.test", WRONG).await, 61));
}

#[tokio::test]
async fn a_burst_stays_within_the_budget() {
    let app = TestApp::with(&[
        ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "7"),
        ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "3"),
    ])
    .await;
    app.account("ada@example.test", Role::User).await;
    let burst = async |emails: fn(usize) -> String| {
        let mut requests = tokio::task::JoinSet::new();
        for n in 0..30 {
            let browser = app.browser();
            requests.spawn(async move {
                browser.api("auth/log_in", &[("email", &emails(n)), ("password", WRONG)]).await.status
            });
        }
        let statuses = requests.join_all().await;
        assert!(statuses.iter().all(|s| matches!(s, 401 | 429)), "{statuses:?}");
        statuses.iter().filter(|s| **s == 401).count()
    };
    assert_eq!(burst(|_| "ada@example.test".into()).await, 3, "by account");
    app.execute("update throttles set resets_at = '2001-01-01T00:00:00+00:00'").await;
    assert_eq!(burst(|n| format!("user{n}@example.test")).await, 7, "by address");
}

#[tokio::test]
async fn no_header_makes_somebody_else_of_a_client() {
    let app = TestApp::with(&BY_CLIENT).await;
    let body = format!("email=ada%40example.test&password={WRONG}");
    let mut statuses = Vec::new();
    for n in 0..8 {
        let address = format!("203.0.113.{n}");
        let forwarded = format!("for={address}");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", ORIGIN),
            ("x-forwarded-for", &address),
            ("x-real-ip", &address),
            ("x-client-ip", &address),
            ("cf-connecting-ip", &address),
            ("true-client-ip", &address),
            ("forwarded", &forwarded),
            ("user-agent", &address),
        ];
        statuses.push(app.browser().send(Method::POST, "/api/auth/log_in", &headers, Some(body.clone())).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 429, 429, 429, 429]);
}

/// The answers to failing log-ins that come with these lines of X-Forwarded-For, one after the other.
async fn forwarded(app: &TestApp, lines: &[&str]) -> Vec<u16> {
    let body = format!("email=ada%40example.test&password={WRONG}");
    let mut statuses = Vec::new();
    for line in lines {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", ORIGIN),
            ("x-forwarded-for", line),
            // Whatever else a proxy may send says nothing.
            ("x-real-ip", line),
            ("forwarded", line),
        ];
        statuses.push(app.browser().send(Method::POST, "/api/auth/log_in", &headers, Some(body.clone())).await.status);
    }
    statuses
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_counted_whatever_it_claims_to_be() {
    let trusted = ("LATCHKEY__SERVER__TRUSTED_PROXIES", "[\"127.0.0.0/8\", \"10.0.0.0/8\"]");
    let app = TestApp::with(&[BY_CLIENT[0], BY_CLIENT[1], trusted]).await;
    let spoofed = [
        "203.0.113.9",
        "198.51.100.1, 203.0.113.9",
        "198.51.100.2, 203.0.113.9, 10.1.1.1",
        "10.1.1.1, 203.0.113.9",
        "198.51.100.3, 203.0.113.9",
        "nonsense, 203.0.113.9",
    ];
    assert_eq!(forwarded(&app, &spoofed).await, [401, 401, 401, 401, 429, 429]);
    assert_eq!(forwarded(&app, &["203.0.113.10"]).await, [401], "its neighbour is another client");
    // What cannot be read counts for the proxy itself.
    let unreadable = ["unknown", "203.0.113.11, unknown", "203.0.113.12,", "_hidden", "203.0.113.13 x"];
    assert_eq!(forwarded(&app, &unreadable).await, [401, 401, 401, 401, 429]);
    app.signed_up("eve@example.test").await;
    assert_eq!(app.count("select count(*) from sessions where ip = '127.0.0.1'").await, 1, "no header: the peer");
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_the_client() {
    let app =
        TestApp::with(&[BY_CLIENT[0], BY_CLIENT[1], ("LATCHKEY__SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]")]).await;
    let lines = ["203.0.113.1", "203.0.113.2, 10.0.0.1", "10.0.0.2", "203.0.113.4", "203.0.113.5"];
    assert_eq!(forwarded(&app, &lines).await, [401, 401, 401, 401, 429]);
}

#[tokio::test]
async fn a_household_of_ipv6_is_one_client() {
    let app = TestApp::spawn().await;
    let now = app.state.db.now().await.unwrap();
    let take = async |address: &str| Bucket::client("test", address.parse().unwrap(), 2).take(&app.state.db, now).await;
    let refused = |outcome: Result<(), AppError>| matches!(outcome, Err(AppError::Throttled { .. }));
    assert!(take("2001:db8:0:1::1").await.is_ok());
    assert!(take("2001:db8:0:1:ffff:ffff:ffff:ffff").await.is_ok());
    assert!(refused(take("2001:db8:0:1:1234::").await), "the same /64");
    assert!(take("2001:db8:0:2::1").await.is_ok(), "the next /64");
    // IPv4 is counted by address, however it is written.
    assert!(take("192.0.2.1").await.is_ok());
    assert!(take("::ffff:192.0.2.1").await.is_ok());
    assert!(refused(take("192.0.2.1").await));
    assert!(take("192.0.2.2").await.is_ok());
}

#[tokio::test]
async fn sign_ups_of_one_address_are_throttled_taken_or_not() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "4")]).await;
    let mut statuses = Vec::new();
    for email in
        ["a@example.test", "a@example.test", "b@example.test", "a@example.test", "c@example.test", "a@example.test"]
    {
        let answer = app.browser().api("auth/sign_up", &[("email", email), ("password", PASSWORD)]).await;
        statuses.push(answer.status);
        assert!(answer.status != 429 || is_throttled(&answer, 61));
    }
    assert_eq!(statuses, [200, 422, 200, 422, 429, 429]);
    assert_eq!(log_in(&app, "a@example.test", PASSWORD).await.status, 200, "log-ins have a budget of their own");
}

#[tokio::test]
async fn hammering_does_not_lengthen_the_wait() {
    let app = TestApp::with(&BY_CLIENT).await;
    for _ in 0..5 {
        log_in(&app, "ada@example.test", WRONG).await;
    }
    let wait = |answer: Answer| answer.header("retry-after").parse::<u32>().unwrap();
    let first = wait(log_in(&app, "ada@example.test", WRONG).await);
    for _ in 0..50 {
        assert!(wait(log_in(&app, "ada@example.test", WRONG).await) <= first);
    }
}

#[tokio::test]
async fn what_people_type_does_not_stand_in_the_counters() {
    let app = TestApp::spawn().await;
    log_in(&app, "canary@example.test", "canary-password").await;
    assert!(app.count("select count(*) from throttles").await > 0);
    assert_eq!(app.count("select count(*) from throttles where length(key_hash) <> 32").await, 0);
}

#[tokio::test]
async fn a_plain_form_is_told_how_long_to_wait() {
    let app = TestApp::with(&BY_CLIENT).await;
    let browser = app.browser();
    for _ in 0..4 {
        browser.submit("/login", "auth/log_in", &[("email", "ada@example.test"), ("password", WRONG)]).await;
    }
    let answer = browser.submit("/login", "auth/log_in", &[("email", "ada@example.test"), ("password", WRONG)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login"));
    let page = browser.get("/login").await.body;
    assert!(page.contains("Too many attempts. Try again in"), "the page says so");
}

#[tokio::test]
async fn whoever_waits_as_long_as_told_is_let_in() {
    let app = TestApp::spawn().await;
    let bucket = Bucket::account("log_in", "ada@example.test", 1);
    let now = app.state.db.now().await.unwrap();
    bucket.take(&app.state.db, now).await.unwrap();
    // Half a second is no whole second: the sentence rounds up.
    let later = now + chrono::TimeDelta::milliseconds(500);
    let Err(AppError::Throttled { retry_after }) = bucket.take(&app.state.db, later).await else {
        panic!("one is the limit");
    };
    bucket.take(&app.state.db, later + chrono::TimeDelta::seconds(retry_after.into())).await.unwrap();
}

#[tokio::test]
async fn a_few_clients_with_many_log_ins_leave_room_for_others() {
    // No limit but the queue's.
    let settings = [
        ("LATCHKEY__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "100000"),
        ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "100000"),
    ];
    let app = TestApp::with(&settings).await;
    app.account("ada@example.test", Role::User).await;
    let from = |address: String| {
        let browser = app.browser();
        async move {
            let headers = [
                ("x-forwarded-for", address.as_str()),
                ("origin", ORIGIN),
                ("content-type", "application/x-www-form-urlencoded"),
            ];
            let body = serde_urlencoded::to_string([("email", "ada@example.test"), ("password", PASSWORD)]).unwrap();
            browser.send(Method::POST, "/api/auth/log_in", &headers, Some(body)).await.status
        }
    };
    let passwords = &app.state.passwords;
    let turns = futures_util::future::join_all((0..permits()).map(|_| passwords.permit())).await;
    let mut attackers = tokio::task::JoinSet::new();
    for n in 0..5 * 8 {
        attackers.spawn(from(format!("203.0.113.{}", n % 5)));
    }
    // Each is counted for its client and for the account before it is to be hashed.
    while app.count("select cast(coalesce(sum(count), 0) as bigint) from throttles").await < 2 * 5 * 8 {}
    let until = async |there: &dyn Fn(usize) -> bool| {
        while !there(passwords.waiting()) {
            tokio::task::yield_now().await;
        }
    };
    until(&|waiting| waiting >= 5 * share()).await;
    let honest = tokio::spawn(from("198.51.100.7".to_owned()));
    until(&|waiting| honest.is_finished() || waiting == 5 * share() + 1).await;
    // What they cost is not what this is about.
    attackers.abort_all();
    until(&|waiting| waiting <= 1).await;
    drop(turns);
    assert_eq!(honest.await.unwrap(), 200);
}

#[tokio::test]
async fn one_client_alone_keeps_the_hasher_busy() {
    let (shares, client) = (ClientShares::default(), "203.0.113.7".parse().unwrap());
    let mut held = Vec::new();
    // One for each hash at once, and one that waits.
    for n in 0..=permits() {
        held.push(shares.enter(client).await.unwrap_or_else(|error| panic!("{n}: {error:?}")));
    }
}
