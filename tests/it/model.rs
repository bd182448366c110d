//! Random histories of one session against the real store: honest browsers with lost responses and parallel tabs, and a
//! thief with a copy of the cookies. Time passes by making the row older. They check the invariants of
//! docs/decisions/0003-rotation.md.

use latchkey::{
    auth::{
        model::Role,
        server::{
            caller::Client,
            session,
            session::{cache::Invalidation, issue::Issued, lifecycle, status::Refused},
        },
    },
    server::state::AppState,
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::{
    app::{TestApp, on_db},
    crashes::times,
};

const ACCESS_TTL: Duration = Duration::from_secs(270);
const MIN_AGE: Duration = Duration::from_secs(10);

/// The cookies of one browser. `None`: the access token has expired.
#[derive(Clone, Default)]
struct Jar {
    access: Option<(String, Duration)>,
    refresh: String,
}

/// One session, its row's clock, and every token ever issued for it.
struct World<'a> {
    app: &'a TestApp,
    began: Instant,
    slept: Duration,
    issued_access: Vec<String>,
    issued_refresh: Vec<String>,
    bumps: Vec<Duration>,
    generation: u32,
}

impl<'a> World<'a> {
    /// Returns a new session and its browser.
    async fn begin(app: &'a TestApp, user_id: Uuid) -> (Self, Jar) {
        app.execute("delete from sessions").await;
        app.execute("delete from audit_events").await;
        let mut world = Self {
            app,
            began: Instant::now(),
            slept: Duration::ZERO,
            issued_access: Vec::new(),
            issued_refresh: Vec::new(),
            bumps: Vec::new(),
            generation: 1,
        };
        let client = Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: String::new() };
        let now = app.state.db.now().await.unwrap();
        let mut tx = app.state.db.begin().await.unwrap();
        let id = lifecycle::begin(&app.state, &mut tx, user_id, None, &client, now).await.unwrap();
        tx.commit().await.unwrap();
        let issued = lifecycle::open_pair(&app.state, id, now).await.unwrap();
        let mut jar = Jar::default();
        world.take(&mut jar, issued, true);
        (world, jar)
    }

    fn now(&self) -> Duration {
        self.slept + self.began.elapsed()
    }

    async fn sleep(&mut self, seconds: u32) {
        self.app.age_rotations(i64::from(seconds)).await;
        self.slept += Duration::from_secs(u64::from(seconds));
    }

    /// Records what was issued. The jar gets it unless the response is lost.
    fn take(&mut self, jar: &mut Jar, issued: Issued, arrives: bool) {
        let (access, _) = issued.access;
        self.issued_access.push(access.clone());
        if arrives {
            jar.access = Some((access, self.now() + ACCESS_TTL));
        }
        if let Some((refresh, _)) = issued.refresh {
            self.issued_refresh.push(refresh.clone());
            if arrives {
                jar.refresh = refresh;
            }
        }
    }

    /// Does what `identify` does with these cookies. `Err`: logged out.
    async fn request(&mut self, jar: &mut Jar, arrives: bool) -> Result<(), Refused> {
        let sent = jar.clone();
        let answer = present(&self.app.state, &sent, self.now()).await?;
        if let Some(issued) = answer {
            self.take(jar, issued, arrives);
        }
        self.note_generation().await;
        Ok(())
    }

    /// Sends several tabs' requests with the same cookies at once. Keeps what arrives in the order of the responses.
    async fn requests_at_once(&mut self, jar: &mut Jar, tabs: &[bool]) -> Result<(), Refused> {
        let mut running = tokio::task::JoinSet::new();
        for arrives in tabs.iter().copied() {
            let (state, sent, now) = (self.app.state.clone(), jar.clone(), self.now());
            running.spawn(async move { (present(&state, &sent, now).await, arrives) });
        }
        for (answer, arrives) in running.join_all().await {
            if let Some(issued) = answer? {
                self.take(jar, issued, arrives);
            }
        }
        self.note_generation().await;
        Ok(())
    }

    async fn note_generation(&mut self) {
        let generation = u32::try_from(self.app.generation().await).unwrap();
        for _ in self.generation..generation {
            self.bumps.push(self.now());
        }
        self.generation = generation;
    }

    /// Whether the table allows one more lost response before it assumes a thief.
    async fn may_lose(&self) -> bool {
        let lossy = "select reuse_streak + case when reuse_count > 0 then 1 else 0 end from sessions";
        self.app.count(lossy).await <= 1
    }

    fn assert_no_two_bumps_within_the_least_age(&self) {
        for pair in self.bumps.windows(2) {
            assert!(pair[1] - pair[0] >= MIN_AGE - Duration::from_millis(50), "{:?}", self.bumps);
        }
    }

    /// Presents everything that was ever issued. None of it may work or write.
    async fn assert_nothing_works(&self) {
        let before = self.row().await;
        for access in &self.issued_access {
            let claims = self.app.state.keys.verify_access(access).unwrap();
            let answer = lifecycle::check(&self.app.state, &claims, true).await;
            assert!(matches!(answer, Err(Refused::Ended | Refused::TokenReused)));
        }
        for refresh in &self.issued_refresh {
            let claims = self.app.state.keys.verify_refresh(refresh).unwrap();
            let answer = lifecycle::refresh(&self.app.state, &claims).await;
            assert!(matches!(answer, Err(Refused::Ended | Refused::TokenReused)));
        }
        assert_eq!(self.row().await, before);
    }

    async fn row(&self) -> (i64, i64, i64, Option<String>) {
        on_db!(&self.app.state.db, |c| sqlx::query_as(
            "select generation, confirmed_generation, reuse_count, revoked_reason from sessions"
        )
        .fetch_one(c)
        .await
        .unwrap())
    }
}

async fn present(state: &AppState, jar: &Jar, now: Duration) -> Result<Option<Issued>, Refused> {
    if let Some((access, expires)) = &jar.access
        && now < *expires
    {
        let claims = state.keys.verify_access(access).unwrap();
        lifecycle::check(state, &claims, true).await?;
        return Ok(None);
    }
    let claims = state.keys.verify_refresh(&jar.refresh).unwrap();
    lifecycle::refresh(state, &claims).await.map(|(_, issued)| Some(issued))
}

#[derive(Clone, Debug)]
enum Step {
    Sleep(u32),
    Request {
        lost: bool,
    },
    /// One entry per tab. `true`: its response is lost.
    AtOnce(Vec<bool>),
}

fn honest_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop_oneof![1u32..15, 200u32..400].prop_map(Step::Sleep),
        3 => any::<bool>().prop_map(|lost| Step::Request { lost }),
        1 => vec(any::<bool>(), 2..6).prop_map(Step::AtOnce),
    ]
}

fn run(cases: u32, mut history: impl FnMut(&TestApp, Uuid, &Runtime, &mut TestRunner)) {
    let runtime = Runtime::new().unwrap();
    let (app, user_id) = runtime.block_on(async {
        let app = TestApp::spawn().await;
        let user_id = app.account("ada@example.test", Role::User).await;
        (app, user_id)
    });
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    history(&app, user_id, &runtime, &mut runner);
    // Its connections close with the runtime that they live on.
    let _context = runtime.enter();
    drop(app);
}

#[test]
fn an_honest_browser_is_never_logged_out_and_rotates_at_most_once_in_the_least_age() {
    run(48, |app, user_id, runtime, runner| {
        runner
            .run(&vec(honest_step(), 10..60), |steps| {
                runtime.block_on(async {
                    let (mut world, mut jar) = World::begin(app, user_id).await;
                    let mut lost_in_a_row = 0;
                    for step in &steps {
                        match step {
                            Step::Sleep(seconds) => world.sleep(*seconds).await,
                            Step::Request { lost } => {
                                let lost = *lost && lost_in_a_row < 2 && world.may_lose().await;
                                lost_in_a_row = if lost { lost_in_a_row + 1 } else { 0 };
                                assert_eq!(world.request(&mut jar, !lost).await, Ok(()), "{steps:?}");
                            }
                            Step::AtOnce(tabs) => {
                                let may_lose = lost_in_a_row < 2 && world.may_lose().await;
                                let arrive: Vec<bool> = tabs.iter().map(|lost| !(*lost && may_lose)).collect();
                                lost_in_a_row = if arrive.contains(&true) { 0 } else { lost_in_a_row + 1 };
                                assert_eq!(world.requests_at_once(&mut jar, &arrive).await, Ok(()), "{steps:?}");
                            }
                        }
                    }
                    world.assert_no_two_bumps_within_the_least_age();
                    // And whatever ends it, ends all of it.
                    let now = app.state.db.now().await.unwrap();
                    let mut tx = app.state.db.begin().await.unwrap();
                    session::end_store::end_sessions_of(
                        &mut tx,
                        user_id,
                        session::end_store::EndReason::LoggedOut,
                        now,
                    )
                    .await
                    .unwrap();
                    tx.commit().await.unwrap();
                    app.state.session_cache.invalidate(Invalidation::Anything);
                    world.assert_nothing_works().await;
                });
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn a_thief_who_shares_a_session_with_its_owner_ends_it() {
    // Who acts, after how long: always further apart than the leeway, and with nothing but the refresh token.
    let turns = vec((any::<bool>(), 11u32..2_000), 24..40);
    run(48, |app, user_id, runtime, runner| {
        runner
            .run(&(vec(honest_step(), 0..10), turns.clone()), |(before, turns)| {
                let switches = turns.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
                prop_assume!(switches >= 8);
                runtime.block_on(async {
                    let (mut world, mut owner) = World::begin(app, user_id).await;
                    for step in &before {
                        match step {
                            Step::Sleep(seconds) => world.sleep(*seconds).await,
                            Step::Request { .. } | Step::AtOnce(_) => {
                                world.request(&mut owner, true).await.unwrap();
                            }
                        }
                    }
                    let mut thief = owner.clone();
                    let mut ended = false;
                    for (is_thief, gap) in &turns {
                        world.sleep(*gap).await;
                        let jar = if *is_thief { &mut thief } else { &mut owner };
                        jar.access = None;
                        if world.request(jar, true).await.is_err() {
                            ended = true;
                            break;
                        }
                    }
                    assert!(ended, "{turns:?}");
                    let told = "select count(*) from audit_events where kind = 'session_replayed'";
                    assert_eq!(app.count(told).await, 1);
                    world.assert_nothing_works().await;
                });
                Ok(())
            })
            .unwrap();
    });
}

/// One session after another, each refreshed a thousand times with as many lost responses as the table allows: most
/// repeated at once, some only after the leeway.
#[test]
fn honest_refreshes_by_the_thousand_end_no_session() {
    const EACH: usize = 1_000;
    let runtime = Runtime::new().unwrap();
    let (app, user_id) = runtime.block_on(async {
        // Each refresh rotates, without a clock to be moved.
        let app = TestApp::with(&[("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s")]).await;
        let user_id = app.account("ada@example.test", Role::User).await;
        (app, user_id)
    });
    let (mut refreshes, mut lost_answers) = (0, 0);
    for session in 0..times(3, 1_000) {
        runtime.block_on(async {
            let (mut world, mut jar) = World::begin(&app, user_id).await;
            for n in 0..EACH {
                if n % 10 == 0 {
                    world.sleep(11).await;
                }
                jar.access = None;
                let lost = n % 3 == 1 && world.may_lose().await;
                assert_eq!(world.request(&mut jar, !lost).await, Ok(()), "session {session}, refresh {n}");
                refreshes += 1;
                lost_answers += usize::from(lost);
            }
        });
    }
    assert!(lost_answers > refreshes / 10, "{lost_answers} of {refreshes} answers were lost");
    println!("{refreshes} refreshes of honest clients, {lost_answers} answers lost, 0 wrongful log-outs");
    let _context = runtime.enter();
    drop(app);
}
