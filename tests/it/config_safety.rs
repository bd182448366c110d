//! Safe defaults: a forgotten or wrong setting must not weaken security.

use std::{os::unix::fs::PermissionsExt, process::Stdio};

use crate::{
    app::{TestApp, is_postgres},
    config_cli::{PRODUCTION, Place, refuses, text},
};

/// What a mistake must never print.
const CANARY: &str = "canary-0123456789abcdefghijklmnop";

#[tokio::test]
async fn the_binary_is_for_production_unless_told_otherwise() {
    let place = Place::new().await;
    let output = place.command(&["config", "check"], &[]).env_remove("LEPTOS_ENV").output().unwrap();
    refuses(&output, &["server.public_url", "https://"], "nothing set");
    // With an address and a secret it is production, where nobody's mails are shown.
    let whole = [PRODUCTION[1], PRODUCTION[2], ("LATCHKEY__DEMO__SEED", "true")];
    let output = place.command(&["config", "check"], &whole).env_remove("LEPTOS_ENV").output().unwrap();
    refuses(&output, &["demo.seed", "PROD"], "demo accounts");
}

#[tokio::test]
async fn dev_listens_on_this_machine_alone_unless_told_otherwise() {
    let place = Place::new().await;
    for address in ["0.0.0.0:3000", "192.0.2.1:3000", "[::]:3000"] {
        let beyond = ("LEPTOS_SITE_ADDR", address);
        let words = ["LEPTOS_SITE_ADDR", "LEPTOS_ENV=PROD", "DEV_BEYOND_LOOPBACK"];
        refuses(&place.run(&["config", "check"], &[beyond]), &words, address);
        let told = [beyond, ("LATCHKEY__SERVER__DEV_BEYOND_LOOPBACK", "true")];
        assert!(place.run(&["config", "check"], &told).status.success(), "{address}");
        let production = [&PRODUCTION[..], &[beyond]].concat();
        assert!(place.run(&["config", "check"], &production).status.success(), "{address}");
    }
    for here in ["127.0.0.1:3000", "[::1]:3000", "localhost:3000"] {
        assert!(place.run(&["config", "check"], &[("LEPTOS_SITE_ADDR", here)]).status.success(), "{here}");
    }
}

#[tokio::test]
async fn mails_are_shown_to_a_name_of_this_machine_alone() {
    let app = TestApp::spawn().await;
    let ask = async |method: reqwest::Method, path: &str, host: &str| {
        let headers = [("host", host), ("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded")];
        app.browser().send(method, path, &headers, None).await.status
    };
    for host in ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "[::1]"] {
        assert_eq!(ask(reqwest::Method::GET, "/dev/mailbox", host).await, 200, "{host}");
    }
    for host in
        ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example:80", "192.0.2.1", ""]
    {
        for path in ["/dev/mailbox", "/dev/mailbox/x", "/dev/mailbox/x/html"] {
            assert_eq!(ask(reqwest::Method::GET, path, host).await, 404, "{path} {host}");
        }
        assert_eq!(ask(reqwest::Method::POST, "/api/mailbox/list", host).await, 404, "{host}");
        assert_eq!(ask(reqwest::Method::GET, "/login", host).await, 200, "{host}");
    }
    // A stranger behind a proxy of ours.
    let proxied = TestApp::with(&[("LATCHKEY__SERVER__TRUSTED_PROXIES", "127.0.0.1")]).await;
    let headers = [("host", "localhost"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(proxied.browser().send(reqwest::Method::GET, "/dev/mailbox", &headers, None).await.status, 404);
}

#[tokio::test]
async fn weak_secrets_are_refused_in_production_and_never_printed() {
    let place = Place::new().await;
    for weak in [
        "at least 32 random characters; DEV makes its own in data/dev-secret",
        "abcdefghabcdefghabcdefghabcdefgh",
        "01234567890123456789012345678901",
        "change-me-please-this-is-a-secret",
    ] {
        for (key, value) in [
            ("LATCHKEY__AUTH__SECRET", weak.to_owned()),
            ("LATCHKEY__AUTH__PREVIOUS_SECRETS", weak.to_owned()),
            ("LATCHKEY__AUTH__PREVIOUS_SECRETS", format!("[\"{weak}\"]")),
        ] {
            let output = place.run(&["config", "check"], &[&PRODUCTION[..], &[(key, &value)]].concat());
            let named = key.trim_start_matches("LATCHKEY__").to_lowercase().replace("__", ".");
            refuses(&output, &[&named], weak);
            assert!(!text(&output.stderr).contains(weak), "{}", text(&output.stderr));
        }
    }
}

#[tokio::test]
async fn a_mistyped_setting_is_named_and_its_value_is_not_printed() {
    let place = Place::new().await;
    for (key, value) in [
        ("LATCHKEY__AUTH__PREVIOUS_SECRETS", format!("[{CANARY}]")),
        ("LATCHKEY__AUTH__PREVIOUS_SECRETS", format!("[\"{CANARY}\", 7]")),
        ("LATCHKEY__AUTH__REFRESH_TTL", "[7]".to_owned()),
        ("LATCHKEY__MAIL__SMTP_PORT", CANARY.to_owned()),
        ("LATCHKEY__AUTH__ARGON2_PASSES", CANARY.to_owned()),
        ("LATCHKEY__DEMO__SEED", CANARY.to_owned()),
    ] {
        let output = place.run(&["config", "check"], &[(key, &value)]);
        let name = key.rsplit("__").next().unwrap().to_lowercase();
        refuses(&output, &[&name, "expected"], key);
        assert!(!text(&output.stderr).contains("canary"), "{}", text(&output.stderr));
    }
    for (file, name) in [
        (format!("[auth]\nsecret = [\"{CANARY}\"]\n"), "secret"),
        (format!("[auth]\nprevious_secrets = \"{CANARY}\"\n"), "previous_secrets"),
        (format!("[mail]\nsmtp_password = [\"{CANARY}\"]\n"), "smtp_password"),
    ] {
        std::fs::write(place.folder.join("Leptos.toml"), &file).unwrap();
        let output = place.run(&["config", "check"], &[]);
        refuses(&output, &[name], &file);
        assert!(!text(&output.stderr).contains("canary"), "{}", text(&output.stderr));
    }
}

#[tokio::test]
async fn every_duration_has_both_bounds() {
    let place = Place::new().await;
    for key in ["ACCESS_TTL", "REFRESH_TTL", "IDLE_TTL", "ROTATION_MIN_AGE", "REUSE_LEEWAY", "SUDO_TTL"] {
        let name = format!("LATCHKEY__AUTH__{key}");
        for value in ["400000years", "401d"] {
            let output = place.run(&["config", "check"], &[(name.as_str(), value)]);
            refuses(&output, &[&format!("auth.{}", key.to_lowercase())], value);
        }
    }
    for (key, value) in [("SUDO_TTL", "4s"), ("ACCESS_TTL", "0s"), ("ROTATION_MIN_AGE", "61m"), ("REUSE_LEEWAY", "6m")]
    {
        let name = format!("LATCHKEY__AUTH__{key}");
        let output = place.run(&["config", "check"], &[(name.as_str(), value)]);
        refuses(&output, &[&format!("auth.{}", key.to_lowercase())], value);
    }
    let output = place.run(&["config", "check"], &[("LATCHKEY__SERVER__SHUTDOWN_DEADLINE", "400000years")]);
    refuses(&output, &["server.shutdown_deadline"], "shutdown");
}

#[tokio::test]
async fn a_single_value_is_a_list_of_one_and_an_empty_one_is_unset() {
    let place = Place::new().await;
    for (key, value) in [
        ("LATCHKEY__SERVER__TRUSTED_PROXIES", "10.0.0.0/8"),
        ("LATCHKEY__SERVER__PUBLIC_URL", ""),
        ("LATCHKEY__AUTH__SECRET", ""),
        ("LATCHKEY__MAIL__SMTP_PORT", ""),
    ] {
        let output = place.run(&["config", "check"], &[(key, value)]);
        assert!(output.status.success(), "{key}={value}: {}", text(&output.stderr));
    }
    let idn = place.run(&["config", "check"], &[("LATCHKEY__SERVER__PUBLIC_URL", "https://bücher.example")]);
    refuses(&idn, &["server.public_url", "xn--"], "an international name");
}

#[tokio::test]
async fn a_database_in_memory_is_refused_and_leaves_no_file() {
    let place = Place::new().await;
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:x.db?mode=memory"] {
        refuses(&place.run(&["migrate"], &[("DATABASE_URL", url)]), &["DATABASE_URL", "file"], url);
    }
    let left: Vec<_> = std::fs::read_dir(&place.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["Leptos.toml"]);
}

#[tokio::test]
async fn files_that_hold_secrets_are_taken_from_others() {
    let place = Place::new().await;
    let database = place.folder.join("restored.db");
    let url = format!("sqlite:{}", database.display());
    assert!(place.run(&["migrate"], &[("DATABASE_URL", &url)]).status.success());
    let secret = place.folder.join("data/dev-secret");
    for file in [&database, &secret] {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    let output = place.run(&["migrate"], &[("DATABASE_URL", &url)]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for file in [&database, &secret] {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        assert!(text(&output.stderr).contains(&*file.file_name().unwrap().to_string_lossy()), "it says so");
    }
}

#[tokio::test]
async fn two_first_starts_at_once_both_come_up() {
    for round in 0..8 {
        let place = Place::new().await;
        // PostgreSQL's database is there already, and empty.
        let url = match is_postgres() {
            true => place.database.clone(),
            false => format!("sqlite:{}", place.folder.join("fresh.db").display()),
        };
        let start = || {
            let mut command = place.command(&["migrate"], &[("DATABASE_URL", &url), PRODUCTION[1]]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let both: Vec<_> = (0..4).map(|_| start()).collect();
        for child in both {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", text(&output.stderr));
        }
    }
}

#[tokio::test]
async fn a_forwarded_header_from_nobodys_proxy_is_told_of_once() {
    let place = Place::new().await;
    let server = place.serve(&[PRODUCTION[1]]);
    let browser = crate::browser::Browser::new(server.address, crate::app::ORIGIN.into());
    for n in 0..3 {
        let address = format!("203.0.113.{n}");
        let headers = [("x-forwarded-for", address.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        browser
            .send(reqwest::Method::POST, "/api/auth/log_in", &headers, Some("email=a%40b.test&password=x".into()))
            .await;
    }
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    assert_eq!(log.matches("server.trusted_proxies").count(), 1, "{log}");
}

#[tokio::test]
async fn a_client_that_forwards_nothing_is_not_taken_for_a_proxy() {
    let place = Place::new().await;
    let server = place.serve(&[PRODUCTION[1]]);
    let browser = crate::browser::Browser::new(server.address, crate::app::ORIGIN.into());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = Some("email=a%40b.test&password=x".into());
    assert_eq!(browser.send(reqwest::Method::POST, "/api/auth/log_in", &form, body).await.status, 401);
    let (code, log) = server.stop();
    assert_eq!(code, Some(0));
    assert!(!log.contains("server.trusted_proxies"), "{log}");
}

#[tokio::test]
async fn production_on_this_machine_alone_is_told_to_name_its_proxy() {
    let hint = "LATCHKEY__SERVER__TRUSTED_PROXIES=127.0.0.1";
    let named = [&PRODUCTION[..], &[("LATCHKEY__SERVER__TRUSTED_PROXIES", "127.0.0.1")]].concat();
    for (settings, is_told) in [(&PRODUCTION[..], true), (&named[..], false), (&[], false)] {
        let (code, log) = Place::new().await.serve(settings).stop();
        assert_eq!((code, log.contains(hint)), (Some(0), is_told), "{log}");
    }
}
