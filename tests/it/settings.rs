//! Account settings: password, address, data export, deletion, and the recent log-in that they require.

use axum::{Router, routing::get};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, oneshot};

use crate::{
    app::{PASSWORD, TestApp, on_db},
    browser::Browser,
    inbox::code,
};
use latchkey::auth::{
    model::Role,
    server::{email_code::secret::CodeSeed, users::owner_store::erase_due},
};

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
const NEW: &str = "violet-anchor-seventeen";
/// A quarter of an hour and a second.
const LATER: i64 = 15 * 60 + 1;

async fn status(browser: &Browser, function: &str, form: &[(&str, &str)]) -> u16 {
    browser.api(function, form).await.status
}

async fn can_log_in(app: &TestApp, email: &str, password: &str) -> bool {
    status(&app.browser(), "auth/log_in", &[("email", email), ("password", password)]).await == 200
}

/// A browser that has signed up and shown that it reads its mail.
async fn verified(app: &TestApp, email: &str) -> Browser {
    let browser = app.signed_up(email).await;
    app.execute("update users set email_verified_at = created_at").await;
    browser
}

/// Moves the browser's account to another address, by the mail to that.
async fn move_to(app: &TestApp, browser: &Browser, email: &str) {
    assert_eq!(status(browser, "account/change_email", &[("email", email)]).await, 200);
    let secret = code(&*app.mail(email, "Confirm your new email address", 1).await);
    assert_eq!(status(browser, "auth/confirm", &[("code", &secret)]).await, 200);
}

#[tokio::test]
async fn a_password_change_needs_the_old_one_and_ends_every_other_session() {
    let app = TestApp::spawn().await;
    let (owner, other) = (verified(&app, ADA).await, app.browser());
    other.log_in(ADA).await;
    let before = owner.copy();
    for (old, new, field) in
        [("", NEW, "old_password"), ("not-this-one-either", NEW, "old_password"), (PASSWORD, "short", "password")]
    {
        let refused = owner.api("account/change_password", &[("old_password", old), ("password", new)]).await;
        assert_eq!((refused.status, refused.json()["fields"][0]["field"].as_str()), (422, Some(field)), "{old} {new}");
    }
    let form = [("old_password", PASSWORD), ("password", NEW)];
    let changed = owner.submit("/account/password", "account/change_password", &form).await;
    assert_eq!((changed.status, changed.header("location")), (303, "/account"));
    assert!(owner.is_signed_in().await, "the session goes on, under a new id");
    assert!(!other.is_signed_in().await && !before.is_signed_in().await);
    assert!(can_log_in(&app, ADA, NEW).await && !can_log_in(&app, ADA, PASSWORD).await);
    app.mail(ADA, "password was changed", 1).await;
}

#[tokio::test]
async fn guesses_at_the_old_password_are_counted() {
    let app = TestApp::with(&[("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000")]).await;
    let owner = app.signed_up(ADA).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let form = [("old_password", "wrong-wrong-wrong"), ("password", NEW)];
        statuses.push(status(&owner, "account/change_password", &form).await);
    }
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429, 429]);
    assert_eq!(status(&owner, "auth/step_up", &[("password", PASSWORD)]).await, 429, "one budget for both");
    assert!(can_log_in(&app, ADA, PASSWORD).await, "log-ins have one of their own");
}

#[tokio::test]
async fn of_two_password_changes_at_once_one_counts() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let (one, two) = (owner.copy(), owner.copy());
    let form = |new| [("old_password", PASSWORD), ("password", new)];
    let (first, second) = (form("the-first-of-two-changes"), form("the-other-of-two-changes"));
    let (a, b) = tokio::join!(one.api("account/change_password", &first), two.api("account/change_password", &second));
    let mut statuses = [a.status, b.status];
    statuses.sort();
    assert_eq!(statuses, [200, 401]);
    assert_eq!(app.count("select count(*) from sessions where revoked_at is null").await, 1);
}

#[tokio::test]
async fn a_change_that_was_under_way_when_its_session_ended_is_told_just_that() {
    // The service of breached passwords keeps the first that asks waiting until the other change is done.
    let (asked, first_has_asked) = oneshot::channel();
    let asked = Arc::new(Mutex::new(Some(asked)));
    let done = Arc::new(Notify::new());
    let held = done.clone();
    let range = async move || {
        let first = asked.lock().unwrap().take();
        if let Some(first) = first {
            first.send(()).unwrap();
            held.notified().await;
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, Router::new().route("/{told}", get(range))).into_future());

    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let node = app.node(&[("LATCHKEY__AUTH__BREACH_CHECK_URL", &url)]).await;
    let (slow, quick) = (owner.copy_at(node.address), owner.copy_at(node.address));
    let form = |new| [("old_password", PASSWORD), ("password", new)];
    let (late, early) = (form("the-other-of-two-changes"), form("the-first-of-two-changes"));
    let late = slow.api("account/change_password", &late);
    let early = async {
        first_has_asked.await.unwrap();
        let changed = quick.api("account/change_password", &early).await;
        done.notify_one();
        changed.status
    };
    let (late, early) = tokio::join!(late, early);
    assert_eq!((early, late.status), (200, 401), "{}", late.body);
}

#[tokio::test]
async fn sensitive_changes_need_a_recent_log_in_and_lead_back_after_it() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.age_log_ins(LATER).await;
    for (function, form) in [
        ("account/change_email", [("email", BOB)]),
        ("account/leave", [("email", ADA)]),
        ("account/export", [("", "")]),
    ] {
        let refused = owner.api(function, &form).await;
        assert_eq!(refused.json(), serde_json::json!({"code": "reauthentication_needed"}), "{function}");
        assert_eq!(refused.status, 403, "{function}");
    }
    assert!(owner.is_signed_in().await);
    // Without JavaScript: the page asks for the password, and what was typed comes back after it.
    let back = owner.submit("/account/email", "account/change_email", &[("email", BOB)]).await;
    assert_eq!((back.status, back.header("location")), (303, "/account/email"));
    let page = owner.get("/account/email").await.body;
    assert!(page.contains("Confirm access") && page.contains(&format!("value=\"{BOB}\"")), "{page}");
    let form = [("password", "wrong-wrong-wrong"), ("email", BOB), ("next", "/account/email")];
    assert_eq!(status(&owner, "auth/step_up", &form).await, 422);
    let before = owner.copy();
    let form = [("password", PASSWORD), ("email", BOB), ("next", "/account/email")];
    let proved = owner.submit("/account/email", "auth/step_up", &form).await;
    assert_eq!((proved.status, proved.header("location")), (303, "/account/email"));
    assert!(!before.is_signed_in().await, "a new session id");
    let page = owner.get("/account/email").await.body;
    assert!(page.contains("Change your email address") && page.contains(&format!("value=\"{BOB}\"")), "{page}");
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
}

#[tokio::test]
async fn a_password_change_with_the_old_password_needs_no_recent_log_in() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.age_log_ins(LATER).await;
    let form = [("old_password", PASSWORD), ("password", NEW)];
    assert_eq!(status(&owner, "account/change_password", &form).await, 200);
}

#[tokio::test]
async fn an_address_changes_once_the_new_one_is_confirmed_by_its_account() {
    let app = TestApp::spawn().await;
    let (owner, other) = (verified(&app, ADA).await, app.browser());
    other.log_in(ADA).await;
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
    let secret = code(&*app.mail(BOB, "Confirm your new email address", 1).await);
    assert!(can_log_in(&app, ADA, PASSWORD).await, "nothing has changed so far");
    // Whoever reads mail there by mistake cannot take the account.
    let stranger = app.browser();
    assert_eq!(stranger.api("auth/mailed_code", &[("code", &secret)]).await.json()["needs"], "log_in");
    assert_eq!(status(&stranger, "auth/confirm", &[("code", &secret)]).await, 401);
    let used = owner.submit("/confirm", "auth/confirm", &[("code", &secret)]).await;
    assert_eq!((used.status, used.header("location")), (303, "/account"));
    assert!(owner.is_signed_in().await && !other.is_signed_in().await);
    assert!(can_log_in(&app, BOB, PASSWORD).await && !can_log_in(&app, ADA, PASSWORD).await);
    assert!(app.mail(ADA, "address was changed", 1).await.text.contains(BOB));
}

#[tokio::test]
async fn the_old_address_takes_an_account_back_even_after_the_thief_changed_everything() {
    let app = TestApp::spawn().await;
    let thief = verified(&app, ADA).await;
    move_to(&app, &thief, BOB).await;
    let undo = code(&*app.mail(ADA, "address was changed", 1).await);
    // The thief goes on: another password, another address.
    let form = [("old_password", PASSWORD), ("password", "the-thief-knows-this")];
    assert_eq!(status(&thief, "account/change_password", &form).await, 200);
    move_to(&app, &thief, "eve@example.test").await;
    let thiefs_undo = code(&*app.mail(BOB, "address was changed", 1).await);

    app.age_codes(6 * 24 * 60 * 60).await;
    let owner = app.browser();
    assert_eq!(status(&owner, "auth/confirm", &[("code", &undo)]).await, 422, "a new password is asked for");
    assert_eq!(status(&owner, "auth/confirm", &[("code", &undo), ("password", NEW)]).await, 200);
    assert!(owner.is_signed_in().await && !thief.is_signed_in().await);
    assert!(can_log_in(&app, ADA, NEW).await);
    assert_eq!(status(&thief, "auth/confirm", &[("code", &thiefs_undo), ("password", PASSWORD)]).await, 410);
    app.mail(ADA, "password was changed", 1).await;
}

#[tokio::test]
async fn an_undo_link_counts_for_seven_days() {
    let app = TestApp::spawn().await;
    let owner = verified(&app, ADA).await;
    move_to(&app, &owner, BOB).await;
    let undo = code(&*app.mail(ADA, "address was changed", 1).await);
    app.age_codes(7 * 24 * 60 * 60 + 1).await;
    assert_eq!(status(&app.browser(), "auth/confirm", &[("code", &undo), ("password", NEW)]).await, 410);
}

#[tokio::test]
async fn changing_to_an_address_that_has_an_account_looks_like_any_other_and_changes_nothing() {
    let app = TestApp::spawn().await;
    app.account(BOB, Role::User).await;
    let mut seen = std::collections::BTreeSet::new();
    for (own, other) in [(ADA, BOB), ("eve@example.test", "nobody@example.test")] {
        let owner = app.signed_up(own).await;
        let answer = owner.submit("/account/email", "account/change_email", &[("email", other)]).await;
        let id = app.user_id(own).await.to_string();
        let looks = async |browser: &Browser| {
            let page = browser.get("/confirm").await.body.replace(other, "ADDRESS").replace(&id, "ID");
            page.split("<main").nth(1).unwrap().split("</main").next().unwrap().to_owned()
        };
        let page = looks(&owner).await;
        let typed = owner.api("auth/confirm", &[("digits", "000000")]).await;
        owner.api("auth/log_out", &[]).await;
        let logged_out = looks(&owner).await;
        seen.insert((answer.status, answer.header("location").to_owned(), page, typed.status, typed.body, logged_out));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    app.mail(BOB, "already have an account", 1).await;
    assert!(can_log_in(&app, ADA, PASSWORD).await && can_log_in(&app, BOB, PASSWORD).await);
}

#[tokio::test]
async fn an_address_that_was_never_verified_gets_no_way_back_and_no_notice() {
    let app = TestApp::spawn().await;
    // A typing error: somebody else reads mail there.
    let owner = app.signed_up(ADA).await;
    move_to(&app, &owner, BOB).await;
    app.outbox_is_empty().await;
    assert!(app.mails(ADA, "").is_empty());
}

#[tokio::test]
async fn nobody_else_gets_an_address_that_an_account_can_be_taken_back_to() {
    let app = TestApp::spawn().await;
    let thief = verified(&app, ADA).await;
    move_to(&app, &thief, BOB).await;
    let undo = code(&*app.mail(ADA, "address was changed", 1).await);
    // The thief closes the way back: by a new account at the address, or by moving another one there.
    let form = [("email", ADA), ("password", PASSWORD), ("display_name", "Thief")];
    let refused = app.browser().api("auth/sign_up", &form).await;
    assert_eq!((refused.status, refused.json()["fields"][0]["problem"].as_str()), (422, Some("taken")));
    let second = app.signed_up("eve@example.test").await;
    assert_eq!(status(&second, "account/change_email", &[("email", ADA)]).await, 200);
    let secret = code(&*app.mail(ADA, "Confirm your new email address", 1).await);
    assert_eq!(status(&second, "auth/confirm", &[("code", &secret)]).await, 410);
    assert_eq!(status(&app.browser(), "auth/confirm", &[("code", &undo), ("password", NEW)]).await, 200);
    assert!(can_log_in(&app, ADA, NEW).await);
}

#[tokio::test]
async fn an_email_change_makes_codes_void_and_so_does_asking_for_another_address() {
    let app = TestApp::spawn().await;
    let owner = verified(&app, ADA).await;
    app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
    let way_in = code(&*app.mail(ADA, "login link", 1).await);
    // Mistyped first.
    assert_eq!(status(&owner, "account/change_email", &[("email", "eve@example.test")]).await, 200);
    let mistyped = code(&*app.mail("eve@example.test", "Confirm your new email address", 1).await);
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
    assert_eq!(status(&owner, "auth/confirm", &[("code", &mistyped)]).await, 410);
    let secret = code(&*app.mail(BOB, "Confirm your new email address", 1).await);
    assert_eq!(status(&owner, "auth/confirm", &[("code", &secret)]).await, 200);
    assert_eq!(status(&app.browser(), "auth/confirm", &[("code", &way_in)]).await, 410);
}

#[tokio::test]
async fn an_unverified_account_is_reminded_until_it_is_verified() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    let reminder = "Send verification email";
    assert!(owner.get("/profile").await.body.contains(reminder));
    assert_eq!(status(&owner, "auth/send_verification", &[]).await, 200);
    let secret = code(&*app.mail(ADA, "Verify your email address", 1).await);
    assert_eq!(status(&owner, "auth/confirm", &[("code", &secret)]).await, 200);
    assert!(!owner.get("/profile").await.body.contains(reminder));
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_not_taken_twice() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
    let secret = code(&*app.mail(BOB, "Confirm your new email address", 1).await);
    app.account(BOB, Role::User).await;
    assert_eq!(status(&owner, "auth/confirm", &[("code", &secret)]).await, 410);
    assert!(can_log_in(&app, ADA, PASSWORD).await && can_log_in(&app, BOB, PASSWORD).await);
}

#[tokio::test]
async fn an_account_that_is_given_up_can_be_kept_for_fourteen_days_and_is_erased_after() {
    let app = TestApp::spawn().await;
    let (owner, other) = (verified(&app, ADA).await, app.browser());
    other.log_in(ADA).await;
    assert_eq!(status(&owner, "account/leave", &[("email", BOB)]).await, 422, "its own address has to be typed");
    let left = owner.submit("/account/leave", "account/leave", &[("email", "ADA@example.test")]).await;
    assert_eq!((left.status, left.header("location")), (303, "/"));
    assert!(!owner.is_signed_in().await && !other.is_signed_in().await);
    app.mail(ADA, "will be deleted", 1).await;
    let back = app.browser();
    let form = [("email", ADA), ("password", PASSWORD), ("next", "/profile")];
    assert_eq!(back.submit("/login", "auth/log_in", &form).await.header("location"), "/account");
    assert!(back.get("/account").await.body.contains("will be deleted on"));
    assert_eq!(status(&back, "account/keep", &[]).await, 200);
    app.mail(ADA, "account won't be deleted", 1).await;
    assert!(!back.get("/account").await.body.contains("will be deleted on"));

    assert_eq!(status(&back, "account/leave", &[("email", ADA)]).await, 200);
    let now = app.state.db.now().await.unwrap();
    let days = |days| now + chrono::TimeDelta::days(days);
    let erase = async |at| latchkey::auth::server::users::owner_store::erase_due(&app.state.db, at).await.unwrap();
    assert_eq!(erase(days(13)).await, 0);
    assert_eq!(erase(days(15)).await, 1);
    for table in ["users", "profiles", "sessions", "audit_events", "one_time_codes"] {
        let left = match table {
            "users" => app.count("select count(*) from users").await,
            "profiles" => app.count("select count(*) from profiles").await,
            "sessions" => app.count("select count(*) from sessions").await,
            "audit_events" => app.count("select count(*) from audit_events").await,
            _ => app.count("select count(*) from one_time_codes").await,
        };
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn the_codes_of_an_account_are_erased_with_it_and_no_others() {
    let app = TestApp::spawn().await;
    let owner = verified(&app, ADA).await;
    app.account(BOB, Role::User).await;
    for email in [ADA, BOB, "nobody@example.test"] {
        assert_eq!(status(&app.browser(), "auth/send_magic_link", &[("email", email)]).await, 200);
    }
    assert_eq!(status(&owner, "account/leave", &[("email", ADA)]).await, 200);
    let now = app.state.db.now().await.unwrap();
    assert_eq!(erase_due(&app.state.db, now + chrono::TimeDelta::days(15)).await.unwrap(), 1);
    assert_eq!(app.count("select count(*) from one_time_codes where email_key = 'ada@example.test'").await, 0);
    assert_eq!(app.count("select count(*) from one_time_codes").await, 2);
}

#[tokio::test]
async fn the_address_typed_to_leave_is_parsed_like_any_other() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    for (typed, problem) in [("", "missing"), ("ada", "malformed"), (BOB, "mismatch")] {
        let refused = owner.api("account/leave", &[("email", typed)]).await;
        let fields = serde_json::json!([{"field": "email", "problem": problem}]);
        assert_eq!((refused.status, &refused.json()["fields"]), (422, &fields), "{typed:?}");
    }
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::Admin).await;
    app.account(BOB, Role::Admin).await;
    let (ada, bob) = (app.browser(), app.browser());
    ada.log_in(ADA).await;
    bob.log_in(BOB).await;
    let (one, two) = ([("email", ADA)], [("email", BOB)]);
    let (a, b) = tokio::join!(ada.api("account/leave", &one), bob.api("account/leave", &two));
    let mut statuses = [a.status, b.status];
    statuses.sort();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn an_export_holds_all_that_is_ones_own_and_no_credential() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.signed_up(BOB).await;
    owner.api("profile/update", &[("display_name", "Ada L."), ("bio", "Notes on the engine.")]).await;
    owner.api("account/change_email", &[("email", "eve@example.test")]).await;
    let secret = code(&*app.mail("eve@example.test", "Confirm your new email address", 1).await);
    let answer = owner.submit("/account/data", "account/export", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"latchkey-account.json\"");
    assert!(answer.header("cache-control").contains("no-store"));
    let export = answer.json();
    assert_eq!((export["email"].as_str(), export["bio"].as_str()), (Some(ADA), Some("Notes on the engine.")));
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(export["events"][0]["what"], "signed_up");
    assert_eq!(export["erase_at"], serde_json::Value::Null);
    assert_eq!(
        (&export["codes"][0]["what"], &export["codes"][0]["email"]),
        (&"change_email".into(), &"eve@example.test".into())
    );
    for secret in ["argon2", BOB, &secret, &owner.cookie("latchkey_access").unwrap()] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_account_without_a_password_sets_one_after_a_recent_log_in() {
    let app = TestApp::spawn().await;
    app.account(ADA, Role::User).await;
    app.execute("update users set password_hash = null").await;
    let owner = app.browser();
    owner.api("auth/send_magic_link", &[("email", ADA)]).await;
    let secret = code(&*app.mail(ADA, "login link", 1).await);
    assert_eq!(status(&owner, "auth/confirm", &[("code", &secret)]).await, 200);
    app.age_log_ins(LATER).await;
    assert_eq!(status(&owner, "account/change_password", &[("password", NEW)]).await, 403);
    assert!(owner.get("/account/password").await.body.contains("Send me a link"));
    owner.api("auth/send_magic_link", &[("email", ADA), ("next", "/account/password")]).await;
    let secret = code(&*app.mail(ADA, "login link", 2).await);
    assert_eq!(status(&owner, "auth/confirm", &[("code", &secret)]).await, 200);
    assert_eq!(status(&owner, "account/change_password", &[("password", NEW)]).await, 200);
    assert!(can_log_in(&app, ADA, NEW).await);
}

#[tokio::test]
async fn a_code_for_an_address_that_had_an_account_opens_nothing_although_it_was_freed_since() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up(ADA).await;
    app.account(BOB, Role::User).await;
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
    // Its mail holds no code. Whoever has the signing secret and the database can make one all the same.
    let seed: Vec<u8> = on_db!(&app.state.db, |c| {
        let sql = "select seed from one_time_codes where purpose = 'change_email'";
        sqlx::query_scalar(sql).fetch_one(c).await.unwrap()
    });
    let seed = CodeSeed::from_slice(&seed).unwrap();
    let link = app.state.keys.one_time_secrets(&seed).next().unwrap().link;
    app.execute("delete from users where email_key = 'bob@example.test'").await;
    assert_eq!(status(&owner, "auth/confirm", &[("code", &link)]).await, 410);
    assert!(can_log_in(&app, ADA, PASSWORD).await && !can_log_in(&app, BOB, PASSWORD).await);
}
