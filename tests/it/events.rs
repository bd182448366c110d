//! The event stream that tells open tabs that their session has ended.

use latchkey::auth::{model::Role, server::session::events::PATH};

use crate::{
    app::{PASSWORD, TestApp},
    inbox::code,
    stream::Stream,
};
use reqwest::Method;

#[tokio::test]
async fn a_session_has_a_stream_and_nobody_hears_of_the_end_at_once() {
    let app = TestApp::spawn().await;
    let answer = app.browser().get(PATH).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "event: ended\ndata: -\n\n"));
    let browser = app.signed_up("ada@example.test").await;
    let stream = Stream::open(&app, &browser).await;
    let head = stream.seen.to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(head.contains("cache-control: private, no-store"), "{head}");
    assert!(!head.contains("content-encoding"), "a compressed stream would be held back: {head}");
    assert!(!head.contains("event: ended"));
}

#[tokio::test]
async fn whatever_ends_a_session_ends_its_stream_and_no_other() {
    let app = TestApp::spawn().await;
    app.account("ada@example.test", Role::User).await;
    let admin = app.logged_in_as(Role::Admin).await;
    let id = app.user_id("ada@example.test").await.to_string();
    let mut bystander = Stream::open(&app, &admin).await;
    for how in ["log out", "another device", "everywhere", "role", "replay"] {
        let browser = app.browser();
        browser.log_in("ada@example.test").await;
        let mut stream = Stream::open(&app, &browser).await;
        match how {
            "log out" => {
                browser.copy().api("auth/log_out", &[]).await;
            }
            "another device" => {
                let other = app.browser();
                other.log_in("ada@example.test").await;
                other.api("devices/revoke_others", &[]).await;
            }
            "everywhere" => {
                browser.copy().api("auth/log_out_everywhere", &[]).await;
            }
            "role" => {
                let answer = admin.api("admin/set_role", &[("user_id", &id), ("role", "moderator")]).await;
                assert_eq!(answer.status, 200);
            }
            _ => {
                let thief = browser.copy();
                for _ in 0..2 {
                    app.age_rotations(11).await;
                    browser.forget_access();
                    assert!(browser.is_signed_in().await);
                }
                thief.forget_access();
                assert!(!thief.is_signed_in().await);
            }
        }
        stream.until("event: ended").await;
        stream.until_the_end().await;
    }
    // What was told since is told still: the other stream is open, and had nothing to say but that.
    admin.copy().api("auth/log_out", &[]).await;
    bystander.until("event: ended").await;
    assert_eq!(bystander.seen.matches("event:").count(), 1, "{}", bystander.seen);
}

/// Until the answer with the new cookies has arrived, the browser's other tabs ask with the old ones. Their answers must
/// not take the new cookies away, nor send a tab to log in.
#[tokio::test]
async fn a_browser_that_is_given_another_session_loses_neither_cookies_nor_its_tabs() {
    const NEW: &str = "violet-anchor-seventeen";
    let app = TestApp::spawn().await;
    for how in ["log in again", "step up", "change password", "recover"] {
        let email = &format!("{}@example.test", how.replace(' ', "-"));
        let browser = app.signed_up(email).await;
        let elsewhere = app.browser();
        elsewhere.log_in(email).await;
        let other_tab = browser.copy();
        let mut stream = Stream::open(&app, &other_tab).await;
        let answer = match how {
            "log in again" => browser.api("auth/log_in", &[("email", email), ("password", PASSWORD)]).await,
            "step up" => browser.api("auth/step_up", &[("password", PASSWORD)]).await,
            "change password" => {
                browser.api("account/change_password", &[("old_password", PASSWORD), ("password", NEW)]).await
            }
            _ => {
                browser.api("auth/forgot_password", &[("email", email)]).await;
                let code = code(&*app.mail(email, "Choose a new password", 1).await);
                browser.api("auth/confirm", &[("code", &code), ("password", NEW)]).await
            }
        };
        assert_eq!(answer.status, 200, "{how}: {}", answer.body);
        stream.until_the_end().await;
        let mut again = Stream::ask(&app, &other_tab).await;
        again.until_the_end().await;
        for seen in [stream.seen, again.seen] {
            assert!(seen.contains(": open") && !seen.contains("event:"), "{how}: {seen}");
        }
        let refresh_only = other_tab.copy();
        refresh_only.forget_access();
        for late in [&other_tab, &refresh_only] {
            let answer = late.send(Method::GET, "/profile", &[("accept", "text/html")], None).await;
            assert_eq!((answer.status, answer.set_cookies()), (302, vec![]), "{how}");
            for function in ["auth/current_user", "auth/refresh"] {
                let answer = late.api(function, &[]).await;
                assert_eq!((answer.status, answer.set_cookies()), (401, vec![]), "{how}, {function}");
            }
        }
        assert!(browser.is_signed_in().await, "{how}");
        let mut elsewhere = Stream::ask(&app, &elsewhere).await;
        if ["change password", "recover"].contains(&how) {
            elsewhere.until("event: ended").await;
        } else {
            elsewhere.until(": open").await;
        }
        // An answer that has not arrived by then never will: the old cookies are as dead as any.
        app.execute("update sessions set revoked_at = '2020-01-01T00:00:00+00:00' where revoked_at is not null").await;
        assert_eq!(other_tab.api("auth/current_user", &[]).await.set_cookies().len(), 2, "{how}");
        Stream::ask(&app, &refresh_only).await.until("event: ended").await;
    }
}

#[tokio::test]
async fn a_stream_that_opens_as_its_session_ends_says_so() {
    let app = TestApp::spawn().await;
    for round in 0..10 {
        let browser = app.signed_up(&format!("ada{round}@example.test")).await;
        let leaving = browser.copy();
        let (mut stream, _) = tokio::join!(Stream::ask(&app, &browser), leaving.api("auth/log_out", &[]));
        // Whether it came too late or not.
        stream.until("event: ended").await;
    }
}

#[tokio::test]
async fn a_stream_leaves_it_to_the_page_to_say_why_a_session_ended() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.execute("update sessions set revoked_at = created_at, revoked_reason = 'revoked'").await;
    let answer = browser.get(PATH).await;
    assert!(answer.set_cookies().is_empty(), "{:?}", answer.set_cookies());
    assert!(browser.get("/login").await.body.contains("Your session has ended"));
}

#[tokio::test]
async fn streams_do_not_hold_up_a_stop() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let mut stream = Stream::open(&app, &browser).await;
    app.state.draining.send_replace(true);
    stream.until_the_end().await;
    assert!(!stream.seen.contains("ended"), "the session goes on, on another node: {}", stream.seen);
}
