//! Every pair of account functions at once on one account: no deadlock, and no response that asks to try again.
//! `LATCHKEY_LOCK_ROUNDS` sets the number of rounds (300).

use latchkey::{
    auth::{
        email_code::model::Purpose,
        model::Role,
        server::{
            Caller,
            caller::Client,
            email_code::code::{self, Detail, Presented},
            flows::{
                change_email, change_password, code_steps::Presenter, delete_account, log_in, log_out, magic_link,
                redeem, set_role,
            },
            session::{lifecycle, status::Refused},
            users,
            users::email_address::EmailAddress,
        },
    },
    error::AppError,
};
use uuid::Uuid;

use crate::app::{PASSWORD, TestApp, on_db};

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
/// Functions that [`act`] knows.
const ACTS: usize = 14;

/// A caller with a session of its own; `None` where another act ended it at once.
async fn caller(app: &TestApp, user_id: Uuid) -> Result<Option<Caller>, AppError> {
    let now = app.state.db.now().await?;
    let mut tx = app.state.db.begin().await?;
    users::owner_store::lock_owner(&mut tx, user_id).await?;
    let id = lifecycle::begin(&app.state, &mut tx, user_id, None, &client(), now).await?;
    tx.commit().await?;
    let issued = lifecycle::open_pair(&app.state, id, now).await?;
    let claims = app.state.keys.verify_access(&issued.access.0).unwrap();
    match lifecycle::check(&app.state, &claims, false).await {
        Ok(caller) => Ok(Some(caller)),
        Err(Refused::Unavailable) => Err(AppError::Unavailable),
        Err(_) => Ok(None),
    }
}

fn client() -> Client {
    Client { ip: "127.0.0.1".parse().unwrap(), user_agent: "A browser".into() }
}

/// A code that was mailed, and is about to be used by `caller`.
async fn use_code(app: &TestApp, purpose: Purpose, email: &str, caller: &Caller) -> Result<(), AppError> {
    let state = &app.state;
    let email = EmailAddress::parse(email).unwrap();
    let now = state.db.now().await?;
    let mut tx = state.db.begin().await?;
    users::owner_store::lock_owner(&mut tx, caller.user_id).await?;
    let (seed, ..) = code::make(state, &mut tx, purpose, &email, Some(caller.user_id), &Detail::default(), now).await?;
    tx.commit().await?;
    let link = state.keys.one_time_secrets(&seed).next().unwrap().link;
    let client = client();
    let who = Presenter { browser: None, caller: Some(caller), client: &client };
    redeem::redeem(state, &Presented::Link(link), "violet-anchor-seventeen".into(), &who).await.map(drop)
}

async fn act(app: &TestApp, number: usize, user_id: Uuid, admin: &Caller) -> Result<(), AppError> {
    let state = &app.state;
    let client = client();
    let Some(me) = caller(app, user_id).await? else {
        return Ok(());
    };
    let other_address = if number.is_multiple_of(2) { ADA } else { BOB };
    match number {
        0 => log_out::log_out(state, &me, &client).await,
        1 => log_out::other_devices(state, &me, &client).await,
        2 => log_out::everywhere(state, &me, &client).await,
        3 => log_out::device(state, &me, &me.session, &client).await,
        4 => delete_account::schedule(state, &me, &client).await,
        5 => delete_account::cancel(state, &me, &client).await,
        6 => set_role::set_role(state, admin, user_id, Role::Moderator, &client).await,
        7 => set_role::set_role(state, admin, user_id, Role::User, &client).await,
        8 => use_code(app, Purpose::ChangeEmail, BOB, &me).await,
        9 => use_code(app, Purpose::ChangeEmail, ADA, &me).await,
        10 => use_code(app, Purpose::LogIn, other_address, &me).await,
        11 => change_email::request(state, &me, "eve@example.test", &client).await.map(drop),
        12 => magic_link::request(state, other_address, "", &client).await.map(drop),
        _ => match log_in::log_in(state, other_address, PASSWORD.into(), None, None, &client).await {
            Ok(_) | Err(AppError::InvalidCredentials) => Ok(()),
            Err(error) => Err(error),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_two_changes_of_an_account_deadlock() {
    let rounds = std::env::var("LATCHKEY_LOCK_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let app = TestApp::with(&[
        ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000000"),
        ("LATCHKEY__THROTTLE__ACCOUNT_PER_FIVE_MINUTES", "1000000"),
        ("LATCHKEY__THROTTLE__MAILS_PER_HOUR", "1000000"),
        ("LATCHKEY__MAIL__TRANSPORT", "none"),
    ])
    .await;
    let user_id = app.account(ADA, Role::User).await;
    let admin = app.account("admin@example.test", Role::Admin).await;
    let admin = caller(&app, admin).await.unwrap().unwrap();
    let pairs: Vec<(usize, usize)> = (0..ACTS).flat_map(|a| (a..ACTS).map(move |b| (a, b))).collect();
    for round in 0..rounds {
        let (a, b) = pairs[round % pairs.len()];
        let outcomes = tokio::join!(
            act(&app, a, user_id, &admin),
            act(&app, b, user_id, &admin),
            act(&app, a, user_id, &admin),
            act(&app, b, user_id, &admin),
        );
        for outcome in [outcomes.0, outcomes.1, outcomes.2, outcomes.3] {
            let failed = matches!(
                outcome,
                Err(AppError::Conflict | AppError::Unavailable | AppError::Internal | AppError::Busy)
            );
            assert!(!failed, "round {round}, {a} beside {b}: {outcome:?}");
        }
    }
    let now = app.state.db.now().await.unwrap();
    users::owner_store::erase_due(&app.state.db, now).await.unwrap();
    // PostgreSQL's statistics are written when a connection rests.
    on_db!(&app.state.db, |c| {
        sqlx::query("select pg_stat_force_next_flush()").execute(c).await.unwrap();
    });
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(app.count(deadlocks).await, 0);
}
