//! What one client or account can make the server do: nothing costly before its rate limit, no write beyond it, and no
//! row that stays forever.

use chrono::TimeDelta;
use latchkey::{
    auth::{
        model::Role,
        server::{caller::Client, session::lifecycle},
    },
    server::ops::{
        audit::{self, Event},
        rate_limit::{self, Bucket},
    },
};

use crate::{
    app::{PASSWORD, TestApp},
    browser::Browser,
    inbox::code,
};

const ADA: &str = "ada@example.test";
const WRONG: &str = "wrong-wrong-wrong";
const NEW: &str = "violet-anchor-seventeen";
const ATTEMPTS: &str = "select coalesce(cast(sum(count) as bigint), 0) + count(*) * 1000 from throttles";

async fn status(browser: &Browser, function: &str, form: &[(&str, &str)]) -> u16 {
    browser.api(function, form).await.status
}

async fn log_in(app: &TestApp, email: &str, password: &str) -> u16 {
    status(&app.browser(), "auth/log_in", &[("email", email), ("password", password)]).await
}

fn client() -> Client {
    Client { ip: "203.0.113.77".parse().unwrap(), user_agent: String::new() }
}

#[tokio::test]
async fn a_client_over_its_limit_causes_no_write() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "3")]).await;
    for n in 0..3 {
        assert_eq!(log_in(&app, &format!("user{n}@example.test"), WRONG).await, 401);
    }
    let before = app.count(ATTEMPTS).await;
    for n in 3..30 {
        assert_eq!(log_in(&app, &format!("user{n}@example.test"), WRONG).await, 429);
    }
    assert_eq!(app.count(ATTEMPTS).await, before);
    for function in ["auth/sign_up", "auth/forgot_password", "auth/send_magic_link"] {
        let form = [("email", ADA), ("password", PASSWORD)];
        while status(&app.browser(), function, &form).await != 429 {}
        let before = app.count(ATTEMPTS).await;
        for _ in 0..5 {
            assert_eq!(status(&app.browser(), function, &form).await, 429, "{function}");
        }
        assert_eq!(app.count(ATTEMPTS).await, before, "{function}");
    }
}

#[tokio::test]
async fn an_account_over_its_limit_causes_no_write() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    while log_in(&app, ADA, WRONG).await != 429 {}
    let before = app.count(ATTEMPTS).await;
    for _ in 0..10 {
        assert_eq!(log_in(&app, ADA, WRONG).await, 429);
    }
    assert_eq!(app.count(ATTEMPTS).await, before);
}

#[tokio::test]
async fn right_passwords_count_too_against_a_larger_budget() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1")]).await;
    app.account(ADA, Role::User).await;
    app.account("bob@example.test", Role::User).await;
    for n in 0..20 {
        assert_eq!(log_in(&app, ADA, PASSWORD).await, 200, "{n}");
    }
    let sessions = app.count("select count(*) from sessions").await;
    assert_eq!(log_in(&app, ADA, PASSWORD).await, 429);
    assert_eq!(log_in(&app, ADA, WRONG).await, 429, "and says nothing about the password");
    assert_eq!(app.count("select count(*) from sessions").await, sessions);
    assert_eq!(log_in(&app, "bob@example.test", PASSWORD).await, 200);
}

#[tokio::test]
async fn proofs_of_who_sits_there_have_a_budget_too() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1")]).await;
    let owner = app.signed_up(ADA).await;
    for n in 0..20 {
        assert_eq!(status(&owner, "auth/step_up", &[("password", PASSWORD)]).await, 200, "{n}");
    }
    assert_eq!(status(&owner, "auth/step_up", &[("password", PASSWORD)]).await, 429);
}

#[tokio::test]
async fn the_old_password_is_asked_for_before_the_new_one_is_rated() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let form = [("old_password", WRONG), ("password", "aaaaaaaaaaaaaa")];
    let refused = owner.api("account/change_password", &form).await;
    assert_eq!(refused.json()["fields"][0]["field"], "old_password", "{}", refused.body);
}

#[tokio::test]
async fn ratings_of_a_first_password_are_counted() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1")]).await;
    let owner = app.signed_up(ADA).await;
    app.execute("update users set password_hash = null").await;
    for _ in 0..20 {
        assert_eq!(status(&owner, "account/change_password", &[("password", "aaaaaaaaaaaaaa")]).await, 422);
    }
    assert_eq!(status(&owner, "account/change_password", &[("password", "aaaaaaaaaaaaaa")]).await, 429);
}

#[tokio::test]
async fn the_trail_tells_of_no_act_that_changed_nothing() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let before = app.count("select count(*) from audit_events").await;
    for _ in 0..5 {
        assert_eq!(status(&owner, "devices/revoke_others", &[]).await, 200);
        assert_eq!(status(&owner, "account/keep", &[]).await, 200);
    }
    assert_eq!(app.count("select count(*) from audit_events").await, before);
}

#[tokio::test]
async fn an_export_is_bounded_in_size_and_number() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let id = app.user_id(ADA).await;
    let now = app.state.db.now().await.unwrap();
    let mut tx = app.state.db.begin().await.unwrap();
    for n in 0..1200 {
        let at = now + chrono::TimeDelta::seconds(n);
        audit::record(&mut tx, Event::LoggedIn, id, None, None, at).await.unwrap();
    }
    tx.commit().await.unwrap();
    let export = owner.api("account/export", &[]).await.json();
    let events = export["events"].as_array().unwrap();
    assert_eq!(events.len(), 1000);
    assert!(events[0]["at"].as_str() < events[999]["at"].as_str(), "the oldest first, of the newest thousand");
    for _ in 0..4 {
        assert_eq!(status(&owner, "account/export", &[]).await, 200);
    }
    assert_eq!(status(&owner, "account/export", &[]).await, 429);
}

#[tokio::test]
async fn an_export_shows_no_address_of_somebody_else() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let admin = app.logged_in_as(Role::Admin).await;
    let id = app.user_id(ADA).await.to_string();
    assert_eq!(status(&admin, "admin/set_role", &[("user_id", &id), ("role", "moderator")]).await, 200);
    let owner = app.browser();
    owner.log_in(ADA).await;
    let export = owner.api("account/export", &[]).await.json();
    let events = export["events"].as_array().unwrap();
    let ip = |what: &str| events.iter().find(|event| event["what"] == what).map(|event| event["ip"].clone());
    assert_eq!(ip("role_changed"), Some(serde_json::Value::Null));
    assert_eq!(ip("logged_in"), Some("127.0.0.1".into()));
}

#[tokio::test]
async fn an_account_has_a_hundred_sessions_and_remembers_three_hundred() {
    let app = TestApp::spawn().await;
    let oldest = app.signed_up(ADA).await;
    let id = app.user_id(ADA).await;
    let now = app.state.db.now().await.unwrap();
    for n in 1..=420 {
        let mut tx = app.state.db.begin().await.unwrap();
        let at = now + chrono::TimeDelta::minutes(n);
        lifecycle::begin(&app.state, &mut tx, id, None, &client(), at).await.unwrap();
        tx.commit().await.unwrap();
        if n == 99 {
            assert!(oldest.is_signed_in().await, "the hundredth is one of them");
        }
    }
    assert!(!oldest.is_signed_in().await);
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 100);
    let remembered = app.count("select count(*) from sessions where revoked_at is not null").await;
    assert!((300..=301).contains(&remembered), "{remembered}");
}

#[tokio::test]
async fn the_trail_is_kept_for_a_year() {
    let app = TestApp::spawn().await;
    app.signed_up(ADA).await;
    let now = app.state.db.now().await.unwrap();
    assert_eq!(audit::forget(&app.state.db, now + chrono::TimeDelta::days(364)).await.unwrap(), 0);
    assert_eq!(audit::forget(&app.state.db, now + chrono::TimeDelta::days(366)).await.unwrap(), 1);
}

#[tokio::test]
async fn an_address_that_was_never_verified_gets_nothing_but_what_verifies_it() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    assert_eq!(status(&owner, "account/change_password", &[("old_password", PASSWORD), ("password", NEW)]).await, 200);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", crate::app::ORIGIN),
        ("user-agent", "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0"),
    ];
    let form = serde_urlencoded::to_string([("email", ADA), ("password", NEW)]).unwrap();
    let elsewhere = app.browser();
    assert_eq!(elsewhere.send(reqwest::Method::POST, "/api/auth/log_in", &headers, Some(form)).await.status, 200);
    while log_in(&app, ADA, WRONG).await != 429 {}
    assert_eq!(status(&elsewhere, "account/leave", &[("email", ADA)]).await, 200);
    app.outbox_is_empty().await;
    assert!(app.mails(ADA, "").is_empty(), "{:?}", app.mails(ADA, "").iter().map(|m| &m.subject).collect::<Vec<_>>());
    assert_eq!(status(&app.browser(), "auth/forgot_password", &[("email", ADA)]).await, 200);
    app.mail(ADA, "new password", 1).await;
}

#[tokio::test]
async fn notices_to_one_address_have_a_budget_a_day() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__MAILS_PER_HOUR", "1")]).await;
    let owner = app.signed_up(ADA).await;
    app.execute("update users set email_verified_at = created_at").await;
    let mut old = PASSWORD.to_owned();
    for n in 0..6 {
        let new = format!("{NEW}-{n}");
        let form = [("old_password", old.as_str()), ("password", new.as_str())];
        assert_eq!(status(&owner, "account/change_password", &form).await, 200);
        old = new;
    }
    app.mail(ADA, "password was changed", 4).await;
    app.outbox_is_empty().await;
    assert_eq!(app.mails(ADA, "").len(), 4);
}

#[tokio::test]
async fn mails_that_strangers_cause_have_a_budget_a_day_beyond_which_one_way_in_an_hour_is_left() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__SIGN_UP", "verified")]).await;
    app.account(ADA, Role::User).await;
    let now = app.state.db.now().await.unwrap();
    for _ in 0..20 {
        Bucket::mails_per_day(ADA, 5).take(&app.state.db, now).await.unwrap();
    }
    let form = [("email", ADA), ("password", PASSWORD), ("display_name", "Mallory")];
    assert_eq!(status(&app.browser(), "auth/sign_up", &form).await, 429);
    assert_eq!(status(&app.browser(), "auth/send_magic_link", &form[..1]).await, 200);
    assert_eq!(status(&app.browser(), "auth/forgot_password", &form[..1]).await, 429);
    let secret = code(&*app.mail(ADA, "login link", 1).await);
    assert_eq!(status(&app.browser(), "auth/confirm", &[("code", &secret)]).await, 200);
}

#[tokio::test]
async fn expired_windows_are_deleted_and_no_others() {
    let app = TestApp::spawn().await;
    let db = &app.state.db;
    let now = db.now().await.unwrap();
    let (of_minutes, of_a_day) = (Bucket::account("log_in", ADA, 5), Bucket::digits(ADA));
    for bucket in [&of_minutes, &of_a_day] {
        bucket.take(db, now).await.unwrap();
    }
    assert_eq!(rate_limit::forget(db, now + TimeDelta::hours(1)).await.unwrap(), 1);
    assert_eq!(app.count("select count(*) from throttles").await, 1);
}

#[tokio::test]
async fn a_window_counts_for_a_clock_up_to_a_minute_behind() {
    let app = TestApp::spawn().await;
    let db = &app.state.db;
    let now = db.now().await.unwrap();
    let bucket = Bucket::account("log_in", ADA, 1);
    bucket.take(db, now).await.unwrap();
    let behind = now - TimeDelta::minutes(1);
    assert!(bucket.peek(db, behind).await.is_err());
    assert!(bucket.peek(db, behind - TimeDelta::milliseconds(1)).await.is_ok());
}

#[tokio::test]
async fn a_window_that_was_begun_before_the_clock_stepped_back_is_no_longer_than_any() {
    let app = TestApp::spawn().await;
    while log_in(&app, ADA, WRONG).await != 429 {}
    app.execute("update throttles set resets_at = '2999-01-01T00:00:00+00:00'").await;
    for _ in 0..5 {
        assert_eq!(log_in(&app, ADA, WRONG).await, 401);
    }
    let refused = app.browser().api("auth/log_in", &[("email", ADA), ("password", WRONG)]).await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 301);
}
