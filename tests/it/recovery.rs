//! Sign-up with email confirmation, verification, password reset, and accounts that someone created with another
//! person's address.

use std::collections::BTreeSet;

use crate::{
    app::{PASSWORD, TestApp},
    inbox::{code, digits},
};
use latchkey::auth::{model::Role, server::password::hash_queue};

const ADA: &str = "ada@example.test";
const NEW: &str = "violet-anchor-seventeen";
const VERIFIED: (&str, &str) = ("LATCHKEY__AUTH__SIGN_UP", "verified");

fn form<'a>(email: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("email", email), ("password", password), ("display_name", "Test Person")]
}

async fn can_log_in(app: &TestApp, password: &str) -> bool {
    match app.browser().api("auth/log_in", &[("email", ADA), ("password", password)]).await.status {
        200 => true,
        401 => false,
        status => panic!("log_in answered {status}"),
    }
}

#[tokio::test]
async fn with_verified_sign_ups_an_account_is_made_by_the_mail_alone() {
    let app = TestApp::with(&[VERIFIED]).await;
    let browser = app.browser();
    let asked = browser.submit("/signup", "auth/sign_up", &form(ADA, PASSWORD)).await;
    assert_eq!((asked.status, asked.header("location")), (303, "/confirm"));
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.count("select count(*) from users").await, 0);
    assert!(!can_log_in(&app, PASSWORD).await);
    let mail = app.mail(ADA, "Confirm your email address", 1).await;
    let used = browser.submit("/confirm", "auth/confirm", &[("digits", &digits(&mail))]).await;
    assert_eq!((used.status, used.header("location")), (303, "/profile"));
    assert!(browser.is_signed_in().await);
    assert_eq!(app.count("select count(*) from users where email_verified_at is not null").await, 1);
    assert!(can_log_in(&app, PASSWORD).await);
}

#[tokio::test]
async fn a_sign_up_that_is_confirmed_elsewhere_chooses_its_password_there() {
    let app = TestApp::with(&[VERIFIED]).await;
    // Somebody signs up with an address that is not theirs, and its owner follows the link.
    app.browser().api("auth/sign_up", &form(ADA, "the-strangers-password")).await;
    let secret = code(&*app.mail(ADA, "Confirm your email address", 1).await);
    let owner = app.browser();
    assert_eq!(owner.api("auth/mailed_code", &[("code", &secret)]).await.json()["needs"], "new_password");
    assert_eq!(owner.api("auth/confirm", &[("code", &secret)]).await.status, 422, "not without a password");
    assert_eq!(owner.api("auth/confirm", &[("code", &secret), ("password", NEW)]).await.status, 200);
    assert!(owner.is_signed_in().await);
    assert!(can_log_in(&app, NEW).await);
    assert!(!can_log_in(&app, "the-strangers-password").await);
}

#[tokio::test]
async fn a_confirmed_sign_up_has_the_name_and_the_next_page_of_its_form() {
    let app = TestApp::with(&[VERIFIED]).await;
    let browser = app.browser();
    let form = [&form(ADA, PASSWORD)[..], &[("next", "/account/devices")]].concat();
    assert_eq!(browser.submit("/signup", "auth/sign_up", &form).await.status, 303);
    let mail = app.mail(ADA, "Confirm your email address", 1).await;
    assert!(mail.text.contains("your account at latchkey.test"), "{}", mail.text);
    let used = browser.submit("/confirm", "auth/confirm", &[("digits", &digits(&mail))]).await;
    assert_eq!((used.status, used.header("location")), (303, "/account/devices"));
    assert!(browser.get("/profile").await.body.contains("Test Person"));
    assert_eq!(app.count("select count(*) from profiles where display_name = 'Test Person'").await, 1);
}

#[tokio::test]
async fn nobody_learns_from_a_verified_sign_up_which_addresses_have_accounts() {
    let app = TestApp::with(&[VERIFIED]).await;
    app.account(ADA, Role::User).await;
    let mut seen = BTreeSet::new();
    for email in [ADA, "nobody@example.test"] {
        let browser = app.browser();
        let answer = browser.submit("/signup", "auth/sign_up", &form(email, PASSWORD)).await;
        let page = browser.get("/confirm").await.body.replace(email, "ADDRESS");
        let main = page.split("<main").nth(1).unwrap().split("</main").next().unwrap().to_owned();
        let typed = browser.api("auth/confirm", &[("digits", "000000")]).await;
        seen.insert((answer.status, answer.header("location").to_owned(), main, typed.status, typed.body));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    app.mail("nobody@example.test", "Confirm your email address", 1).await;
    let told = app.mail(ADA, "already have an account", 1).await;
    assert!(told.digits.is_none() && !told.text.contains("?code="), "{}", told.text);
    assert!(can_log_in(&app, PASSWORD).await, "the account is as it was");
}

#[tokio::test]
async fn two_sign_ups_of_one_address_come_to_one_account_and_the_newest_counts() {
    let app = TestApp::with(&[VERIFIED]).await;
    let (first, second) = (app.browser(), app.browser());
    first.api("auth/sign_up", &form(ADA, "the-first-password-of-two")).await;
    let old = app.mail(ADA, "Confirm your email address", 1).await;
    second.api("auth/sign_up", &form("Ada@Example.test", PASSWORD)).await;
    let new = app.mail("Ada@example.test", "Confirm your email address", 1).await;
    assert_eq!(first.api("auth/confirm", &[("code", &code(&old))]).await.status, 410);
    assert_eq!(second.api("auth/confirm", &[("code", &code(&new))]).await.status, 200);
    assert_eq!(app.count("select count(*) from users").await, 1);
    assert!(can_log_in(&app, PASSWORD).await);
}

#[tokio::test]
async fn where_addresses_are_verified_an_unverified_account_is_like_none_until_its_owner_comes_by_mail() {
    let open = TestApp::spawn().await;
    open.signed_up(ADA).await;
    let app = open.node(&[VERIFIED]).await;
    let refused = app.browser().api("auth/log_in", &[("email", ADA), ("password", PASSWORD)]).await;
    let unknown = app.browser().api("auth/log_in", &[("email", "nobody@example.test"), ("password", PASSWORD)]).await;
    assert_eq!((refused.status, &refused.body), (401, &unknown.body));
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    let mails = async || {
        // Either node may have sent it.
        loop {
            let mut all = app.mails(ADA, "new password");
            all.extend(open.mails(ADA, "new password"));
            match all.pop() {
                Some(mail) => return mail,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let secret = code(&*mails().await);
    assert_eq!(app.browser().api("auth/confirm", &[("code", &secret), ("password", NEW)]).await.status, 200);
    assert!(can_log_in(&app, NEW).await);
}

#[tokio::test]
async fn an_open_sign_up_is_verified_where_it_is_logged_in_and_keeps_its_password() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    assert_eq!(owner.api("account/settings", &[]).await.json()["verified"], false);
    assert_eq!(owner.api("auth/send_verification", &[]).await.status, 200);
    let mail = app.mail(ADA, "Verify your email address", 1).await;
    let used = owner.submit("/confirm", "auth/confirm", &[("code", &code(&mail))]).await;
    assert_eq!((used.status, used.header("location")), (303, "/account"));
    assert_eq!(owner.api("account/settings", &[]).await.json()["verified"], true);
    assert!(owner.is_signed_in().await && can_log_in(&app, PASSWORD).await);
}

#[tokio::test]
async fn whoever_signed_up_with_an_address_not_theirs_loses_it_to_its_owner() {
    for (flow, subject) in [
        ("auth/send_magic_link", "login link"),
        ("auth/forgot_password", "new password"),
        ("", "Verify your email address"),
    ] {
        let app = TestApp::spawn().await;
        let stranger = app.signed_up(ADA).await;
        let owner = app.browser();
        match flow {
            // The stranger asks, and the owner follows the link in good faith.
            "" => assert_eq!(stranger.api("auth/send_verification", &[]).await.status, 200),
            flow => assert_eq!(owner.api(flow, &[("email", ADA)]).await.status, 200),
        }
        let secret = code(&*app.mail(ADA, subject, 1).await);
        let used = owner.api("auth/confirm", &[("code", &secret), ("password", NEW)]).await;
        assert_eq!(used.status, 200, "{flow}: {}", used.body);
        assert!(owner.is_signed_in().await, "{flow}");
        assert!(!stranger.is_signed_in().await, "{flow}: the stranger's session goes on");
        assert!(!can_log_in(&app, PASSWORD).await, "{flow}: the stranger's password counts");
        assert_eq!(owner.api("account/settings", &[]).await.json()["verified"], true, "{flow}");
    }
}

#[tokio::test]
async fn a_reset_ends_all_sessions_logs_in_and_tells_the_owner() {
    let app = TestApp::spawn().await;
    let (laptop, phone) = (app.signed_up(ADA).await, app.browser());
    phone.log_in(ADA).await;
    let browser = app.browser();
    browser.api("auth/forgot_password", &[("email", ADA), ("next", "/account/devices")]).await;
    let mail = app.mail(ADA, "new password", 1).await;
    for weak in ["", "short", "password1234"] {
        let refused = browser.api("auth/confirm", &[("code", &code(&mail)), ("password", weak)]).await;
        assert_eq!((refused.status, refused.json()["fields"][0]["field"].as_str()), (422, Some("password")), "{weak}");
    }
    assert!(laptop.is_signed_in().await, "nothing has changed so far");
    let used = browser.submit("/confirm", "auth/confirm", &[("digits", &digits(&mail)), ("password", NEW)]).await;
    assert_eq!((used.status, used.header("location")), (303, "/account/devices"));
    assert!(browser.is_signed_in().await);
    assert!(!laptop.is_signed_in().await && !phone.is_signed_in().await);
    assert!(can_log_in(&app, NEW).await && !can_log_in(&app, PASSWORD).await);
    app.mail(ADA, "password was changed", 1).await;
    assert_eq!(app.count("select count(*) from audit_events where kind = 'password_changed'").await, 1);
}

#[tokio::test]
async fn a_reset_need_not_log_in() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__LOG_IN_AFTER_RESET", "false")]).await;
    app.account(ADA, Role::User).await;
    let browser = app.browser();
    browser.api("auth/forgot_password", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "new password", 1).await;
    let used = browser.submit("/confirm", "auth/confirm", &[("code", &code(&mail)), ("password", NEW)]).await;
    assert_eq!((used.status, used.header("location")), (303, "/login"));
    assert!(!browser.is_signed_in().await);
    assert!(can_log_in(&app, NEW).await);
}

#[tokio::test]
async fn an_owner_who_is_locked_out_is_told_and_gets_in_by_mail() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    app.account(ADA, Role::User).await;
    let thief = app.browser();
    for _ in 0..9 {
        thief.api("auth/log_in", &[("email", ADA), ("password", "wrong-wrong-wrong")]).await;
    }
    let owner = app.browser();
    assert_eq!(owner.api("auth/log_in", &[("email", ADA), ("password", PASSWORD)]).await.status, 429);
    app.mail(ADA, "Too many login attempts", 1).await;
    owner.api("auth/send_magic_link", &[("email", ADA)]).await;
    let mail = app.mail(ADA, "login link", 1).await;
    assert_eq!(owner.api("auth/confirm", &[("digits", &digits(&mail))]).await.status, 200);
    assert!(owner.is_signed_in().await);
    app.outbox_is_empty().await;
    assert_eq!(app.mails(ADA, "Too many").len(), 1, "once an hour, however often it is tried");
}

#[tokio::test]
async fn a_log_in_on_a_new_kind_of_device_is_told_of_and_one_on_a_known_kind_is_not() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    let log_in = async |agent: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", crate::app::ORIGIN),
            ("user-agent", agent),
        ];
        let body = serde_urlencoded::to_string([("email", ADA), ("password", PASSWORD)]).unwrap();
        let answer = app.browser().send(reqwest::Method::POST, "/api/auth/log_in", &headers, Some(body)).await;
        assert_eq!(answer.status, 200);
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
    log_in(firefox).await;
    log_in(&firefox.replace("150", "151")).await;
    app.outbox_is_empty().await;
    assert!(app.mails(ADA, "").is_empty(), "the first of all, and the same after an update");
    log_in("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1").await;
    let mail = app.mail(ADA, "new device", 1).await;
    assert!(mail.text.contains("Safari on iPhone"), "{}", mail.text);
}

#[tokio::test]
async fn a_replayed_session_is_told_of_by_mail() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.execute("update users set email_verified_at = created_at").await;
    app.age_rotations(60).await;
    let thief = owner.copy();
    for browser in [&owner, &owner] {
        browser.forget_access();
        assert!(browser.is_signed_in().await);
        app.age_rotations(60).await;
    }
    thief.forget_access();
    assert!(!thief.is_signed_in().await);
    app.mail(ADA, "suspicious session", 1).await;
}

#[tokio::test]
async fn what_was_verified_before_a_password_was_changed_opens_nothing_after_it() {
    let app = TestApp::spawn().await;
    let caller = app.signed_up(ADA).await;
    let passwords = &app.state.passwords;
    let turns = futures_util::future::join_all((0..hash_queue::permits()).map(|_| passwords.permit())).await;
    // Both have read the old hash, and wait for their turn to compute it.
    let thief = app.browser();
    let log_in =
        tokio::spawn(async move { thief.api("auth/log_in", &[("email", ADA), ("password", PASSWORD)]).await.status });
    let step_up = tokio::spawn(async move { caller.api("auth/step_up", &[("password", PASSWORD)]).await.status });
    while passwords.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    app.execute("update users set password_hash = 'another', authz_epoch = authz_epoch + 1").await;
    app.execute("update sessions set revoked_at = created_at, revoked_reason = 'password_changed'").await;
    drop(turns);
    assert_eq!((log_in.await.unwrap(), step_up.await.unwrap()), (401, 401));
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 0);
}

#[tokio::test]
async fn a_log_in_after_a_long_rest_is_told_of() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().log_in(ADA).await;
    app.outbox_is_empty().await;
    assert!(app.mails(ADA, "").is_empty(), "the first of all");
    // Their time over, sessions are forgotten.
    app.execute("delete from sessions").await;
    app.browser().log_in(ADA).await;
    app.mail(ADA, "new device", 1).await;
}

#[tokio::test]
async fn a_reset_without_a_log_in_ends_every_session_too() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__LOG_IN_AFTER_RESET", "false")]).await;
    let other = app.signed_up(ADA).await;
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    let secret = code(&*app.mail(ADA, "Choose a new password", 1).await);
    let form = [("code", secret.as_str()), ("password", NEW)];
    assert_eq!(app.browser().api("auth/confirm", &form).await.status, 200);
    assert!(!other.is_signed_in().await);
}

#[tokio::test]
async fn a_log_in_by_mail_on_a_new_kind_of_device_is_told_of() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.browser().log_in(ADA).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let body = format!("code={}", code(&*app.mail(ADA, "login link", 1).await));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", crate::app::ORIGIN),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"),
    ];
    let answer = app.browser().send(reqwest::Method::POST, "/api/auth/confirm", &headers, Some(body)).await;
    assert_eq!(answer.status, 200);
    assert!(app.mail(ADA, "new device", 1).await.text.contains("Firefox on Linux"));
}

#[tokio::test]
async fn a_sign_up_writes_nothing_of_its_own_to_the_address_and_no_host_but_ours() {
    let app = TestApp::with(&[VERIFIED]).await;
    let form =
        format!("email=ada%40example.test&password={PASSWORD}&display_name=You%20won%3A%20http%3A%2F%2Fevil.test%2Fx");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", crate::app::ORIGIN),
        ("x-forwarded-host", "evil.test"),
        ("forwarded", "host=evil.test"),
        ("host", "evil.test"),
    ];
    let asked = app.browser().send(reqwest::Method::POST, "/api/auth/sign_up", &headers, Some(form)).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let mail = app.mail(ADA, "Confirm your email address", 1).await;
    assert!(!mail.text.contains("evil") && !mail.text.contains("won"), "{}", mail.text);
    assert!(mail.link.as_ref().unwrap().starts_with("http://latchkey.test/confirm?code="));
}

#[tokio::test]
async fn the_page_after_a_code_says_what_the_code_did() {
    let dropped = "We removed the old password";
    for (verified, flow, subject, said) in [
        (true, "auth/forgot_password", "new password", "Your password has been changed."),
        (false, "auth/forgot_password", "new password", "Your password has been changed."),
        (true, "auth/send_magic_link", "login link", ""),
        (false, "auth/send_magic_link", "login link", dropped),
        (false, "auth/send_verification", "Verify your email address", "Your email address is verified."),
        (true, "account/change_email", "address was changed", "Your email address has been restored"),
    ] {
        let app = TestApp::spawn().await;
        let owner = app.signed_up(ADA).await;
        if verified {
            app.execute("update users set email_verified_at = created_at").await;
        }
        let elsewhere = app.browser();
        let browser = match flow {
            "auth/send_verification" => &owner,
            _ => &elsewhere,
        };
        if flow == "account/change_email" {
            assert_eq!(owner.api(flow, &[("email", "bob@example.test")]).await.status, 200);
            let change = code(&*app.mail("bob@example.test", "Confirm your new email address", 1).await);
            assert_eq!(owner.api("auth/confirm", &[("code", &change)]).await.status, 200);
        } else {
            assert_eq!(browser.api(flow, &[("email", ADA)]).await.status, 200, "{flow}");
        }
        let secret = code(&*app.mail(ADA, subject, 1).await);
        let used = browser.submit("/confirm", "auth/confirm", &[("code", &secret), ("password", NEW)]).await;
        assert_eq!(used.status, 303, "{flow}");
        let page = browser.get(used.header("location")).await.body;
        assert!(page.contains(said), "{flow}, verified: {verified}: {page}");
        assert_eq!(page.contains(dropped), said == dropped, "{flow}, verified: {verified}: {page}");
    }
}
