//! The log of the real server at its most talkative: no password, no token, no key stands in it.

use std::collections::BTreeSet;

use crate::{
    app::ORIGIN,
    browser::{ACCESS, Browser, REFRESH},
    config_cli::{Place, SECRET},
};

const RIGHT: &str = "canary-right-tidal-lantern";
const WRONG: &str = "canary-wrong-tidal-lantern";

/// Does whatever a user can do; all cookies that were there on the way.
async fn live(browser: &Browser) -> BTreeSet<String> {
    let mut cookies = BTreeSet::new();
    let remember = |cookies: &mut BTreeSet<String>| {
        cookies.extend([ACCESS, REFRESH].iter().filter_map(|name| browser.cookie(name)));
    };
    let mail = ("email", "canary-mail@example.test");
    let statuses = [
        browser.api("auth/sign_up", &[mail, ("password", RIGHT), ("display_name", "Canary")]).await.status,
        browser.api("auth/password_strength", &[mail, ("password", RIGHT)]).await.status,
    ];
    assert_eq!(statuses, [200, 200]);
    remember(&mut cookies);
    for path in ["/", "/profile", "/profile?canary-query=1"] {
        assert_eq!(browser.get(path).await.status, 200);
    }
    assert_eq!(browser.api("auth/refresh", &[]).await.status, 200);
    remember(&mut cookies);
    browser.forget_access();
    assert!(browser.is_signed_in().await, "refreshed on the way");
    remember(&mut cookies);
    assert_eq!(browser.api("profile/update", &[("display_name", "Canary"), ("bio", "canary-bio")]).await.status, 200);
    assert_eq!(browser.api("auth/log_out", &[]).await.status, 200);
    // Failures, whose causes are what a log is for.
    assert_eq!(browser.api("auth/log_in", &[mail, ("password", WRONG)]).await.status, 401);
    assert_eq!(browser.submit("/login", "auth/log_in", &[mail, ("password", WRONG)]).await.status, 303);
    assert_eq!(browser.api("auth/log_in", &[("email", WRONG), ("password", WRONG)]).await.status, 422);
    assert_eq!(browser.api("auth/sign_up", &[mail, ("password", "canary-x")]).await.status, 422);
    assert_eq!(browser.api("auth/log_in", &[mail, ("password", RIGHT)]).await.status, 200);
    remember(&mut cookies);
    let dead = Browser::new(browser_address(browser), ORIGIN.into());
    for cookie in &cookies {
        dead.set_cookie(ACCESS, format!("{cookie}x"));
        dead.set_cookie(REFRESH, cookie.clone());
        assert!(!dead.is_signed_in().await);
        assert_eq!(dead.get("/profile").await.status, 302);
    }
    assert!(cookies.len() >= 5, "{}", cookies.len());
    cookies
}

/// The secrets, whole and in the parts that would be as good.
fn secrets(cookies: &BTreeSet<String>) -> Vec<String> {
    let parts = cookies.iter().flat_map(|cookie| cookie.split('.').skip(1).map(str::to_owned));
    [RIGHT, WRONG, "canary-x", SECRET, "argon2id$", "canary-query"].map(str::to_owned).into_iter().chain(parts).collect()
}

async fn log_of(settings: &[(&str, &str)]) -> (String, Vec<String>) {
    let place = Place::new().await;
    let fixed = [
        ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN),
        ("LATCHKEY__AUTH__SECRET", SECRET),
        ("LATCHKEY__AUTH__ROTATION_MIN_AGE", "0s"),
    ];
    let server = place.serve(&[&fixed, settings].concat());
    let address = server.address;
    // The pipe is read all the while: a full one would stop the server.
    let browser = Browser::new(address, ORIGIN.into());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let reading = tokio::task::spawn_blocking(move || server.stop_when(stopped));
    let cookies = live(&browser).await;
    stop.send(()).unwrap();
    let (code, log) = reading.await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    (log, secrets(&cookies))
}
