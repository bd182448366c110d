//! `latchkey key rotate`: earlier tokens verify for two more rotations, other lines of the file stay the same, and no
//! secret is printed unless requested.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Output,
};

use crate::{
    app::{ORIGIN, PASSWORD},
    browser::{ACCESS, Browser, REFRESH},
    config_cli::{PRODUCTION, Place, SECRET, refuses, text},
};

/// What the server gets besides its secrets. The site's name is fixed: it stands in the tokens.
const SITE: (&str, &str) = ("LATCHKEY__SERVER__PUBLIC_URL", ORIGIN);

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// The cookies of somebody who has just signed up.
async fn signed_up(place: &Place, settings: &[(&str, &str)]) -> [String; 2] {
    let server = place.serve(settings);
    let browser = Browser::new(server.address, ORIGIN.into());
    let answer = browser.api("auth/sign_up", &[("email", "ada@example.test"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    [ACCESS, REFRESH].map(|name| browser.cookie(name).unwrap())
}

/// Whether a server that starts now takes both tokens.
async fn takes(place: &Place, settings: &[(&str, &str)], cookies: &[String; 2]) -> bool {
    let server = place.serve(settings);
    let by_refresh = Browser::new(server.address, ORIGIN.into());
    by_refresh.set_cookie(REFRESH, &cookies[1]);
    let by_access = by_refresh.copy();
    by_access.set_cookie(ACCESS, &cookies[0]);
    let (access, refresh) = (by_access.is_signed_in().await, by_refresh.is_signed_in().await);
    assert_eq!(access, refresh);
    access
}

fn rotated(output: &Output, secrets: &[String]) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert!(out.contains("new secret") && out.contains("restart"), "{out}");
    for secret in secrets {
        assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    }
}

#[tokio::test]
async fn in_development_old_tokens_go_on_for_two_rotations() {
    let place = Place::new().await;
    let file = place.folder.join("data/dev-secret");
    let secrets = || fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let cookies = signed_up(&place, &[SITE]).await;
    let first = secrets();
    assert_eq!(first.len(), 1);
    for round in 1..=3 {
        let before = secrets();
        let output = place.run(&["key", "rotate"], &[("RUST_LOG", "trace")]);
        let after = secrets();
        rotated(&output, &after);
        assert_eq!(after[1..], before[..before.len().min(2)], "{round}");
        assert!(after[0].len() >= 43 && !before.contains(&after[0]));
        assert_eq!(mode(&file), 0o600);
        assert_eq!(takes(&place, &[SITE], &cookies).await, round < 3, "{round}");
    }
    assert!(!secrets().contains(&first[0]));
}

/// A file of settings, as the server's environment.
fn settings(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn with_site(settings: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([SITE]).collect()
}

fn env_file(place: &Place, text: &str) -> PathBuf {
    let file = place.folder.join("latchkey.env");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

#[tokio::test]
async fn an_environment_file_gets_a_new_secret_and_old_tokens_go_on_for_two_rotations() {
    let place = Place::new().await;
    let (head, tail) =
        ("# How this node runs.\n\n", "LATCHKEY__AUTH__ACCESS_TTL=4m\n#LATCHKEY__AUTH__SECRET=never\n# end");
    let file = env_file(&place, &format!("{head}LATCHKEY__AUTH__SECRET={SECRET}\n{tail}"));
    let cookies = signed_up(&place, &with_site(&settings(&file))).await;
    for round in 1..=3 {
        let before = settings(&file);
        // PROD and nothing else of the server's environment: the file is all that is looked at.
        let arguments = ["key", "rotate", "--env-file", "latchkey.env"];
        let output = place.run(&arguments, &[PRODUCTION[0], ("RUST_LOG", "trace")]);
        let after = settings(&file);
        rotated(&output, &[before["LATCHKEY__AUTH__SECRET"].clone(), after["LATCHKEY__AUTH__SECRET"].clone()]);
        let listed: Vec<String> = serde_json::from_str(&after["LATCHKEY__AUTH__PREVIOUS_SECRETS"]).unwrap();
        assert_eq!(listed[0], before["LATCHKEY__AUTH__SECRET"]);
        assert_eq!(listed.len(), round.min(2));
        let now = fs::read_to_string(&file).unwrap();
        assert!(now.starts_with(head) && now.ends_with(tail), "{now}");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(takes(&place, &with_site(&after), &cookies).await, round < 3, "{round}");
    }
    assert!(!place.folder.join("latchkey.env.new").exists());
    assert!(!place.folder.join("data/dev-secret").exists());
}

#[tokio::test]
async fn an_environment_file_that_cannot_be_rotated_stays_as_it_was() {
    let place = Place::new().await;
    let rotate = |file: &str| place.run(&["key", "rotate", "--env-file", file], &[]);
    refuses(&rotate("none.env"), &["none.env"], "no file");
    let whole = format!("LATCHKEY__AUTH__SECRET={SECRET}\n");
    for (case, lines, words) in [
        ("no secret in it", "A=b\n", &["latchkey.env", "LATCHKEY__AUTH__SECRET"][..]),
        ("another form", &format!("{whole}LATCHKEY__AUTH__PREVIOUS_SECRETS={SECRET}\n"), &["PREVIOUS_SECRETS"]),
        ("twice", &whole.repeat(2), &["twice"]),
    ] {
        let file = env_file(&place, lines);
        let output = rotate("latchkey.env");
        refuses(&output, words, case);
        assert!(!text(&output.stderr).contains(SECRET), "{case}");
        assert_eq!(fs::read_to_string(file).unwrap(), lines, "{case}");
        assert!(!place.folder.join("latchkey.env.new").exists(), "{case}");
    }
    // Another rotation is under way.
    let file = env_file(&place, &whole);
    fs::write(place.folder.join("latchkey.env.new"), "").unwrap();
    refuses(&rotate("latchkey.env"), &["latchkey.env.new"], "two at once");
    assert_eq!(fs::read_to_string(&file).unwrap(), whole);
    fs::remove_file(place.folder.join("latchkey.env.new")).unwrap();
    // A link is followed, and stays; a mode is kept, whatever it is.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = place.folder.join("link.env");
    symlink(&file, &link).unwrap();
    assert!(rotate("link.env").status.success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read_to_string(&file).unwrap(), whole);
    assert_eq!(mode(&file), 0o640);
}

#[tokio::test]
async fn a_secret_from_outside_is_never_shown_unasked() {
    let place = Place::new().await;
    let secret = &[PRODUCTION[1]][..];
    for settings in [&PRODUCTION[..], secret] {
        let output = place.run(&["key", "rotate"], settings);
        refuses(&output, &["--env-file", "--print"], "a secret from outside");
        assert!(!text(&output.stderr).contains(SECRET));
    }
    let output = place.run(&["key", "rotate", "--print"], &[&PRODUCTION[..], &[("RUST_LOG", "trace")]].concat());
    assert!(output.status.success());
    assert!(!text(&output.stderr).contains(SECRET));
    let shown = text(&output.stdout);
    let new = shown.lines().next().unwrap().strip_prefix("LATCHKEY__AUTH__SECRET=").unwrap();
    assert!(new.len() >= 43 && new != SECRET);
    assert_eq!(
        shown,
        format!("LATCHKEY__AUTH__SECRET={new}\nLATCHKEY__AUTH__PREVIOUS_SECRETS=[\"{SECRET}\"]\n"),
        "both lines, ready to be set"
    );
    let both = place.run(&["key", "rotate", "--print", "--env-file", "x"], &PRODUCTION);
    assert!(!both.status.success() && both.stdout.is_empty());
}
