//! The session cache: when a page reads the database, and what a change evicts.

use std::sync::Arc;

use chrono::TimeDelta;
use latchkey::auth::server::{
    caller::{Caller, Client},
    session::{
        cache::{Invalidation, SessionCache},
        lifecycle,
        status::Refused,
        store::SessionRow,
    },
    token::{claims::AccessClaims, session_id::SessionId},
};
use uuid::Uuid;

use crate::{
    app::TestApp,
    browser::{ACCESS, Browser},
};

/// What the browser's access token says.
fn claims(app: &TestApp, browser: &Browser) -> AccessClaims {
    app.state.keys.verify_access(&browser.cookie(ACCESS).unwrap()).unwrap()
}

/// The caller of a page that this browser asks for.
async fn reader(app: &TestApp, browser: &Browser) -> Caller {
    lifecycle::check(&app.state, &claims(app, browser), true).await.unwrap()
}

#[tokio::test]
async fn a_session_is_read_once_a_second() {
    let app = TestApp::spawn().await;
    let (ada, bob) = (app.signed_up("ada@example.test").await, app.signed_up("bob@example.test").await);
    for browser in [&ada, &bob] {
        assert!(reader(&app, browser).await.fresh, "the first page confirms the generation, which evicts the row");
        assert!(reader(&app, browser).await.fresh, "the second page caches it");
    }
    let mut rounds = 0..50;
    let both_known = async || !reader(&app, &ada).await.fresh && !reader(&app, &bob).await.fresh;
    while !both_known().await {
        assert!(rounds.next().is_some(), "every page reads the database");
    }
}

#[tokio::test]
async fn a_change_evicts_the_sessions_it_concerns_and_no_others() {
    let app = TestApp::spawn().await;
    let caller = reader(&app, &app.signed_up("ada@example.test").await).await;
    let row = Arc::new(lifecycle::of(&app.state, &caller).await.unwrap());
    let other = SessionId::random().hash();
    for (change, concerns) in [
        (Invalidation::Session(caller.session), true),
        (Invalidation::Session(other), false),
        (Invalidation::Account(caller.user_id), true),
        (Invalidation::Account(Uuid::now_v7()), false),
        (Invalidation::Anything, true),
    ] {
        let memory = SessionCache::default();
        memory.insert(memory.mark(), caller.session, row.clone());
        memory.invalidate(change);
        assert_eq!(memory.last_known(&caller.session).is_none(), concerns, "{change:?}");
    }
}

#[tokio::test]
async fn a_row_read_before_a_change_is_not_cached_after_it() {
    let app = TestApp::spawn().await;
    let caller = reader(&app, &app.signed_up("ada@example.test").await).await;
    let row = Arc::new(lifecycle::of(&app.state, &caller).await.unwrap());
    let kept_after = |change: fn(&SessionCache, &Caller)| {
        let memory = SessionCache::default();
        let mark = memory.mark();
        change(&memory, &caller);
        memory.insert(mark, caller.session, row.clone());
        memory.last_known(&caller.session).is_some()
    };
    assert!(kept_after(|_, _| {}));
    assert!(!kept_after(|memory, caller| memory.forget(&caller.session)));
    assert!(!kept_after(|memory, _| memory.invalidate(Invalidation::Account(Uuid::now_v7()))));
}

#[tokio::test]
async fn a_log_in_evicts_other_sessions_only_if_it_ends_one() {
    let app = TestApp::spawn().await;
    let oldest = reader(&app, &app.signed_up("ada@example.test").await).await;
    let row = Arc::new(lifecycle::of(&app.state, &oldest).await.unwrap());
    let memory = &app.state.session_cache;
    let client = Client { ip: "127.0.0.1".parse().unwrap(), user_agent: String::new() };
    let mut known = 0;
    // An account has at most 100 sessions.
    for n in 1..=100 {
        known += u32::from(memory.last_known(&oldest.session).is_some());
        memory.insert(memory.mark(), oldest.session, row.clone());
        let mut tx = app.state.db.begin().await.unwrap();
        let at = row.read_at + TimeDelta::minutes(n);
        lifecycle::begin(&app.state, &mut tx, oldest.user_id, None, &client, at).await.unwrap();
        tx.commit().await.unwrap();
    }
    // On PostgreSQL a node evicts everything once, when it begins to listen.
    assert!(known >= 98, "{known}");
    assert!(memory.last_known(&oldest.session).is_none());
}

#[tokio::test]
async fn a_token_of_another_account_or_epoch_is_refused_with_and_without_the_database() {
    let app = TestApp::spawn().await;
    let browser = app.signed_up("ada@example.test").await;
    let caller = reader(&app, &browser).await;
    let row = lifecycle::of(&app.state, &caller).await.unwrap();
    let good = claims(&app, &browser);
    let others = [AccessClaims { sub: Uuid::now_v7(), ..good.clone() }, AccessClaims { epoch: 1, ..good.clone() }];
    let email =
        async |claims: &AccessClaims| lifecycle::check(&app.state, claims, true).await.map(|c| c.identity.email);
    for claims in &others {
        assert_eq!(email(claims).await, Err(Refused::Ended));
    }

    app.state.db.close().await;
    let memory = &app.state.session_cache;
    let remember = |row: SessionRow| memory.insert(memory.mark(), row.id_hash, Arc::new(row));
    // The cache has no row of this generation, so the database is read and fails.
    let newer = |claims: &AccessClaims| AccessClaims { generation: 2, ..claims.clone() };
    remember(row.clone());
    assert_eq!(email(&newer(&good)).await.as_deref(), Ok("ada@example.test"));
    for claims in &others {
        assert_eq!(email(&newer(claims)).await, Err(Refused::Ended));
    }
    remember(SessionRow { revoked_at: Some(row.read_at), ..row });
    assert_eq!(email(&newer(&good)).await, Err(Refused::Ended));
    memory.forget(&caller.session);
    assert_eq!(email(&newer(&good)).await.as_deref(), Ok(""), "a token holds no address");
}
