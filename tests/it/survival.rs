//! Which codes, links, sessions and pending changes survive which event. The table is docs/security/what-outlives-
//! what.md.

use latchkey::{
    auth::{
        model::Role,
        server::{
            Caller,
            caller::Client,
            flows::{change_email, change_password, delete_account, log_out, set_role},
            session::lifecycle,
        },
    },
    error::AppError,
};

use crate::{
    app::{PASSWORD, TestApp},
    browser::{ACCESS, Browser},
    inbox::code,
};

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
const EVE: &str = "eve@example.test";
const OLD: &str = "old-address@example.test";
const NEW: &str = "violet-anchor-seventeen";

/// Plenty for a test that asks for many mails.
const ROOMY: [(&str, &str); 2] =
    [("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000"), ("LATCHKEY__THROTTLE__MAILS_PER_HOUR", "100")];

async fn status(browser: &Browser, function: &str, form: &[(&str, &str)]) -> u16 {
    browser.api(function, form).await.status
}

async fn verified(app: &TestApp, email: &str) -> Browser {
    let browser = app.signed_up(email).await;
    app.execute("update users set email_verified_at = created_at").await;
    browser
}

async fn move_to(app: &TestApp, browser: &Browser, email: &str, nth: usize) {
    assert_eq!(status(browser, "account/change_email", &[("email", email)]).await, 200);
    let secret = code(&*app.mail(email, "Confirm your new email address", nth).await);
    assert_eq!(status(browser, "auth/confirm", &[("code", &secret)]).await, 200);
}

async fn undo_link(app: &TestApp, to: &str, nth: usize) -> String {
    code(&*app.mail(to, "address was changed", nth).await)
}

/// Whether a code still leads anywhere. Uses nothing up.
async fn counts(app: &TestApp, code: &str) -> bool {
    let answer = app.browser().api("auth/mailed_code", &[("code", code)]).await;
    assert_eq!(answer.status, 200);
    !answer.json().is_null()
}

#[tokio::test]
async fn an_account_does_not_move_to_the_address_that_it_has() {
    let app = TestApp::spawn().await;
    let owner = verified(&app, ADA).await;
    for same in [ADA, "ADA@example.test", "\u{ff21}da@example.test"] {
        let refused = owner.api("account/change_email", &[("email", same)]).await;
        assert_eq!(
            (refused.status, refused.json()["fields"][0]["problem"].as_str()),
            (422, Some("unchanged")),
            "{same}"
        );
    }
    app.outbox_is_empty().await;
    assert!(app.mails(ADA, "").is_empty());
}

#[tokio::test]
async fn a_way_back_ends_once_the_account_is_at_that_address_again() {
    let app = TestApp::with(&ROOMY).await;
    let owner = verified(&app, ADA).await;
    move_to(&app, &owner, BOB, 1).await;
    let kept_by_a_thief = undo_link(&app, ADA, 1).await;
    assert!(counts(&app, &kept_by_a_thief).await);
    move_to(&app, &owner, ADA, 1).await;
    assert!(!counts(&app, &kept_by_a_thief).await);
    let used = app.browser().api("auth/confirm", &[("code", &kept_by_a_thief), ("password", NEW)]).await;
    assert_eq!(used.status, 410);
    assert!(owner.is_signed_in().await);
}

#[tokio::test]
async fn using_a_way_back_ends_every_other_one_to_that_address() {
    let app = TestApp::with(&ROOMY).await;
    let owner = verified(&app, ADA).await;
    // Two links to one address, as they were made before a move there ended them.
    move_to(&app, &owner, BOB, 1).await;
    let first = undo_link(&app, ADA, 1).await;
    move_to(&app, &owner, ADA, 1).await;
    move_to(&app, &owner, EVE, 1).await;
    let second = undo_link(&app, ADA, 2).await;
    app.execute("update one_time_codes set spent_at = null where purpose = 'undo_email'").await;
    assert!(counts(&app, &first).await && counts(&app, &second).await);
    assert_eq!(status(&app.browser(), "auth/confirm", &[("code", &second), ("password", NEW)]).await, 200);
    assert!(!counts(&app, &first).await);
    assert_eq!(status(&app.browser(), "auth/confirm", &[("code", &first), ("password", NEW)]).await, 410);
}

#[tokio::test]
async fn an_owner_sees_open_ways_back_replaces_their_links_and_ends_them_by_mail() {
    let app = TestApp::with(&ROOMY).await;
    let owner = verified(&app, ADA).await;
    assert!(!owner.get("/account").await.body.contains("Previous email addresses"));
    move_to(&app, &owner, BOB, 1).await;
    let copied = undo_link(&app, ADA, 1).await;
    let page = owner.get("/account").await.body;
    assert!(page.contains("Previous email addresses") && page.contains(ADA), "{page}");

    assert_eq!(status(&owner, "account/renew_way_back", &[("email", EVE)]).await, 404, "never an address of it");
    let stranger = app.signed_up(EVE).await;
    assert_eq!(status(&stranger, "account/renew_way_back", &[("email", ADA)]).await, 404, "somebody else's");
    let answer = owner.submit("/account", "account/renew_way_back", &[("email", ADA)]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account"));
    assert!(!counts(&app, &copied).await, "who kept a copy has nothing");
    let renewed = code(&*app.mail(ADA, "A new link", 1).await);
    assert!(counts(&app, &renewed).await);
    // It ends when the first one would have.
    app.age_codes(7 * 24 * 60 * 60 - 60).await;
    assert!(counts(&app, &renewed).await);

    let reader = app.browser();
    assert!(reader.get(&format!("/confirm?code={renewed}")).await.body.contains("disable this link"));
    assert_eq!(status(&reader, "auth/dismiss_way_back", &[("code", &renewed)]).await, 200);
    assert!(!counts(&app, &renewed).await);
    assert!(!owner.get("/account").await.body.contains("Previous email addresses"));
    assert_eq!(status(&reader, "auth/dismiss_way_back", &[("code", &renewed)]).await, 410);
    assert!(owner.is_signed_in().await);
}

#[tokio::test]
async fn a_mail_with_a_way_back_does_not_say_that_nothing_happens_without_it() {
    let app = TestApp::with(&ROOMY).await;
    let owner = verified(&app, ADA).await;
    move_to(&app, &owner, BOB, 1).await;
    assert_eq!(status(&owner, "account/renew_way_back", &[("email", ADA)]).await, 200);
    for (subject, footnote) in [
        ("address was changed", "If this was you, you can ignore this email."),
        ("A new link", "The previous link no longer works."),
    ] {
        let mail = app.mail(ADA, subject, 1).await;
        assert!(mail.text.contains(footnote) && !mail.text.contains("nothing happens"), "{}", mail.text);
    }
}

#[tokio::test]
async fn only_a_way_back_is_dismissed() {
    let app = TestApp::spawn().await;
    verified(&app, ADA).await;
    app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
    let reset = code(&*app.mail(ADA, "new password", 1).await);
    assert_eq!(status(&app.browser(), "auth/dismiss_way_back", &[("code", &reset)]).await, 410);
    assert!(counts(&app, &reset).await);
}

/// What happens to an account that is at [`ADA`], was at [`OLD`], and has links for a log-in, a reset and a move to
/// [`BOB`] on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happens {
    PasswordChanged,
    PasswordReset,
    LoggedOutEverywhere,
    OthersLoggedOut,
    Moved,
    TakenBack,
    RoleChanged,
    Left,
    Disabled,
}

/// event; what goes on: another session, the caller's own, the links on their way, the way back to the earlier address, the
/// budget of another browser that is known
const SURVIVAL: [(Happens, [bool; 5]); 9] = [
    (Happens::PasswordChanged, [false, true, false, true, false]),
    (Happens::PasswordReset, [false, true, false, true, false]),
    (Happens::LoggedOutEverywhere, [false, false, false, true, false]),
    (Happens::OthersLoggedOut, [false, true, false, true, true]),
    (Happens::Moved, [false, true, false, true, true]),
    (Happens::TakenBack, [false, true, false, false, false]),
    (Happens::RoleChanged, [false, false, false, true, false]),
    (Happens::Left, [false, false, false, true, true]),
    (Happens::Disabled, [false, false, false, false, false]),
];

/// Whether the browser with that device cookie has a budget of its own for log-ins to the account at `email`.
async fn is_known(app: &TestApp, device: &str, email: &str) -> bool {
    let log_in = [("email", email), ("password", "wrong-wrong-wrong")];
    while status(&app.browser(), "auth/log_in", &log_in).await != 429 {}
    let browser = app.browser();
    browser.set_cookie("latchkey_device", device);
    status(&browser, "auth/log_in", &log_in).await == 401
}

#[tokio::test]
async fn what_outlives_which_event_is_a_table() {
    for (event, [other, own, links, back, known]) in SURVIVAL {
        let app = TestApp::with(&ROOMY).await;
        let owner = verified(&app, OLD).await;
        move_to(&app, &owner, ADA, 1).await;
        let undo = undo_link(&app, OLD, 1).await;
        let second = app.browser();
        second.log_in(ADA).await;
        let device = second.cookie("latchkey_device").unwrap();
        app.browser().api("auth/send_magic_link", &[("email", ADA)]).await;
        app.browser().api("auth/forgot_password", &[("email", ADA)]).await;
        assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
        let log_in = code(&*app.mail(ADA, "login link", 1).await);
        let reset = code(&*app.mail(ADA, "new password", 1).await);
        let change = code(&*app.mail(BOB, "Confirm your new email address", 1).await);
        match event {
            Happens::PasswordChanged => {
                let form = [("old_password", PASSWORD), ("password", NEW)];
                assert_eq!(status(&owner, "account/change_password", &form).await, 200);
            }
            Happens::PasswordReset => {
                assert_eq!(status(&owner, "auth/confirm", &[("code", &reset), ("password", NEW)]).await, 200);
            }
            Happens::LoggedOutEverywhere => {
                assert_eq!(status(&owner, "auth/log_out_everywhere", &[]).await, 200);
            }
            Happens::OthersLoggedOut => assert_eq!(status(&owner, "devices/revoke_others", &[]).await, 200),
            Happens::Moved => assert_eq!(status(&owner, "auth/confirm", &[("code", &change)]).await, 200),
            Happens::TakenBack => {
                assert_eq!(status(&owner, "auth/confirm", &[("code", &undo), ("password", NEW)]).await, 200);
            }
            Happens::RoleChanged => {
                let admin = app.logged_in_as(Role::Admin).await;
                let id = app.user_id(ADA).await.to_string();
                let form = [("user_id", id.as_str()), ("role", "moderator")];
                assert_eq!(status(&admin, "admin/set_role", &form).await, 200);
            }
            Happens::Left => assert_eq!(status(&owner, "account/leave", &[("email", ADA)]).await, 200),
            Happens::Disabled => app.execute("update users set state = 'disabled'").await,
        }
        assert_eq!(second.is_signed_in().await, other, "{event:?}: another session");
        assert_eq!(owner.is_signed_in().await, own, "{event:?}: the caller's own session");
        let reader = app.browser();
        let browser = if own { &owner } else { &reader };
        let mut statuses = vec![
            status(&reader, "auth/confirm", &[("code", &log_in)]).await,
            status(&reader, "auth/confirm", &[("code", &reset), ("password", PASSWORD)]).await,
        ];
        if own {
            statuses.push(status(browser, "auth/confirm", &[("code", &change)]).await);
        }
        let address = match event {
            Happens::Moved => BOB,
            Happens::TakenBack => OLD,
            _ => ADA,
        };
        assert_eq!(is_known(&app, &device, address).await, known, "{event:?}: a known browser");
        let alive = statuses.contains(&200);
        assert_eq!(alive, links, "{event:?}: links on their way {statuses:?}");
        let used =
            status(&app.browser(), "auth/confirm", &[("code", &undo), ("password", "another-quiet-harbour")]).await;
        assert_eq!(used == 200, back, "{event:?}: the way back: {used}");
    }
}

/// The caller that a request of this browser has, as it was when the request came in.
async fn caller(app: &TestApp, browser: &Browser) -> Caller {
    let claims = app.state.keys.verify_access(&browser.cookie(ACCESS).unwrap()).unwrap();
    lifecycle::check(&app.state, &claims, false).await.unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[tokio::test]
async fn an_act_under_way_changes_nothing_once_its_session_has_ended() {
    let app = TestApp::with(&ROOMY).await;
    let state = &app.state;
    let client = Client { ip: "127.0.0.1".parse().unwrap(), user_agent: String::new() };
    let owner = app.logged_in_as(Role::Admin).await;
    // The account has no password: then a password change asks for no old one.
    let thief = owner.copy();
    let stale = caller(&app, &thief).await;
    let target = app.account(BOB, Role::User).await;
    // Verified before, asked for before: what is under way has all but its last step behind it.
    app.execute("update users set password_hash = null where role = 'admin'").await;
    assert_eq!(status(&owner, "auth/log_out_everywhere", &[]).await, 200);
    let events = app.count("select count(*) from audit_events").await;

    let outcomes = [
        (
            "password",
            change_password::change_password(state, &stale, String::new(), NEW.into(), &client).await.map(drop),
        ),
        ("step up", change_password::step_up(state, &stale, PASSWORD.into(), &client).await.map(drop)),
        ("leave", delete_account::schedule(state, &stale, &client).await),
        ("keep", delete_account::cancel(state, &stale, &client).await),
        ("revoke one", log_out::device(state, &stale, &stale.session, &client).await),
        ("revoke others", log_out::other_devices(state, &stale, &client).await),
        ("revoke all", log_out::everywhere(state, &stale, &client).await),
        ("change email", change_email::request(state, &stale, EVE, &client).await.map(drop)),
        ("set role", set_role::set_role(state, &stale, target, Role::Admin, &client).await),
    ];
    for (act, outcome) in outcomes {
        assert_eq!(outcome, Err(AppError::Unauthenticated), "{act}");
    }
    assert_eq!(app.count("select count(*) from audit_events").await, events);
    assert_eq!(app.count("select count(*) from users where password_hash is not null and role = 'admin'").await, 0);
    assert_eq!(app.count("select count(*) from users where erase_at is not null").await, 0);
    assert_eq!(app.count("select count(*) from users where role = 'admin'").await, 1);
}

#[tokio::test]
async fn a_move_under_way_ends_with_the_session_that_confirms_it() {
    let app = TestApp::with(&ROOMY).await;
    let owner = verified(&app, ADA).await;
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
    let change = code(&*app.mail(BOB, "Confirm your new email address", 1).await);
    let stale = caller(&app, &owner).await;
    app.execute("update sessions set revoked_at = created_at, revoked_reason = 'revoked'").await;
    let client = Client { ip: "127.0.0.1".parse().unwrap(), user_agent: String::new() };
    let who =
        latchkey::auth::server::flows::code_steps::Presenter { browser: None, caller: Some(&stale), client: &client };
    let link = latchkey::auth::server::email_code::code::Presented::Link(change);
    let outcome = latchkey::auth::server::flows::redeem::redeem(&app.state, &link, String::new(), &who).await;
    assert_eq!(outcome.map(drop), Err(AppError::Unauthenticated));
    assert_eq!(app.user_id(ADA).await, stale.user_id);
}

#[tokio::test]
async fn a_code_needs_a_live_session_only_if_it_asks_for_no_password() {
    let app = TestApp::with(&ROOMY).await;
    let owner = app.signed_up(ADA).await;
    let stale = caller(&app, &owner).await;
    let client = Client { ip: "127.0.0.1".parse().unwrap(), user_agent: String::new() };
    let who =
        latchkey::auth::server::flows::code_steps::Presenter { browser: None, caller: Some(&stale), client: &client };
    let mut secrets = Vec::new();
    for (flow, subject) in
        [("auth/send_verification", "Verify your email address"), ("auth/forgot_password", "new password")]
    {
        assert_eq!(status(&owner, flow, &[("email", ADA)]).await, 200, "{flow}");
        secrets.push(code(&*app.mail(ADA, subject, 1).await));
    }
    app.execute("update sessions set revoked_at = created_at, revoked_reason = 'revoked'").await;
    for (secret, expected) in secrets.into_iter().zip([Err(AppError::Unauthenticated), Ok(())]) {
        let link = latchkey::auth::server::email_code::code::Presented::Link(secret);
        let outcome = latchkey::auth::server::flows::redeem::redeem(&app.state, &link, NEW.into(), &who).await;
        assert_eq!(outcome.map(drop), expected);
    }
}

#[tokio::test]
async fn an_admin_who_was_demoted_meanwhile_promotes_nobody() {
    let app = TestApp::with(&ROOMY).await;
    let client = Client { ip: "127.0.0.1".parse().unwrap(), user_agent: String::new() };
    app.logged_in_as(Role::Admin).await;
    let second = app.logged_in_as(Role::Admin).await;
    let stale = caller(&app, &second).await;
    let target = app.account(BOB, Role::User).await;
    // By hand, which leaves the session alone.
    let id = stale.user_id;
    crate::app::on_db!(&app.state.db, |c| {
        sqlx::query("update users set role = 'user' where id = $1").bind(id).execute(c).await.unwrap();
    });
    let outcome = set_role::set_role(&app.state, &stale, target, Role::Admin, &client).await;
    assert_eq!(outcome, Err(AppError::Forbidden));
    assert_eq!(app.count("select count(*) from users where role = 'admin'").await, 1);
}

#[tokio::test]
async fn a_code_that_leads_nowhere_is_used_up() {
    let app = TestApp::with(&ROOMY).await;
    let owner = app.signed_up(ADA).await;
    assert_eq!(status(&owner, "account/change_email", &[("email", BOB)]).await, 200);
    let secret = code(&*app.mail(BOB, "Confirm your new email address", 1).await);
    app.account(BOB, Role::User).await;
    for _ in 0..2 {
        assert_eq!(status(&owner, "auth/confirm", &[("code", &secret)]).await, 410);
    }
    assert_eq!(app.count("select count(*) from one_time_codes where spent_at is null").await, 0);
}
