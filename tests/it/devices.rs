//! The devices page: what it lists, which sessions its buttons end, and how open tabs are notified.

use latchkey::auth::model::Role;
use reqwest::Method;
use serde_json::Value;

use crate::{
    app::TestApp,
    browser::{ACCESS, Browser, REFRESH},
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

async fn list(browser: &Browser) -> Vec<Value> {
    let answer = browser.api("devices/list", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["sessions"].as_array().unwrap().clone()
}

async fn revoke(browser: &Browser, session: &str) -> u16 {
    browser.api("devices/revoke", &[("session", session)]).await.status
}

/// Three browsers of one account.
async fn three(app: &TestApp) -> [Browser; 3] {
    app.account("ada@example.test", Role::User).await;
    let browsers = [app.browser(), app.browser(), app.browser()];
    for browser in &browsers {
        browser.log_in("ada@example.test").await;
    }
    browsers
}

#[tokio::test]
async fn it_lists_the_callers_sessions_their_own_first() {
    let app = TestApp::spawn().await;
    app.signed_up("somebody-else@example.test").await;
    let [here, there, _] = three(&app).await;
    app.execute("update sessions set user_agent = 'curl/8'").await;
    app.age_rotations(11).await;
    here.forget_access();
    assert!(here.is_signed_in().await, "rotated once");

    let sessions = list(&here).await;

    assert_eq!(sessions.len(), 3, "{sessions:?}");
    assert_eq!(sessions.iter().map(|s| s["current"] == true).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(sessions[0]["generation"], 2);
    assert_eq!((&sessions[1]["device"], &sessions[1]["ip"]), (&Value::from("curl"), &Value::from("127.0.0.1")));
    let page = here.get("/account/devices").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("this device").count(), 1);
    // Neither the page nor the list holds what a session could be used with.
    for token in [here.cookie(REFRESH), here.cookie(ACCESS), there.cookie(REFRESH)] {
        let id = token.as_deref().and_then(|t| t.split('.').nth(1)).unwrap().to_owned();
        assert!(!page.body.contains(&id));
    }
}

#[tokio::test]
async fn what_a_browser_calls_itself_is_said_in_plain_words_and_stays_inert() {
    let app = TestApp::spawn().await;
    app.account("ada@example.test", Role::User).await;
    let form = || Some(format!("email=ada%40example.test&password={}", crate::app::PASSWORD));
    for agent in [FIREFOX, "<script>alert(1)</script>"] {
        let headers = [
            ("user-agent", agent),
            ("origin", crate::app::ORIGIN),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        app.browser().send(Method::POST, "/api/auth/log_in", &headers, form()).await;
    }
    let browser = app.browser();
    browser.log_in("ada@example.test").await;
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("Firefox on Linux"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"));
}

#[tokio::test]
async fn one_device_is_logged_out_and_the_others_stay() {
    let app = TestApp::spawn().await;
    let [here, there, third] = three(&app).await;
    let other = list(&there).await[0]["id"].as_str().unwrap().to_owned();

    assert_eq!(revoke(&here, &other).await, 200);

    assert!(!there.copy().is_signed_in().await, "its access token is dead");
    there.forget_access();
    assert!(!there.is_signed_in().await, "its refresh token is dead");
    assert!(here.is_signed_in().await && third.is_signed_in().await);
    assert_eq!(list(&here).await.len(), 2);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'session_revoked'").await, 1);
    assert_eq!(revoke(&here, &other).await, 404, "it has ended already");
}

#[tokio::test]
async fn nobody_ends_what_is_not_theirs() {
    let app = TestApp::spawn().await;
    let [here, ..] = three(&app).await;
    let somebody = app.signed_up("somebody-else@example.test").await;
    let theirs = list(&somebody).await[0]["id"].as_str().unwrap().to_owned();
    for session in [theirs.as_str(), "", "x", &"0".repeat(64), &"é".repeat(32)] {
        assert_eq!(revoke(&here, session).await, 404, "{session}");
    }
    assert!(somebody.is_signed_in().await);
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 0);
}

#[tokio::test]
async fn all_others_are_logged_out_and_this_one_stays() {
    let app = TestApp::spawn().await;
    let [here, there, third] = three(&app).await;
    let somebody = app.signed_up("somebody-else@example.test").await;
    let answer = here.submit("/account/devices", "devices/revoke_others", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account/devices"));
    assert!(here.get("/account/devices").await.body.contains("All other devices are logged out."));
    assert!(!there.is_signed_in().await && !third.is_signed_in().await);
    assert!(here.is_signed_in().await && somebody.is_signed_in().await);
}

#[tokio::test]
async fn everywhere_means_here_too() {
    let app = TestApp::spawn().await;
    let [here, there, third] = three(&app).await;
    let copy = here.copy();
    let answer = here.api("auth/log_out_everywhere", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!((here.cookie(ACCESS), here.cookie(REFRESH)), (None, None));
    for browser in [&copy, &there, &third] {
        assert!(!browser.is_signed_in().await);
    }
    assert_eq!(app.count("select count(*) from audit_events where kind = 'logged_out_everywhere'").await, 1);
}

#[tokio::test]
async fn a_copied_session_is_told_of_for_thirty_days() {
    let app = TestApp::spawn().await;
    let [owner, other, _] = three(&app).await;
    let thief = owner.copy();
    for _ in 0..2 {
        app.age_rotations(11).await;
        owner.forget_access();
        assert!(owner.is_signed_in().await);
    }
    thief.forget_access();
    assert!(!thief.is_signed_in().await);
    let page = other.get("/account/devices").await.body;
    assert!(page.contains("someone may have copied it"), "{page}");
    assert_eq!(other.api("devices/list", &[]).await.json()["copied"].as_array().unwrap().len(), 1);
    app.execute("update sessions set revoked_at = '2001-01-01T00:00:00+00:00' where revoked_at is not null").await;
    assert_eq!(other.api("devices/list", &[]).await.json()["copied"].as_array().unwrap().len(), 0);
}
