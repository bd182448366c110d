//! Reads by key that come at once: who is answered by which query, and what happens when one fails or somebody goes away.

use futures_util::{FutureExt, future::BoxFuture, poll};
use latchkey::{
    auth::model::Role,
    error::AppError,
    server::db::{
        Db,
        together::{ByKey, KEYS},
    },
};
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::{TestApp, on_db};

/// An account's address, by the account's id. Each test has a kind of its own, and so a queue of its own.
#[derive(Clone, Debug, PartialEq)]
struct Address<const TEST: usize>(Uuid, String);

/// What one test knows of its queries, and how it holds them up.
struct Gate {
    asked: Mutex<Vec<Vec<Uuid>>>,
    /// A query has its rows, and waits here for a permit before it hands them over.
    open: Semaphore,
    broken: AtomicBool,
}

static GATES: [Gate; 5] = [const { Gate::shut() }; 5];

impl Gate {
    const fn shut() -> Self {
        Self { asked: Mutex::new(Vec::new()), open: Semaphore::const_new(0), broken: AtomicBool::new(false) }
    }

    fn asked(&self) -> Vec<Vec<Uuid>> {
        self.asked.lock().unwrap().clone()
    }

    async fn wait_for_queries(&self, count: usize) {
        while self.asked().len() < count {
            tokio::task::yield_now().await;
        }
    }
}

impl<const TEST: usize> ByKey for Address<TEST> {
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.0
    }

    async fn find_all(db: &Db, keys: [Uuid; KEYS]) -> sqlx::Result<Vec<Self>> {
        let gate = &GATES[TEST];
        let table = if gate.broken.load(Ordering::Relaxed) { "no_such_table" } else { "users" };
        let places: Vec<String> = (1..=KEYS).map(|place| format!("${place}")).collect();
        let sql = format!("select id, email from {table} where id in ({})", places.join(", "));
        let rows: sqlx::Result<Vec<(Uuid, String)>> = on_db!(db, |c| {
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
            keys.iter().fold(query, |query, key| query.bind(*key)).fetch_all(c).await
        });
        let mut distinct = keys.to_vec();
        distinct.dedup();
        gate.asked.lock().unwrap().push(distinct);
        gate.open.acquire().await.unwrap().forget();
        Ok(rows?.into_iter().map(|(id, email)| Self(id, email)).collect())
    }
}

/// Asks, and is in the queue once this returns.
async fn ask<const TEST: usize>(app: &TestApp, key: Uuid) -> BoxFuture<'_, Result<Option<Address<TEST>>, AppError>> {
    let mut asks = app.state.together.find(&app.state.db, key).boxed();
    assert!(poll!(&mut asks).is_pending());
    asks
}

async fn three_accounts(app: &TestApp) -> [Uuid; 3] {
    let mut ids = Vec::new();
    for email in ["ada@example.test", "bob@example.test", "cyd@example.test"] {
        ids.push(app.account(email, Role::User).await);
    }
    ids.try_into().unwrap()
}

fn address<const TEST: usize>(id: Uuid, email: &str) -> Result<Option<Address<TEST>>, AppError> {
    Ok(Some(Address(id, email.to_owned())))
}

#[tokio::test]
async fn those_who_come_meanwhile_are_asked_for_together_and_each_is_given_its_own() {
    let (app, gate) = (TestApp::spawn().await, &GATES[0]);
    let [ada, bob, cyd] = three_accounts(&app).await;
    let nobody = Uuid::now_v7();

    let first = ask::<0>(&app, ada).await;
    gate.wait_for_queries(1).await;
    let (second, third) = (ask::<0>(&app, cyd).await, ask::<0>(&app, bob).await);
    let (fourth, fifth) = (ask::<0>(&app, nobody).await, ask::<0>(&app, cyd).await);
    gate.open.add_permits(2);

    assert_eq!(first.await, address(ada, "ada@example.test"));
    assert_eq!(second.await, address(cyd, "cyd@example.test"));
    assert_eq!(third.await, address(bob, "bob@example.test"));
    assert_eq!(fourth.await, Ok(None));
    assert_eq!(fifth.await, address(cyd, "cyd@example.test"));
    assert_eq!(gate.asked(), [vec![ada], vec![cyd, bob, nobody, cyd]]);
}

#[tokio::test]
async fn an_answer_is_never_older_than_its_question() {
    let (app, gate) = (TestApp::spawn().await, &GATES[1]);
    let [ada, ..] = three_accounts(&app).await;

    let before = ask::<1>(&app, ada).await;
    gate.wait_for_queries(1).await;
    app.execute("update users set email = 'ada@elsewhere.test' where email = 'ada@example.test'").await;
    let after = ask::<1>(&app, ada).await;
    gate.open.add_permits(2);

    assert_eq!(before.await, address(ada, "ada@example.test"));
    assert_eq!(after.await, address(ada, "ada@elsewhere.test"));
}

#[tokio::test]
async fn who_goes_away_holds_nobody_up_and_is_not_asked_for() {
    let (app, gate) = (TestApp::spawn().await, &GATES[2]);
    let [ada, bob, cyd] = three_accounts(&app).await;

    let first = ask::<2>(&app, ada).await;
    gate.wait_for_queries(1).await;
    let (second, third) = (ask::<2>(&app, bob).await, ask::<2>(&app, cyd).await);
    drop((first, second));
    gate.open.add_permits(2);

    assert_eq!(third.await, address(cyd, "cyd@example.test"));
    assert_eq!(gate.asked(), [[ada], [cyd]]);
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_waited_and_the_next_one_asks_anew() {
    let (app, gate) = (TestApp::spawn().await, &GATES[3]);
    let [ada, bob, cyd] = three_accounts(&app).await;
    gate.open.add_permits(3);

    gate.broken.store(true, Ordering::Relaxed);
    let (first, second) = (ask::<3>(&app, ada).await, ask::<3>(&app, bob).await);
    assert_eq!((first.await, second.await), (Err(AppError::Internal), Err(AppError::Internal)));

    gate.broken.store(false, Ordering::Relaxed);
    assert_eq!(ask::<3>(&app, cyd).await.await, address(cyd, "cyd@example.test"));
}

#[tokio::test]
async fn a_query_begins_once_whoever_is_ready_has_asked() {
    let (app, gate) = (TestApp::spawn().await, &GATES[4]);
    let [ada, bob, ..] = three_accounts(&app).await;
    gate.open.add_permits(2);

    // The task that is to make the query is ready first, and the one that asks next comes after it.
    let first = ask::<4>(&app, ada).await;
    let state = app.state.clone();
    let second = tokio::spawn(async move { state.together.find::<Address<4>>(&state.db, bob).await });

    assert_eq!(first.await, address(ada, "ada@example.test"));
    assert_eq!(second.await.unwrap(), address(bob, "bob@example.test"));
    assert_eq!(gate.asked(), [[ada, bob]]);
}
