//! Browsers that an account has logged in from before: strangers at the same address, or who know the email address,
//! can't lock them out, and the extra attempts are few.

use latchkey::auth::model::Role;

use crate::{
    app::{PASSWORD, TestApp},
    browser::{ACCESS, Browser, REFRESH},
};

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
const WRONG: &str = "wrong-wrong-wrong";
const DEVICE: &str = "latchkey_device";

async fn log_in(browser: &Browser, email: &str, password: &str) -> u16 {
    browser.api("auth/log_in", &[("email", email), ("password", password)]).await.status
}

/// The statuses of that many wrong log-ins.
async fn fail(browser: &Browser, email: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(log_in(browser, email, WRONG).await);
    }
    statuses
}

/// A browser that was logged in to an account, and is logged out.
async fn known(app: &TestApp, email: &str) -> Browser {
    app.account(email, Role::User).await;
    let browser = app.browser();
    browser.log_in(email).await;
    assert_eq!(browser.api("auth/log_out", &[]).await.status, 200);
    assert!(browser.cookie(ACCESS).is_none() && browser.cookie(REFRESH).is_none());
    browser
}

/// Another browser that knows this one's device cookie alone.
fn with_device(app: &TestApp, value: impl Into<String>) -> Browser {
    let browser = app.browser();
    browser.set_cookie(DEVICE, value);
    browser
}

#[tokio::test]
async fn typing_errors_of_others_behind_one_address_lock_no_known_browser_out() {
    let app = TestApp::spawn().await;
    let ada = known(&app, ADA).await;
    for n in 0..10 {
        assert_eq!(log_in(&app.browser(), &format!("pupil{n}@example.test"), WRONG).await, 401);
    }
    assert_eq!(log_in(&app.browser(), ADA, PASSWORD).await, 429, "a browser that nobody knows");
    assert_eq!(log_in(&ada, ADA, PASSWORD).await, 200);
}

#[tokio::test]
async fn who_keeps_failing_on_a_name_locks_no_known_browser_out() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let ada = known(&app, ADA).await;
    assert_eq!(fail(&app.browser(), ADA, 7).await, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(log_in(&ada, ADA, PASSWORD).await, 200);
    assert_eq!(log_in(&app.browser(), ADA, PASSWORD).await, 429, "the others still wait");
}

#[tokio::test]
async fn a_known_browser_has_five_failures_in_five_minutes_and_no_more() {
    let app = TestApp::spawn().await;
    let ada = known(&app, ADA).await;
    assert_eq!(log_in(&ada, ADA, PASSWORD).await, 200, "a right password is none of them");
    ada.api("auth/log_out", &[]).await;
    let refused = async |browser: &Browser| {
        let answer = browser.api("auth/log_in", &[("email", ADA), ("password", PASSWORD)]).await;
        let wait: u32 = answer.header("retry-after").parse().unwrap_or_default();
        answer.status == 429 && (60..=301).contains(&wait)
    };
    let thief = with_device(&app, ada.cookie(DEVICE).unwrap());
    assert_eq!(fail(&thief, ADA, 3).await, [401; 3]);
    assert_eq!(fail(&ada, ADA, 4).await, [401, 401, 429, 429], "a copy shares the budget");
    assert!(refused(&ada).await && refused(&thief).await);
    // Elsewhere nobody notices.
    assert_eq!(log_in(&app.browser(), ADA, PASSWORD).await, 200);
    app.execute("update throttles set resets_at = '2001-01-01T00:00:00+00:00'").await;
    assert_eq!(log_in(&ada, ADA, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_burst_of_a_known_browser_stays_within_its_budget() {
    let app = TestApp::spawn().await;
    let device = known(&app, ADA).await.cookie(DEVICE).unwrap();
    let mut burst = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let browser = with_device(&app, device.as_str());
        burst.spawn(async move { log_in(&browser, ADA, WRONG).await });
    }
    let statuses = burst.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 25, "{statuses:?}");
}

#[tokio::test]
async fn a_device_cookie_counts_for_its_own_account_alone() {
    let app = TestApp::spawn().await;
    app.account(BOB, Role::User).await;
    let ada = known(&app, ADA).await;
    assert_eq!(fail(&ada, BOB, 7).await, [401, 401, 401, 401, 401, 429, 429], "the name's own budget");
    assert_eq!(fail(&ada, "nobody@example.test", 7).await, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(fail(&ada, ADA, 4).await, [401; 4], "its own budget is whole");
    assert_eq!(log_in(&ada, ADA, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_device_cookie_that_was_altered_or_is_of_another_installation_is_none() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let device = known(&app, ADA).await.cookie(DEVICE).unwrap();
    let other = TestApp::with(&[("LATCHKEY__AUTH__SECRET", "other-5e2846f1a0c3d5e7b9f2a43b1f0c9a")]).await;
    let foreign = known(&other, ADA).await.cookie(DEVICE).unwrap();
    fail(&app.browser(), ADA, 6).await;
    let bent = |at: usize| {
        let mut bytes = device.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let mut values: Vec<String> = (0..device.len() - 1).step_by(7).map(bent).collect();
    values.extend([String::new(), "garbage".into(), device[1..].into(), device.repeat(2), foreign]);
    for value in values {
        assert_eq!(log_in(&with_device(&app, value.as_str()), ADA, PASSWORD).await, 429, "{value}");
    }
    assert_eq!(log_in(&with_device(&app, device), ADA, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_device_cookie_outlives_a_log_out_and_a_rotated_secret() {
    let app = TestApp::spawn().await;
    let ada = known(&app, ADA).await;
    let old = app.state.config.auth.secret.clone().unwrap();
    let previous = format!("[\"{old}\"]");
    let node = app
        .node(&[
            ("LATCHKEY__AUTH__SECRET", "next-9876543210-zyxwvutsrqponmlkjihgfedcba"),
            ("LATCHKEY__AUTH__PREVIOUS_SECRETS", &previous),
        ])
        .await;
    for n in 0..10 {
        assert_eq!(log_in(&app.browser(), &format!("pupil{n}@example.test"), WRONG).await, 401);
    }
    assert_eq!(log_in(&ada.visiting(&node), ADA, PASSWORD).await, 200);
}

#[tokio::test]
async fn every_way_to_log_in_makes_the_browser_known() {
    let app = TestApp::spawn().await;
    let signed_up = app.signed_up(ADA).await;
    let by_mail = app.browser();
    assert_eq!(by_mail.api("auth/send_magic_link", &[("email", ADA)]).await.status, 200);
    let secret = crate::inbox::code(&*app.mail(ADA, "login link", 1).await);
    assert_eq!(by_mail.api("auth/confirm", &[("code", &secret)]).await.status, 200);
    let failing = app.browser();
    log_in(&failing, ADA, WRONG).await;
    for (browser, is_known) in [(&signed_up, true), (&by_mail, true), (&failing, false)] {
        assert_eq!(browser.cookie(DEVICE).is_some(), is_known);
    }
}

#[tokio::test]
async fn typing_errors_of_others_behind_one_address_keep_nobody_signed_in_from_a_password_form() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "4")]).await;
    let ada = app.signed_up(ADA).await;
    let bob = app.signed_up(BOB).await;
    for _ in 0..4 {
        assert_eq!(bob.api("auth/step_up", &[("password", WRONG)]).await.status, 422);
    }
    assert_eq!(ada.api("auth/step_up", &[("password", PASSWORD)]).await.status, 200);
}

#[tokio::test]
async fn sign_ups_that_wait_for_their_mail_leave_others_their_mails() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__SIGN_UP", "verified")]).await;
    app.account(ADA, Role::User).await;
    for n in 0..10 {
        let email = format!("pupil{n}@example.test");
        let form = [("email", email.as_str()), ("password", PASSWORD)];
        assert_eq!(app.browser().api("auth/sign_up", &form).await.status, 200, "{n}");
    }
    let form = [("email", "pupil10@example.test"), ("password", PASSWORD)];
    assert_eq!(app.browser().api("auth/sign_up", &form).await.status, 429);
    assert_eq!(app.browser().api("auth/send_magic_link", &[("email", ADA)]).await.status, 200);
}
