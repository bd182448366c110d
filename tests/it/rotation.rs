//! The token pair over HTTP: every row of the decision table, races, limits, and what ends a session.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use latchkey::{
    auth::{
        model::Role,
        server::{
            session,
            session::{
                issue::issue,
                lifecycle,
                status::{Refused, check_active},
                store::SessionRow,
            },
        },
    },
    server::db::Db,
};
use sqlx::AssertSqlSafe;

use crate::{
    app::{PASSWORD, TestApp, on_db},
    browser::{ACCESS, REFRESH},
};

#[tokio::test]
async fn an_expired_access_token_is_refreshed_on_the_way_to_a_page() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let old = browser.cookie(REFRESH).unwrap();
    app.age_rotations(11).await;
    browser.forget_access();

    let page = browser.get("/profile").await;

    assert_eq!(page.status, 200);
    assert!(page.body.contains("ada@example.test"));
    assert_eq!(app.generation().await, 2);
    assert_ne!(browser.cookie(REFRESH).unwrap(), old);
    assert!(browser.cookie(ACCESS).is_some());
}

#[tokio::test]
async fn an_expired_access_token_is_refreshed_on_the_way_to_a_server_function_and_a_plain_form() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;

    app.age_rotations(11).await;
    browser.forget_access();
    assert!(browser.is_signed_in().await);
    assert_eq!(app.generation().await, 2);

    app.age_rotations(11).await;
    browser.forget_access();
    let saved = browser.submit("/profile", "profile/update", &[("display_name", "Ada"), ("bio", "")]).await;
    assert_eq!(saved.status, 303);
    assert_eq!(saved.header("location"), "/profile");
    assert_eq!(app.generation().await, 3);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn two_hundred_requests_at_once_with_one_expired_token_rotate_once_and_are_all_signed_in() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    // The pair came back before: it is in use.
    assert!(browser.is_signed_in().await);
    app.age_rotations(60).await;
    browser.forget_access();

    let mut requests = tokio::task::JoinSet::new();
    for n in 0..200 {
        let tab = browser.copy();
        requests.spawn(async move {
            let status = match n % 2 {
                0 => tab.get("/profile").await.status,
                _ => tab.api("auth/current_user", &[]).await.status,
            };
            (status, tab)
        });
    }
    let tabs = requests.join_all().await;

    assert!(tabs.iter().all(|(status, _)| *status == 200), "{:?}", tabs.iter().map(|t| t.0).collect::<Vec<_>>());
    assert_eq!(app.generation().await, 2);
    // Whatever order the answers came in, what each of them left in the jar still works.
    for (_, tab) in tabs.iter().take(20) {
        assert!(tab.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_young_refresh_token_buys_an_access_token_and_no_generation() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    for _ in 0..5 {
        browser.forget_access();
        assert!(browser.is_signed_in().await);
    }
    assert_eq!(app.generation().await, 1);
}

#[tokio::test]
async fn a_lost_response_is_sent_again_byte_for_byte() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    browser.forget_access();
    let lost = browser.copy();
    assert_eq!(lost.get("/profile").await.status, 200);
    assert_eq!(app.generation().await, 2);

    // The browser never saw that answer, and asks again with what it has; a parallel request, then much later.
    let again = browser.copy();
    assert!(again.is_signed_in().await);
    assert_eq!(again.cookie(REFRESH), lost.cookie(REFRESH));
    app.age_rotations(60).await;
    let later = browser.copy();
    assert!(later.is_signed_in().await);
    assert_eq!(app.generation().await, 2);
    assert_eq!(app.count("select reuse_count from sessions").await, 1);
    // And what it got last works.
    later.forget_access();
    assert!(later.is_signed_in().await);
    assert_eq!(app.generation().await, 3);
}

#[tokio::test]
async fn without_leeway_a_lost_response_is_still_sent_again() {
    let app = TestApp::with(&[("LATCHKEY__AUTH__REUSE_LEEWAY", "0s")]).await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    browser.forget_access();
    assert!(browser.copy().is_signed_in().await, "whose answer is lost");
    assert!(browser.is_signed_in().await);
    assert_eq!(app.count("select reuse_count from sessions where revoked_at is null").await, 1);
}

#[tokio::test]
async fn presenting_a_young_refresh_token_confirms_its_generation() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    for confirmed in [1, 2] {
        browser.forget_access();
        assert!(browser.is_signed_in().await);
        assert_eq!(app.generation().await, 2);
        assert_eq!(app.count("select confirmed_generation from sessions").await, confirmed);
    }
}

#[tokio::test]
async fn a_refresh_moves_the_idle_limit_before_it_bounds_the_access_token() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    // A minute before its end.
    app.age_idle_limits(14 * 24 * 60 * 60 - 60).await;
    browser.forget_access();
    let session = browser.api("session/current", &[]).await.json();
    let seconds = session["access_expires_in_seconds"].as_u64().unwrap();
    assert!((265..=300).contains(&seconds), "{session}");
}

#[tokio::test]
async fn the_demo_replays_the_previous_token() {
    let app = TestApp::with(&[("LATCHKEY__DEMO__SEED", "true")]).await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    browser.forget_access();
    for _ in 0..2 {
        assert!(browser.is_signed_in().await);
    }
    assert_eq!(browser.api("demo/replay", &[]).await.status, 200, "within the leeway");
    assert!(browser.is_signed_in().await);
    app.age_rotations(11).await;
    assert_eq!(browser.api("demo/replay", &[]).await.status, 401);
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.count("select count(*) from sessions where revoked_reason = 'replayed'").await, 1);
}

#[tokio::test]
async fn why_a_session_ended_is_a_table() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let claims = app.state.keys.verify_access(&browser.cookie(ACCESS).unwrap()).unwrap();
    let caller = lifecycle::check(&app.state, &claims, false).await.unwrap();
    let row = lifecycle::of(&app.state, &caller).await.unwrap();
    let now = row.read_at;
    let ended = |reason: &str, seconds: i64| SessionRow {
        revoked_at: Some(now - TimeDelta::seconds(seconds)),
        revoked_reason: Some(reason.into()),
        ..row.clone()
    };
    let past = |row: SessionRow| SessionRow { user_epoch: row.session_epoch + 1, ..row };
    for (case, row, outcome) in [
        ("alive", row.clone(), Ok(())),
        ("idle", SessionRow { idle_until: now, ..row.clone() }, Err(Refused::Ended)),
        ("too old", SessionRow { not_after: now, ..row.clone() }, Err(Refused::Ended)),
        ("disabled", SessionRow { state: "disabled".into(), ..row.clone() }, Err(Refused::Ended)),
        ("logged out", ended("logged_out", 1), Err(Refused::Ended)),
        ("replaced just now", ended("replaced", 59), Err(Refused::Replaced)),
        ("replaced a minute ago", ended("replaced", 60), Err(Refused::Ended)),
        ("replayed", ended("replayed", 1), Err(Refused::TokenReused)),
        ("role changed by hand", past(row.clone()), Err(Refused::Changed)),
        ("role changed", past(ended("role_changed", 1)), Err(Refused::Changed)),
        ("password changed", past(ended("password_changed", 1)), Err(Refused::Ended)),
    ] {
        assert_eq!(check_active(&row, now), outcome, "{case}");
    }
}

#[tokio::test]
async fn a_pair_is_sent_again_three_times_and_then_the_session_ends() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    browser.forget_access();
    browser.copy().get("/profile").await;
    app.age_rotations(60).await;
    for _ in 0..3 {
        // However many tabs ask in the same moment, that is one time.
        for _ in 0..5 {
            assert!(browser.copy().is_signed_in().await);
        }
        app.age_rotations(11).await;
    }
    assert!(!browser.copy().is_signed_in().await);
    assert_eq!(app.count("select count(*) from sessions where revoked_reason = 'replayed'").await, 1);
}

#[tokio::test]
async fn within_the_leeway_the_token_before_buys_an_access_token_only() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    browser.forget_access();
    let slow_tab = browser.copy();
    assert!(browser.is_signed_in().await);
    assert!(browser.is_signed_in().await, "the new pair is confirmed by its use");

    let answer = slow_tab.api("auth/current_user", &[]).await;

    assert_eq!(answer.status, 200);
    let set = answer.set_cookies();
    assert!(set.iter().any(|line| line.starts_with(ACCESS)), "{set:?}");
    assert!(!set.iter().any(|line| line.starts_with(REFRESH)), "{set:?}");
    assert_eq!(app.generation().await, 2);
}

#[tokio::test]
async fn a_stolen_token_ends_the_session_for_thief_and_owner() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up("ada@example.test").await;
    let thief = owner.copy();
    app.age_rotations(11).await;
    owner.forget_access();
    assert!(owner.is_signed_in().await);
    assert!(owner.is_signed_in().await);
    app.age_rotations(11).await;

    thief.forget_access();
    let answer = thief.api("auth/current_user", &[]).await;

    assert_eq!(answer.status, 401);
    assert_eq!(thief.cookie(REFRESH), None, "both cookies are cleared");
    assert!(!owner.is_signed_in().await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'session_replayed'").await, 1);
}

#[tokio::test]
async fn a_token_of_two_generations_ago_is_a_replay_at_once() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up("ada@example.test").await;
    let old = owner.copy();
    for _ in 0..2 {
        app.age_rotations(11).await;
        owner.forget_access();
        assert!(owner.is_signed_in().await);
    }
    old.forget_access();
    assert!(!old.is_signed_in().await);
    assert!(!owner.is_signed_in().await);
}

#[tokio::test]
async fn a_token_ahead_of_the_database_ends_its_session() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(11).await;
    browser.forget_access();
    assert!(browser.is_signed_in().await);
    // As after a backup was restored.
    app.execute("update sessions set generation = 1, confirmed_generation = 1").await;
    let with_access = browser.copy();
    browser.forget_access();
    assert!(!browser.is_signed_in().await);
    assert!(!with_access.is_signed_in().await);
    assert_eq!(app.count("select count(*) from audit_events where kind = 'session_ahead'").await, 1);
}

#[tokio::test]
async fn an_access_token_outlives_a_rotation_and_one_ahead_of_the_database_ends_its_session() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let before = browser.copy();
    app.age_rotations(11).await;
    browser.forget_access();
    assert!(browser.is_signed_in().await);
    assert_eq!(app.generation().await, 2);
    assert!(before.is_signed_in().await, "until it expires");
    // As after a backup was restored.
    app.execute("update sessions set generation = 1, confirmed_generation = 1").await;
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.count("select count(*) from sessions where revoked_reason = 'ahead'").await, 1);
}

#[tokio::test]
async fn refreshing_ahead_rotates_once_the_token_is_old_enough() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    assert_eq!(browser.api("auth/refresh", &[]).await.status, 200);
    assert_eq!(app.generation().await, 1);
    app.age_rotations(11).await;
    assert_eq!(browser.api("auth/refresh", &[]).await.status, 200);
    assert_eq!(app.generation().await, 2);
    assert_eq!(app.browser().api("auth/refresh", &[]).await.status, 401);
}

#[tokio::test]
async fn log_out_kills_both_tokens() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let copy = browser.copy();

    let answer = browser.api("auth/log_out", &[]).await;

    assert_eq!(answer.status, 200);
    assert_eq!((browser.cookie(ACCESS), browser.cookie(REFRESH)), (None, None));
    assert!(!copy.copy().is_signed_in().await, "the access token is dead");
    copy.forget_access();
    assert!(!copy.is_signed_in().await, "the refresh token is dead");
}

#[tokio::test]
async fn log_out_wins_against_refreshes_that_race_it() {
    let app = TestApp::spawn().await;
    for round in 0..5 {
        let browser = Arc::new(app.signed_up(&format!("ada{round}@example.test")).await);
        app.age_rotations(60).await;
        let mut racing = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let tab = browser.copy();
            tab.forget_access();
            racing.spawn(async move {
                tab.get("/profile").await;
                tab
            });
        }
        let answer = browser.api("auth/log_out", &[]).await;
        assert_eq!(answer.status, 200);
        for tab in racing.join_all().await {
            assert!(!tab.is_signed_in().await);
            tab.forget_access();
            assert!(!tab.is_signed_in().await);
        }
    }
}

#[tokio::test]
async fn logging_in_opens_a_new_session_and_ends_the_browsers_old_one() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let before = browser.copy();
    browser.log_in("ada@example.test").await;
    assert!(!before.is_signed_in().await);
    assert!(browser.is_signed_in().await);
    assert_eq!(app.count("select count(*) from sessions where revoked_reason = 'replaced'").await, 1);
}

#[tokio::test]
async fn a_replaced_session_ends_at_once_for_pages_that_use_the_cache() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let before = browser.copy();
    for _ in 0..3 {
        assert_eq!(before.get("/profile").await.status, 200);
    }
    browser.log_in("ada@example.test").await;
    assert_eq!(before.get("/profile").await.status, 302);
}

#[tokio::test]
async fn both_limits_end_a_session() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_idle_limits(15 * 24 * 60 * 60).await;
    assert!(!browser.copy().is_signed_in().await, "the access token does not outlive the idle limit");
    browser.forget_access();
    assert!(!browser.is_signed_in().await);

    let browser = app.browser();
    browser.log_in("ada@example.test").await;
    app.age_absolute_limits(31 * 24 * 60 * 60).await;
    assert!(!browser.copy().is_signed_in().await);
    browser.forget_access();
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn use_moves_the_idle_limit_and_never_the_absolute_one() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_idle_limits(13 * 24 * 60 * 60).await;
    app.age_absolute_limits(13 * 24 * 60 * 60).await;
    app.age_rotations(11).await;
    browser.forget_access();
    assert!(browser.is_signed_in().await);
    app.age_idle_limits(13 * 24 * 60 * 60).await;
    assert!(browser.is_signed_in().await);
    app.age_absolute_limits(18 * 24 * 60 * 60).await;
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a_changed_role_ends_what_was_issued_before_at_once() {
    let app = TestApp::spawn().await;
    let admin = app.logged_in_as(Role::Admin).await;
    let user = app.signed_up("ada@example.test").await;
    assert!(user.is_signed_in().await);
    let id = app.user_id("ada@example.test").await.to_string();

    let answer = admin.api("admin/set_role", &[("user_id", &id), ("role", "moderator")]).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!user.copy().is_signed_in().await);
    user.forget_access();
    assert!(!user.is_signed_in().await);
    user.log_in("ada@example.test").await;
    assert_eq!(user.get("/moderation").await.status, 200);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_cannot_come_back() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.execute("update users set state = 'disabled'").await;
    assert!(!browser.copy().is_signed_in().await);
    browser.forget_access();
    assert!(!browser.is_signed_in().await);
    let answer = browser.api("auth/log_in", &[("email", "ada@example.test"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["code"], "invalid_credentials");
}

#[tokio::test]
async fn another_node_learns_of_a_log_out_within_a_second() {
    let app = TestApp::spawn().await;
    let other = app.node(&[]).await;
    let here = app.signed_up("ada@example.test").await;
    let there = other.browser();
    for name in [ACCESS, REFRESH] {
        there.set_cookie(name, here.cookie(name).unwrap());
    }
    assert_eq!(there.get("/profile").await.status, 200);
    here.api("auth/log_out", &[]).await;
    // What changes something asks the database at once; a page may be up to a second behind.
    assert!(!there.copy().is_signed_in().await);
    let since = std::time::Instant::now();
    while there.copy().get("/profile").await.status == 200 {
        assert!(since.elapsed() < std::time::Duration::from_secs(2));
    }
}

#[tokio::test]
async fn tokens_of_the_secret_before_are_good_until_it_is_taken_out() {
    let app = TestApp::spawn().await;
    let old = app.state.config.auth.secret.clone().unwrap();
    let browser = app.signed_up("ada@example.test").await;
    let new = "next-9876543210-zyxwvutsrqponmlkjihgfedcba";

    let both = app
        .node(&[("LATCHKEY__AUTH__SECRET", new), ("LATCHKEY__AUTH__PREVIOUS_SECRETS", &format!("[\"{old}\"]"))])
        .await;
    let on_both = both.browser();
    on_both.set_cookie(REFRESH, browser.cookie(REFRESH).unwrap());
    assert!(on_both.is_signed_in().await);

    let only_new = app.node(&[("LATCHKEY__AUTH__SECRET", new)]).await;
    let on_new = only_new.browser();
    on_new.set_cookie(REFRESH, on_both.cookie(REFRESH).unwrap());
    assert!(on_new.is_signed_in().await, "it was signed anew with the new secret");
    let too_late = only_new.browser();
    too_late.set_cookie(REFRESH, browser.cookie(REFRESH).unwrap());
    assert!(!too_late.is_signed_in().await);
}

#[tokio::test]
async fn static_files_and_prefetches_never_rotate() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    app.age_rotations(60).await;
    browser.forget_access();
    assert_eq!(browser.get("/favicon.svg").await.status, 200);
    for path in ["/pkg/latchkey.js", "/favicon.svg", "/healthz", "/readyz"] {
        assert!(browser.get(path).await.set_cookies().is_empty(), "{path}");
    }
    let prefetch = browser
        .send(reqwest::Method::GET, "/profile", &[("accept", "text/html"), ("sec-purpose", "prefetch")], None)
        .await;
    assert_eq!(prefetch.status, 503);
    assert!(prefetch.set_cookies().is_empty());
    assert_eq!(app.generation().await, 1);
}

#[tokio::test]
async fn the_log_in_page_says_why_it_is_there() {
    let app = TestApp::spawn().await;
    let changed = app.signed_up("ada@example.test").await;
    let admin = app.logged_in_as(Role::Admin).await;
    let id = app.user_id("ada@example.test").await.to_string();
    admin.api("admin/set_role", &[("user_id", &id), ("role", "moderator")]).await;
    let led = changed.get("/profile").await;
    assert_eq!((led.status, led.header("location")), (302, "/login?next=/profile"));
    assert!(changed.get("/login?next=/profile").await.body.contains("Your role has changed"));
    assert!(!changed.get("/login").await.body.contains("Your role has changed"), "it is said once");

    let ended = app.signed_up("eve@example.test").await;
    app.execute("update sessions set revoked_at = created_at, revoked_reason = 'ahead' where revoked_at is null").await;
    ended.get("/profile").await;
    assert!(ended.get("/login").await.body.contains("Your session has ended"));
}

#[tokio::test]
async fn the_owner_of_a_copied_session_is_told() {
    let app = TestApp::spawn().await;
    let owner = app.signed_up("ada@example.test").await;
    let thief = owner.copy();
    for _ in 0..2 {
        app.age_rotations(11).await;
        owner.forget_access();
        assert!(owner.is_signed_in().await);
    }
    thief.forget_access();
    assert!(!thief.is_signed_in().await);
    assert_eq!(owner.get("/profile").await.status, 302);
    let page = owner.get("/login").await.body;
    assert!(page.contains("someone may have copied it"), "{page}");
}

#[tokio::test]
async fn access_tokens_live_up_to_a_tenth_less_at_random() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let claims = app.state.keys.verify_access(&browser.cookie(ACCESS).unwrap()).unwrap();
    let caller = lifecycle::check(&app.state, &claims, false).await.unwrap();
    let row = lifecycle::of(&app.state, &caller).await.unwrap();
    let lifetimes: BTreeSet<Duration> = (0..100)
        .map(|_| issue(&app.state, claims.sid, &row, false, row.read_at).unwrap().access.1)
        .inspect(|lifetime| assert!((270..=300).contains(&lifetime.as_secs()), "{lifetime:?}"))
        .collect();
    assert!(lifetimes.len() > 50, "{lifetimes:?}");
}

#[tokio::test]
async fn a_token_that_another_node_has_just_rotated_is_not_taken_for_one_ahead() {
    let app = TestApp::spawn().await;
    let other = app.node(&[]).await;
    let here = app.signed_up("ada@example.test").await;
    let there = other.browser();
    let carry_over = || {
        for name in [ACCESS, REFRESH] {
            there.set_cookie(name, here.cookie(name).unwrap());
        }
    };
    app.age_rotations(11).await;
    carry_over();
    // The first use confirms the generation, which forgets the row; the second keeps it.
    for _ in 0..2 {
        assert_eq!(there.get("/profile").await.status, 200);
    }
    here.forget_access();
    assert!(here.is_signed_in().await);
    carry_over();
    assert_eq!(there.get("/profile").await.status, 200, "and meets generation 2 within the second");
    assert_eq!(app.count("select count(*) from sessions where revoked_at is not null").await, 0);
}

#[tokio::test]
async fn sessions_past_their_limit_are_forgotten_however_many_they_are() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let id = match &app.state.db {
        Db::Sqlite(_) => "randomblob(32)",
        Db::Postgres(_) => "decode(md5(random()::text) || md5(random()::text), 'hex')",
    };
    let past = format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)
         insert into sessions (id_hash, user_id, secret, authz_epoch, generation, rotated_at, confirmed_generation,
                               reuse_count, reuse_streak, created_at, last_seen_at, idle_until, not_after, auth_time, aal,
                               user_agent, ip)
         select {id}, user_id, secret, authz_epoch, generation, rotated_at, confirmed_generation, reuse_count,
                reuse_streak, created_at, last_seen_at, idle_until, idle_until, auth_time, aal, user_agent, ip
         from sessions, n"
    );
    on_db!(&app.state.db, |c| sqlx::query(AssertSqlSafe(past)).execute(c).await.map(|_| ())).unwrap();
    assert_eq!(app.count("select count(*) from sessions").await, 2501);

    // Between the ends of both kinds. Sessions past their limit now would also be deleted by the server's own task.
    let then = app.state.db.now().await.unwrap() + TimeDelta::days(15);
    assert_eq!(session::store::forget_sessions(&app.state.db, then).await.unwrap(), 2500);

    assert_eq!(app.count("select count(*) from sessions").await, 1);
    assert!(browser.is_signed_in().await);
}
