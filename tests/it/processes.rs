//! Two server processes on one database: a session that ends in one ends in the other within a second.

use latchkey::server::{config::Config, db::Db};
use std::time::{Duration, Instant};

use crate::{
    app::{ORIGIN, PASSWORD, on_db},
    browser::{ACCESS, Browser, REFRESH},
    config_cli::{Place, SECRET},
};

/// The promise is one second after the response. The rest is for requests on a slow machine.
const BOUND: Duration = Duration::from_secs(3);

const SETTINGS: [(&str, &str); 4] = [
    ("LATCHKEY__AUTH__SECRET", SECRET),
    ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
    ("LATCHKEY__THROTTLE__CLIENT_PER_MINUTE", "1000"),
    ("LATCHKEY__DEMO__SEED", "true"),
];

async fn signed_up(at: std::net::SocketAddr, email: &str) -> Browser {
    let browser = Browser::new(at, ORIGIN.into());
    let answer = browser.api("auth/sign_up", &[("email", email), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    browser
}

#[tokio::test]
async fn what_one_process_ends_is_over_at_the_other_within_a_second() {
    let place = Place::new().await;
    let (one, two) = (place.serve(&SETTINGS), place.serve(&SETTINGS));
    let environment =
        [("LEPTOS_ENV".to_owned(), "DEV".to_owned()), ("DATABASE_URL".to_owned(), place.database.clone())];
    let db = Db::open(&Config::parse("", environment).unwrap().database).await.unwrap();
    let admin = Browser::new(one.address, ORIGIN.into());
    let log_in = [("email", "admin@demo.test"), ("password", "correct-horse-battery")];
    assert_eq!(admin.api("auth/log_in", &log_in).await.status, 200);

    let mut seen = Vec::new();
    for (n, how) in ["log out", "revocation", "everywhere", "role", "ban"].into_iter().cycle().take(10).enumerate() {
        let email = format!("ada{n}@example.test");
        let here = signed_up(one.address, &email).await;
        let id = here.api("auth/current_user", &[]).await.json()["user_id"].as_str().unwrap().to_owned();
        let there = Browser::new(two.address, ORIGIN.into());
        for name in [ACCESS, REFRESH] {
            there.set_cookie(name, here.cookie(name).unwrap());
        }
        // Known there, and remembered.
        for _ in 0..3 {
            assert_eq!(there.get("/profile").await.status, 200);
        }
        let answer = match how {
            "log out" => here.api("auth/log_out", &[]).await,
            "everywhere" => here.api("auth/log_out_everywhere", &[]).await,
            "role" => admin.api("admin/set_role", &[("user_id", &id), ("role", "moderator")]).await,
            "revocation" => {
                let other = Browser::new(one.address, ORIGIN.into());
                other.api("auth/log_in", &[("email", &email), ("password", PASSWORD)]).await;
                other.api("devices/revoke_others", &[]).await
            }
            _ => {
                let id: uuid::Uuid = id.parse().unwrap();
                on_db!(&db, |c| {
                    sqlx::query("update users set state = 'disabled' where id = $1").bind(id).execute(c).await.unwrap();
                });
                admin.get("/").await
            }
        };
        assert_eq!(answer.status, 200, "{how}: {}", answer.body);
        let ended = Instant::now();
        while there.copy().get("/profile").await.status == 200 {
            assert!(ended.elapsed() < BOUND, "{how} is not seen");
        }
        seen.push((ended.elapsed(), how));
    }
    let slowest = seen.iter().max().unwrap();
    println!("two processes, {} ends: the slowest ({}) was seen after {:?}", seen.len(), slowest.1, slowest.0);
}
