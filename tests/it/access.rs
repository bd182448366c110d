//! One table of permissions: every page and every server function, requested as anonymous, user, moderator and admin.
//! An unlisted one fails the test.

use std::collections::BTreeSet;

use latchkey::{auth::model::Role, error::AppError, server::http::router};
use leptos::server_fn::{ServerFn, axum::server_fn_paths};

use crate::{
    app::{TestApp, on_db},
    browser::{Browser, REFRESH},
};

/// path; anonymous, user, moderator, admin. `{id}` is one that nothing has.
pub const PAGES: &[(&str, [u16; 4])] = &[
    ("/", [200, 200, 200, 200]),
    ("/login", [200, 302, 302, 302]),
    ("/signup", [200, 302, 302, 302]),
    ("/profile", [302, 200, 200, 200]),
    ("/forgot", [200, 200, 200, 200]),
    ("/magic", [200, 200, 200, 200]),
    ("/confirm", [200, 200, 200, 200]),
    ("/account", [302, 200, 200, 200]),
    ("/account/email", [302, 200, 200, 200]),
    ("/account/password", [302, 200, 200, 200]),
    ("/account/data", [302, 200, 200, 200]),
    ("/account/leave", [302, 200, 200, 200]),
    ("/account/devices", [302, 200, 200, 200]),
    ("/dev/mailbox", [200, 200, 200, 200]),
    ("/dev/mailbox/{id}", [404, 404, 404, 404]),
    ("/moderation", [302, 403, 200, 200]),
    ("/admin", [302, 403, 403, 200]),
];

/// function; form; anonymous, user, moderator, admin. The forms are whole but for what would change an account, so that
/// 422 or 404 says: came in.
const FUNCTIONS: &[(&str, &[(&str, &str)], [u16; 4])] = &[
    ("auth/sign_up", &[], [422, 422, 422, 422]),
    ("auth/log_in", &[], [422, 422, 422, 422]),
    ("auth/log_out", &[], [200, 200, 200, 200]),
    ("auth/log_out_everywhere", &[], [401, 200, 200, 200]),
    ("auth/refresh", &[], [401, 200, 200, 200]),
    ("auth/current_user", &[], [401, 200, 200, 200]),
    ("auth/password_strength", &[], [200, 200, 200, 200]),
    ("auth/send_magic_link", &[], [422, 422, 422, 422]),
    ("auth/forgot_password", &[], [422, 422, 422, 422]),
    ("auth/send_verification", &[], [401, 200, 200, 200]),
    ("auth/mailed_code", &[], [200, 200, 200, 200]),
    ("auth/confirm", &[], [410, 410, 410, 410]),
    ("auth/dismiss_way_back", &[], [410, 410, 410, 410]),
    ("auth/step_up", &[], [401, 422, 422, 422]),
    ("account/settings", &[], [401, 200, 200, 200]),
    ("account/change_email", &[], [401, 422, 422, 422]),
    ("account/change_password", &[], [401, 422, 422, 422]),
    ("account/renew_way_back", &[], [401, 422, 422, 422]),
    ("account/export", &[], [401, 200, 200, 200]),
    ("account/leave", &[], [401, 422, 422, 422]),
    ("account/keep", &[], [401, 200, 200, 200]),
    ("session/current", &[], [401, 200, 200, 200]),
    ("demo/replay", &[], [401, 404, 404, 404]),
    ("profile/current", &[], [401, 200, 200, 200]),
    ("profile/update", &[("display_name", "Ada")], [401, 200, 200, 200]),
    ("devices/list", &[], [401, 200, 200, 200]),
    ("devices/revoke", &[], [401, 404, 404, 404]),
    ("devices/revoke_others", &[], [401, 200, 200, 200]),
    ("mailbox/list", &[], [200, 200, 200, 200]),
    ("mailbox/show", &[], [404, 404, 404, 404]),
    ("moderation/newest_accounts", &[], [401, 403, 200, 200]),
    ("admin/accounts", &[], [401, 403, 403, 200]),
    ("admin/set_role", &[], [401, 403, 403, 422]),
];

/// Words that stand on a guarded page and nowhere else.
const PROTECTED: [&str; 3] = ["canary-address@example.test", "Canary Person", "<table"];

async fn callers(app: &TestApp) -> [Browser; 4] {
    [
        app.browser(),
        app.logged_in_as(Role::User).await,
        app.logged_in_as(Role::Moderator).await,
        app.logged_in_as(Role::Admin).await,
    ]
}

#[test]
fn every_page_stands_in_the_table() {
    let routes: BTreeSet<String> = router::routes().iter().map(|route| route.path().to_owned()).collect();
    let listed: BTreeSet<String> = PAGES.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(routes, listed);
}

#[test]
fn every_server_function_stands_in_the_table_and_only_takes_posts() {
    let functions: BTreeSet<(String, String)> =
        server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())).collect();
    let listed: BTreeSet<(String, String)> =
        FUNCTIONS.iter().map(|(name, ..)| (format!("/api/{name}"), "POST".to_owned())).collect();
    assert_eq!(functions, listed);
}

#[tokio::test]
async fn every_page_lets_in_whom_it_should() {
    let app = TestApp::spawn().await;
    app.account(PROTECTED[0], Role::User).await;
    let callers = callers(&app).await;
    for (path, expected) in PAGES {
        let path = &*path.replace("{id}", "0191e0a0-0000-7000-8000-000000000000");
        for (browser, status) in callers.iter().zip(*expected) {
            let page = browser.get(path).await;
            assert_eq!(page.status, status, "{path} for {:?}", browser.cookie(REFRESH).is_some());
            if status != 200 {
                for word in PROTECTED {
                    assert!(!page.body.contains(word), "{path} shows {word} with {status}");
                }
            }
            assert_eq!(page.header("cache-control"), "private, no-store", "{path}");
        }
        let anonymous = callers[0].get(path).await;
        if anonymous.status == 302 {
            assert_eq!(anonymous.header("location"), format!("/login?next={path}"));
        }
        // A program that does not ask for html is kept out alike.
        let program = callers[0].send(reqwest::Method::GET, path, &[("accept", "*/*")], None).await;
        assert_eq!(program.status, expected[0], "{path}");
    }
}

#[tokio::test]
async fn every_server_function_lets_in_whom_it_should() {
    let app = TestApp::spawn().await;
    for &(name, form, expected) in FUNCTIONS {
        // Made anew for each function: one of them logs out.
        for (browser, status) in callers(&app).await.iter().zip(expected) {
            let answer = browser.api(name, form).await;
            assert_eq!(answer.status, status, "{name}: {}", answer.body);
            let get = browser.send(reqwest::Method::GET, &format!("/api/{name}"), &[], None).await;
            assert_eq!(get.status, 405, "GET of {name}");
        }
    }
}

#[tokio::test]
async fn a_plain_form_is_led_to_log_in_or_told_no_on_its_own_page() {
    let app = TestApp::spawn().await;
    let anonymous = app.browser();
    let answer = anonymous.submit("/profile", "profile/update", &[("display_name", "Ada")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login?next=/profile"));

    let user = app.logged_in_as(Role::User).await;
    let answer = user.submit("/profile", "admin/set_role", &[("user_id", "x"), ("role", "admin")]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/profile"));
    assert!(user.get("/profile").await.body.contains("role"), "the page says why");
}

#[tokio::test]
async fn a_live_access_token_loses_its_role_at_once_even_where_pages_are_cached() {
    let app = TestApp::spawn().await;
    let moderator = app.logged_in_as(Role::Moderator).await;
    assert_eq!(moderator.get("/moderation").await.status, 200);
    // By another node, so that this one is not told.
    let other = app.node(&[]).await;
    other.execute("update users set role = 'user', authz_epoch = authz_epoch + 1").await;
    let page = moderator.get("/moderation").await;
    assert!(!page.body.contains("@example.test"), "no account is shown to a moderator of a second ago");
    assert_eq!(moderator.api("moderation/newest_accounts", &[]).await.status, 401);
}

#[tokio::test]
async fn a_cached_role_shows_no_accounts() {
    let app = TestApp::spawn().await;
    app.account("grace@example.test", Role::User).await;
    for lost in [
        "update users set role = 'user' where role = 'admin'",
        "update sessions set revoked_at = created_at, revoked_reason = 'revoked' where revoked_at is null",
    ] {
        let admin = app.logged_in_as(Role::Admin).await;
        for _ in 0..3 {
            assert!(admin.get("/admin").await.body.contains("grace@example.test"));
        }
        // Changed by another node whose notification has not arrived.
        on_db!(&app.state.db, |c| {
            sqlx::query(lost).execute(c).await.unwrap();
        });
        assert!(!admin.get("/admin").await.body.contains("grace@example.test"), "{lost}");
    }
}

#[tokio::test]
async fn roles_cannot_be_taken_only_given() {
    let app = TestApp::spawn().await;
    let user = app.signed_up("ada@example.test").await;
    let id = app.user_id("ada@example.test").await.to_string();
    for form in [
        vec![("display_name", "Ada"), ("role", "admin")],
        vec![("display_name", "Ada"), ("user[role]", "admin"), ("id", &id)],
        vec![("display_name", "Ada"), ("email", "evil@example.test"), ("email_key", "evil@example.test")],
    ] {
        user.api("profile/update", &form).await;
    }
    let me = user.api("auth/current_user", &[]).await.json();
    assert_eq!((me["role"].as_str(), me["email"].as_str()), (Some("user"), Some("ada@example.test")));

    let signed_up = app.browser();
    let form = [("email", "bob@example.test"), ("password", crate::app::PASSWORD), ("role", "admin"), ("state", "x")];
    signed_up.api("auth/sign_up", &form).await;
    assert_eq!(signed_up.api("auth/current_user", &[]).await.json()["role"], "user");
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let app = TestApp::spawn().await;
    let id = app.account("root@example.test", Role::Admin).await.to_string();
    let admin = app.browser();
    admin.log_in("root@example.test").await;
    let answer = admin.api("admin/set_role", &[("user_id", &id), ("role", "user")]).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("last_admin")));
    assert!(admin.is_signed_in().await, "nothing was changed");

    // Two admins who demote each other at once: one of them stays.
    let second_id = app.account("second@example.test", Role::Admin).await.to_string();
    let second = app.browser();
    second.log_in("second@example.test").await;
    let (first_form, second_form) =
        ([("user_id", &*second_id), ("role", "user")], [("user_id", &*id), ("role", "user")]);
    tokio::join!(admin.api("admin/set_role", &first_form), second.api("admin/set_role", &second_form));
    assert_eq!(app.count("select count(*) from users where role = 'admin'").await, 1);
}

#[tokio::test]
async fn an_unknown_account_or_role_is_refused() {
    let app = TestApp::spawn().await;
    let admin = app.logged_in_as(Role::Admin).await;
    let nobody = uuid::Uuid::now_v7().to_string();
    let answer = admin.api("admin/set_role", &[("user_id", &nobody), ("role", "user")]).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("not_found")));
    let answer = admin.api("admin/set_role", &[("user_id", &nobody), ("role", "root")]).await;
    assert_eq!((answer.status, answer.json()["fields"][0]["field"].as_str()), (422, Some("role")));
}

#[test]
fn the_pinned_paths_are_those_of_the_functions() {
    use latchkey::{auth::api, features};
    fn path<F: ServerFn<Error = AppError>>() -> &'static str {
        F::PATH
    }
    assert_eq!(path::<api::SignUp>(), "/api/auth/sign_up");
    assert_eq!(path::<api::LogIn>(), "/api/auth/log_in");
    assert_eq!(path::<api::LogOut>(), "/api/auth/log_out");
    assert_eq!(path::<api::Refresh>(), "/api/auth/refresh");
    assert_eq!(path::<api::LogOutEverywhere>(), "/api/auth/log_out_everywhere");
    assert_eq!(path::<features::devices::api::RevokeOthers>(), "/api/devices/revoke_others");
    assert_eq!(path::<api::CurrentUser>(), "/api/auth/current_user");
    assert_eq!(path::<features::profile::api::UpdateProfile>(), "/api/profile/update");
    assert_eq!(path::<features::admin::api::SetRole>(), "/api/admin/set_role");
}
