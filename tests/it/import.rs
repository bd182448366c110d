//! `latchkey import users`: accepted rows, rejected rows and their messages, the same file twice, and a broken file.

use latchkey::server::{
    cli::import::users::{self, Format, ImportError, Options, Summary},
    db::Db,
};
use std::{fmt::Write as _, process::Output};

use crate::{
    app::{PASSWORD, TestApp, on_db},
    config_cli::{Place, text},
};

/// Of [`PASSWORD`], by another program.
const BCRYPT: &str = "$2a$04$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i";
const DEAR: &str = "$2a$31$9ld85A84nyQyk0oSV3tU3uLGl9jPiOC3A7RgWsfBSniDjIxXNHX.i";

const CSV: Options = Options { format: Format::Csv, dry_run: false, allow_roles: false };
const JSONL: Options = Options { format: Format::Jsonl, ..CSV };

/// What an import comes to, and its report.
async fn take(db: &Db, input: &[u8], options: &Options) -> (Result<Summary, ImportError>, String) {
    let mut report = Vec::new();
    let summary = users::users(db, input, options, &mut report).await;
    (summary, text(&report))
}

async fn taken(app: &TestApp, input: impl AsRef<[u8]>, options: &Options) -> (Summary, String) {
    let (summary, report) = take(&app.state.db, input.as_ref(), options).await;
    (summary.unwrap(), report)
}

/// Email, display name, role and time of every account, with whether it has a password.
async fn accounts(app: &TestApp) -> Vec<String> {
    let sql =
        "select email || ' ' || display_name || ' ' || role || case when password_hash is null then '' else ' *' end
               from users join profiles on user_id = id order by email_key";
    on_db!(&app.state.db, |c| sqlx::query_scalar(sql).fetch_all(c).await.unwrap())
}

#[tokio::test]
async fn accounts_come_over_with_what_they_had_and_can_log_in() {
    let app = TestApp::spawn().await;
    let csv = format!(
        "\u{feff}email,display_name,password_hash,created_at\r\n\
         Ada@Example.test,\"Lovelace, Ada\",{BCRYPT},2020-02-29T12:00:00.1234567+02:00\r\n\
         bob@example.test,,,\r\n"
    );
    let (summary, report) = taken(&app, csv, &CSV).await;
    assert_eq!(summary, Summary { rows: 2, made: 2, without_password: 1, ..Summary::default() }, "{report}");
    assert_eq!(report, "");
    let jsonl = format!(
        "\u{feff}{{\"email\":\"eve@example.test\",\"password_hash\":\"{BCRYPT}\",\"role\":\"user\",\"display_name\":null}}\n\n\
         {{\"email\": \"zo\\u00eb@example.test\"}}"
    );
    let (summary, report) = taken(&app, jsonl, &JSONL).await;
    assert_eq!((summary.made, report.as_str()), (2, ""));
    assert_eq!(
        accounts(&app).await,
        [
            "Ada@example.test Lovelace, Ada user *",
            "bob@example.test bob user",
            "eve@example.test eve user *",
            "zo\u{eb}@example.test zo\u{eb} user"
        ]
    );
    let since: chrono::DateTime<chrono::Utc> = on_db!(&app.state.db, |c| sqlx::query_scalar(
        "select created_at from users where email_key = 'ada@example.test'"
    )
    .fetch_one(c)
    .await
    .unwrap());
    assert_eq!(since.to_rfc3339(), "2020-02-29T10:00:00.123456+00:00");
    assert_eq!(app.count("select count(*) from audit_events where kind = 'imported'").await, 4);
    app.browser().log_in("ada@example.test").await;
    let form = [("email", "bob@example.test"), ("password", "")];
    assert_eq!(app.browser().api("auth/log_in", &form).await.status, 422);
    let form = [("email", "bob@example.test"), ("password", PASSWORD)];
    assert_eq!(app.browser().api("auth/log_in", &form).await.status, 401);
    assert_eq!(app.count("select count(*) from users where password_hash like '$argon2id$%'").await, 1, "upgraded");
}

#[tokio::test]
async fn every_bad_row_has_a_line_that_says_why_and_tells_no_value() {
    let app = TestApp::spawn().await;
    let long = "x".repeat(60);
    let mut csv = b"email,password_hash,display_name,role,created_at\n".to_vec();
    for row in [
        format!("ada@example.test,{BCRYPT},Ada,,"),
        format!("canary,{BCRYPT},,,"),
        format!("b@example.test,{DEAR},,,"),
        "c@example.test,canary-password,,,".into(),
        "d@example.test,,,admin,".into(),
        "e@example.test,,,canary,".into(),
        format!("f@example.test,,{long},,"),
        "g@example.test,,,,canary".into(),
        "h@example.test,,,,2999-01-01T00:00:00Z".into(),
        "ADA@example.test,,,,".into(),
        "i@example.test,,".into(),
        format!("canary,{DEAR},,canary,"),
        "\"j@example.test\",,\"two\nlines\",,".into(),
    ] {
        csv.extend_from_slice(row.as_bytes());
        csv.push(b'\n');
    }
    csv.extend_from_slice(b"k@example.test,,\xff\xfe,,\nlast@example.test,,,,");
    let expected = [
        "line 3: email: Enter an email address like name@example.com",
        "line 4: password_hash: bcrypt cost 31 is above the limit of 14",
        "line 5: password_hash: no hash that can be verified: those begin with $2a$, $2b$, $2y$, $argon2id$, $argon2i$ or $argon2d$; leave it empty, as for Django's pbkdf2_sha256, and the owner sets a new password by email",
        "line 6: role: admin requires --allow-roles",
        "line 7: role: must be user, moderator or admin",
        "line 8: display_name: cut to 50 characters",
        "line 9: created_at: must be a time such as 2024-02-29T12:00:00Z",
        "line 10: created_at: must be between 1970 and now",
        "line 11: email: same address as line 2",
        "line 12: 3 columns, but the first line has 5",
        "line 13: email: Enter an email address like name@example.com; password_hash: bcrypt cost 31 is above the limit of 14; role: must be user, moderator or admin",
        "line 14: display_name: This contains invisible or control characters. Type it instead of pasting it",
        "line 16: display_name: not valid UTF-8",
    ];
    for dry_run in [true, false] {
        let (summary, report) = taken(&app, &csv, &Options { dry_run, ..CSV }).await;
        assert_eq!(report.lines().collect::<Vec<_>>(), expected);
        assert_eq!((summary.rows, summary.made, summary.bad), (15, 3, 12));
        assert_eq!(app.count("select count(*) from users").await, if dry_run { 0 } else { 3 });
    }

    let mut jsonl = b"{\"email\":\"l@example.test\"}\n".to_vec();
    for line in [
        "{\"email\":\"m@example.test\"",
        "\"canary-password\"",
        "{\"email\":7}",
        "{\"email\":\"m@example.test\",\"password\":\"canary\"}",
        "[\"m@example.test\",\"canary\"]",
        "{}",
    ] {
        jsonl.extend_from_slice(line.as_bytes());
        jsonl.push(b'\n');
    }
    jsonl.extend_from_slice(b"{\"email\":\"\xff\"}\n");
    jsonl.extend(format!("{{\"email\":\"{}\"}}\n", "x".repeat(200_000)).bytes());
    jsonl.extend_from_slice(b"{\"email\":\"n@example.test\"}");
    let (summary, report) = taken(&app, &jsonl, &JSONL).await;
    let other = "not an object of strings with the fields email, password_hash, display_name, role, created_at, email_verified_at";
    let expected = [
        "line 2: not valid JSON".to_owned(),
        format!("line 3: {other}"),
        format!("line 4: {other}"),
        format!("line 5: {other}"),
        format!("line 6: {other}"),
        "line 7: email: Enter your email address".to_owned(),
        "line 8: not valid UTF-8".to_owned(),
        "line 9: longer than 64 KiB".to_owned(),
    ];
    assert_eq!(report.lines().collect::<Vec<_>>(), expected);
    assert_eq!((summary.rows, summary.made, summary.bad), (10, 2, 8));
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_stops_with_the_line() {
    let app = TestApp::spawn().await;
    let open_quote = format!("email,display_name\na@example.test,Ada\nb@example.test,\"{}", "x,y\n".repeat(100_000));
    let utf_16: Vec<u8> = "\u{feff}email\na@example.test\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (input, line, words) in [
        (b"name,password_hash\n".to_vec(), 1, "'name' is unknown"),
        (b"email,passwordhash\n".to_vec(), 1, "'passwordhash' is unknown"),
        (b"email,email\n".to_vec(), 1, "twice"),
        (b"display_name\nAda\n".to_vec(), 1, "the column 'email' is missing"),
        (Vec::new(), 1, "the column 'email' is missing"),
        (utf_16, 1, "UTF-16"),
        (open_quote.into_bytes(), 3, "longer than 64 KiB; a quote may be unclosed"),
    ] {
        let (outcome, _) = take(&app.state.db, &input, &CSV).await;
        match outcome {
            Err(ImportError::File { line: at, reason }) => {
                assert!(at == line && reason.contains(words), "line {at}: {reason}");
            }
            other => panic!("{other:?} for {words}"),
        }
    }
    assert_eq!(app.count("select count(*) from users").await, 0, "a batch that was not full is not written");
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_and_goes_on_where_it_was() {
    let app = TestApp::spawn().await;
    let mut csv = "email,password_hash\n".to_owned();
    for n in 0..1_250 {
        writeln!(csv, "user{n}@example.test,{BCRYPT}").unwrap();
    }
    // The first 1,000 rows and a quote that is left open: two whole batches are in.
    let broken = format!(
        "{}\"{}",
        csv.lines().take(1_101).fold(String::new(), |all, line| all + line + "\n"),
        "x".repeat(200_000)
    );
    let (outcome, _) = take(&app.state.db, broken.as_bytes(), &CSV).await;
    assert!(matches!(outcome, Err(ImportError::File { line: 1102, .. })), "{outcome:?}");
    assert_eq!(app.count("select count(*) from users").await, 1_000);
    app.browser().log_in("user7@example.test").await;

    let (dry, report) = taken(&app, &csv, &Options { dry_run: true, ..CSV }).await;
    assert_eq!((dry.made, dry.existing), (250, 1_000));
    assert!(report.starts_with("line 2: the account exists\n"), "{report:.100}");
    assert_eq!(app.count("select count(*) from users").await, 1_000);

    let (again, report) = taken(&app, &csv, &CSV).await;
    assert_eq!((again.rows, again.made, again.existing, again.bad), (1_250, 250, 1_000, 0));
    assert_eq!(report, "");
    assert_eq!(app.count("select count(*) from users").await, 1_250);
    assert_eq!(app.count("select count(*) from profiles").await, 1_250);
    assert_eq!(
        app.count("select count(*) from users where password_hash like '$argon2id$%'").await,
        1,
        "an upgraded hash is not put back"
    );
}

#[tokio::test]
async fn the_command_says_what_it_did_and_fails_where_a_row_was_bad() {
    let place = Place::new().await;
    std::fs::write(place.folder.join("good.csv"), format!("email,password_hash\nada@example.test,{BCRYPT}\n")).unwrap();
    let bad = format!(
        "{{\"email\":\"eve@example.test\",\"role\":\"admin\"}}\n{{\"email\":\"bob@example.test\",\"password_hash\":\"{DEAR}\"}}\n"
    );
    std::fs::write(place.folder.join("bad.jsonl"), &bad).unwrap();
    let all = |output: &Output| (output.status.success(), text(&output.stdout), text(&output.stderr));

    let early = place.run(&["import", "users", "good.csv", "--dry-run"], &[]);
    assert!(!early.status.success() && text(&early.stderr).contains("latchkey migrate"), "{}", text(&early.stderr));
    assert!(place.run(&["migrate"], &[]).status.success());
    let dry = place.run(&["import", "users", "good.csv", "--dry-run"], &[]);
    let done = "1 rows: 1 new accounts (0 without a password), 0 existing, 0 invalid.\n".to_owned();
    assert_eq!(all(&dry), (true, done.clone(), String::new()));
    assert_eq!(place.users().await, 0);
    assert_eq!(all(&place.run(&["import", "users", "good.csv"], &[])), (true, done, String::new()));
    assert_eq!(place.users().await, 1);

    let (success, out, err) = all(&place.run(&["import", "users", "bad.jsonl"], &[]));
    assert!(!success && out.ends_with("0 existing, 2 invalid.\n"), "{out}");
    assert!(err.starts_with("line 1: role: admin requires --allow-roles\nline 2: password_hash: bcrypt cost 31"));
    assert!(err.ends_with("latchkey: 2 of 2 rows were not imported; correct the rows reported above.\n"), "{err}");
    assert!(!err.contains("$2a$31"), "{err}");

    let stdin = ["import", "users", "-", "--format", "jsonl", "--allow-roles"];
    let (success, out, _) = all(&place.run_with_input(&stdin, &[], &bad));
    assert!(!success && out.starts_with("2 rows: 1 new accounts (1 without a password)"), "{out}");
    let nameless = place.run(&["import", "users", "-"], &[]);
    assert!(text(&nameless.stderr).contains("--format csv"), "{}", text(&nameless.stderr));
    assert!(text(&place.run(&["import", "users", "none.csv"], &[]).stderr).contains("none.csv cannot be read"));
}
