//! Who may import whom, and how long a file may get. The sources are read as text: comments and literals are blanked
//! out, `use` trees are unfolded, `super` and `self` are followed, and every path is held against the rules below.
//!
//! What a rule is for stands in docs/decisions; what to do when one fails: move the code to the side it belongs to.

// In a test a panic is the failure's report; clippy's own exception leaves helpers out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Lines of a file, its tests not counted.
const MAX_LINES: usize = 300;

/// One mention of a path, from the crate's root where it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mention {
    path: Vec<String>,
    /// In the body of a function, in a module called `ssr`, or in a `use` of one feature's build alone.
    inside: bool,
}

/// A source file: where it lies under `src`, and what it mentions outside of its tests.
struct Source {
    file: String,
    mentions: Vec<Mention>,
}

impl Source {
    fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), mentions: mentions(&module_of(file), &blanked(text)) }
    }

    /// Its name without folder and ending; of a `mod.rs`, its folder's.
    fn name(&self) -> &str {
        let path = self.file.strip_suffix("/mod.rs").unwrap_or(self.file.strip_suffix(".rs").unwrap());
        path.rsplit('/').next().unwrap()
    }

    fn is_in(&self, folder: &str) -> bool {
        self.file.starts_with(&format!("{folder}/"))
    }

    fn feature(&self) -> Option<&str> {
        self.file.strip_prefix("features/")?.split_once('/').map(|(feature, _)| feature)
    }

    /// Runs on the server only: nothing of it reaches the browser's build.
    fn is_server(&self) -> bool {
        self.is_in("auth/server") || self.is_in("server") || self.name() == "store" || self.file == "main.rs"
    }
}

/// `auth/server/token/jwt.rs` is `auth::server::token`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap();
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The text without comments, strings and characters.
fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::new();
    let mut i = 0;
    while i < chars.len() {
        let raw =
            at(i) == 'r' && matches!(at(i + 1), '"' | '#') && !out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            i += 2;
            while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                i += 1;
            }
            i += 2;
        } else if raw && chars[i + 1..].iter().find(|c| **c != '#') == Some(&'"') {
            let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
            i += hashes + 2;
            while i < chars.len()
                && !(at(i) == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes)
            {
                i += 1;
            }
            i += hashes + 1;
            out.push(' ');
        } else if at(i) == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
            out.push(' ');
        } else if at(i) == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
            out.push(' ');
        } else {
            out.push(at(i));
            i += 1;
        }
    }
    out
}

/// Identifiers, `::` as one, and every other sign by itself.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '_';
        match (word, in_word, tokens.last_mut()) {
            (true, true, Some(last)) => last.push(c),
            (false, false, Some(last)) if c == ':' && last == ":" => last.push(':'),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        in_word = word;
    }
    tokens
}

#[derive(PartialEq)]
enum Scope {
    Module(String),
    Tests,
    Function,
    Other,
}

fn mentions(module: &[String], text: &str) -> Vec<Mention> {
    let tokens = tokens(text);
    let at = |i: usize| tokens.get(i).map(String::as_str).unwrap_or_default();
    let mut found = Vec::new();
    let mut scopes: Vec<Scope> = Vec::new();
    let mut next = Scope::Other;
    let mut i = 0;
    while i < tokens.len() {
        let here = || {
            let inner =
                scopes.iter().filter_map(|s| if let Scope::Module(name) = s { Some(name.clone()) } else { None });
            module.iter().cloned().chain(inner).collect::<Vec<_>>()
        };
        let inside = scopes.iter().any(|s| *s == Scope::Function || matches!(s, Scope::Module(name) if name == "ssr"));
        let tested = scopes.contains(&Scope::Tests);
        match at(i) {
            "mod" if at(i + 2) == "{" => {
                next = if at(i + 1) == "tests" { Scope::Tests } else { Scope::Module(at(i + 1).to_owned()) };
                i += 2;
                continue;
            }
            "fn" => next = Scope::Function,
            "{" => scopes.push(std::mem::replace(&mut next, Scope::Other)),
            "}" => drop(scopes.pop()),
            ";" => next = Scope::Other,
            "use" => {
                // `#[cfg(feature = "ssr")] use`, of which the literal is blanked out.
                let gated = tokens[..i].ends_with(&["#", "[", "cfg", "(", "feature", "=", ")", "]"].map(str::to_owned));
                let inside = inside || gated;
                let mut paths = Vec::new();
                i = unfold(&tokens, i + 1, &[], &mut paths);
                if !tested {
                    found.extend(paths.into_iter().map(|path| Mention { path: resolved(path, &here()), inside }));
                }
                continue;
            }
            word if at(i + 1) == "::"
                && word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && (i == 0 || at(i - 1) != "::") =>
            {
                let mut path = vec![word.to_owned()];
                while at(i + 1) == "::" && at(i + 2).starts_with(|c: char| c.is_alphabetic() || c == '_') {
                    path.push(at(i + 2).to_owned());
                    i += 2;
                }
                if !tested {
                    found.push(Mention { path: resolved(path, &here()), inside });
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Reads one tree of a `use` from `i` on; where it ends.
fn unfold(tokens: &[String], mut i: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = before.to_vec();
    loop {
        match tokens.get(i).map(String::as_str) {
            Some("::") => {}
            Some("{") => loop {
                i = unfold(tokens, i + 1, &path, found);
                match tokens.get(i).map(String::as_str) {
                    Some(",") => {}
                    _ => return i + 1,
                }
            },
            Some("as") => i += 1,
            Some("," | "}" | ";") | None => {
                if path.len() > before.len() {
                    found.push(path);
                }
                return i;
            }
            Some(word) => path.push(word.to_owned()),
        }
        i += 1;
    }
}

/// `crate`, `latchkey` and `super` followed to the crate's root, which is written `crate`.
fn resolved(path: Vec<String>, here: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|segment| *segment == "super").count();
    let ours = |start: &[String], rest: &[String]| -> Vec<String> {
        ["crate".to_owned()].into_iter().chain(start.iter().cloned()).chain(rest.iter().cloned()).collect()
    };
    match path[0].as_str() {
        "crate" | "latchkey" => ours(&[], &path[1..]),
        "self" => ours(here, &path[1..]),
        "super" => ours(&here[..here.len().saturating_sub(ups)], &path[ups..]),
        _ => path,
    }
}

/// A rule: its name, the sources it binds, and what one of their mentions must not be.
struct Rule {
    name: &'static str,
    binds: fn(&Source) -> bool,
    forbids: fn(&Source, &Mention) -> bool,
}

fn starts(mention: &Mention, path: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    mention.path.len() >= path.len() && mention.path.iter().zip(path).all(|(one, other)| one == other)
}

fn starts_any(mention: &Mention, paths: &[&str]) -> bool {
    paths.iter().any(|path| starts(mention, path))
}

/// Crates that exist on the server only.
const SERVER_CRATES: [&str; 12] = [
    "sqlx",
    "axum",
    "tower",
    "tower_http",
    "tower_cookies",
    "leptos_axum",
    "tokio",
    "argon2",
    "jsonwebtoken",
    "chrono",
    "uuid",
    "hyper",
];

/// `auth::server`, `server`, any `store`.
fn is_servers(mention: &Mention) -> bool {
    starts_any(mention, &["crate::server", "crate::auth::server"])
        || starts_any(mention, &SERVER_CRATES)
        || (mention.path[0] == "crate" && mention.path.iter().any(|segment| segment == "store"))
}

const RULES: [Rule; 8] = [
    Rule {
        name: "1: a model of the core and the ui import the error, and the ui itself",
        binds: |s| s.file == "auth/model.rs" || s.is_in("ui") || s.file == "error.rs",
        forbids: |s, m| {
            let ui = s.is_in("ui") && starts(m, "crate::ui");
            let own = s.file == "auth/model.rs" && starts(m, "crate::auth::model");
            (m.path[0] == "crate" && !starts(m, "crate::error") && !ui && !own) || is_servers(m)
        },
    },
    Rule {
        name: "1: a feature's model imports the face of auth, the ui and the error",
        binds: |s| s.feature().is_some() && s.name() == "model",
        forbids: |_, m| is_servers(m) || starts_any(m, &["leptos", "leptos_router", "leptos_meta", "crate::app"]),
    },
    Rule {
        name: "2: what is shown, and the guard, never reach for the server or a store",
        binds: |s| {
            let shared = ["model", "api", "mod", "context"].contains(&s.name());
            (s.is_in("auth") || s.is_in("features") || s.file == "app.rs")
                && !s.is_server()
                && !shared
                && !s.file.ends_with("mod.rs")
        },
        forbids: |_, m| is_servers(m),
    },
    Rule {
        name: "3: an api imports server items for the server's build alone",
        binds: |s| s.name() == "api",
        forbids: |_, m| is_servers(m) && !m.inside,
    },
    Rule {
        name: "4: a store knows no page, no request and no cookie",
        binds: |s| s.name() == "store",
        forbids: |_, m| {
            starts_any(
                m,
                &[
                    "leptos",
                    "leptos_axum",
                    "leptos_router",
                    "leptos_meta",
                    "axum",
                    "tower_cookies",
                    "tower",
                    "tower_http",
                ],
            ) || starts_any(
                m,
                &["crate::app", "crate::server::router", "crate::server::respond", "crate::server::flash"],
            ) || starts_any(
                m,
                &["crate::auth::server::cookies", "crate::auth::server::identify", "crate::auth::server::require"],
            )
        },
    },
    Rule {
        name: "5: a feature knows of no other feature",
        binds: |s| s.feature().is_some(),
        forbids: |s, m| {
            starts(m, "crate::features") && m.path.get(2).is_some_and(|other| Some(other.as_str()) != s.feature())
        },
    },
    Rule {
        name: "5: a feature uses the face of auth: no page, guard or context behind it, and no table of the core",
        binds: |s| s.feature().is_some(),
        forbids: |_, m| {
            starts_any(m, &["crate::auth::pages", "crate::auth::guard", "crate::auth::context", "crate::auth::loaded"])
                || starts_any(
                    m,
                    &["crate::auth::server::store", "crate::auth::server::token", "crate::auth::server::password"],
                )
        },
    },
    Rule {
        name: "5 and 6: only app, the list of features, the server and main wire things together",
        binds: |s| !["app.rs", "main.rs", "lib.rs", "features/mod.rs"].contains(&s.file.as_str()) && !s.is_in("server"),
        forbids: |s, m| starts(m, "crate::app") || (starts(m, "crate::features") && s.feature().is_none()),
    },
];

/// What breaks a rule, a line each.
fn broken(source: &Source) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in RULES.iter().filter(|rule| (rule.binds)(source)) {
        for mention in source.mentions.iter().filter(|mention| (rule.forbids)(source, mention)) {
            lines.push(format!("src/{}: {} (rule {})", source.file, mention.path.join("::"), rule.name));
        }
    }
    lines
}

/// Lines of code and comment, without the tests at the end.
fn length(text: &str) -> usize {
    text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().count()
}

fn files() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => collect(&path, files),
                false => files.push(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let mut files: Vec<(String, String)> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| {
            (path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn everybody_imports_only_whom_they_may() {
    let broken: Vec<String> = files().iter().flat_map(|(file, text)| broken(&Source::new(file, text))).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn no_file_asks_to_be_two() {
    let long: Vec<String> = files()
        .iter()
        .map(|(file, text)| (file, length(text)))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| format!("src/{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "more than {MAX_LINES} lines:\n{}", long.join("\n"));
    assert_eq!(length("a\nb\n#[cfg(test)]\nmod tests {\nc\n}\n"), 2);
}

#[test]
fn every_rule_binds_some_file() {
    let sources: Vec<Source> = files().iter().map(|(file, text)| Source::new(file, text)).collect();
    for rule in &RULES {
        assert!(sources.iter().any(|source| (rule.binds)(source)), "{}", rule.name);
    }
    assert!(sources.iter().map(|s| s.mentions.len()).sum::<usize>() > 500, "paths were found");
}

#[test]
fn a_wiring_file_only_re_exports() {
    for (file, text) in files().iter().filter(|(file, _)| file.ends_with("mod.rs")) {
        assert!(!blanked(text).contains("fn "), "src/{file} holds logic");
    }
}

#[test]
fn the_checker_sees_what_it_is_there_to_see() {
    let bad = [
        ("auth/model.rs", "use crate::ui::words;"),
        ("auth/model.rs", "fn f() { crate::server::db::open() }"),
        ("ui/form.rs", "use crate::auth::use_identity;"),
        ("ui/form.rs", "use crate::{error::AppError, features::admin};"),
        ("ui/form.rs", "use super::super::auth::model::Role;"),
        ("features/admin/model.rs", "use sqlx::FromRow;"),
        ("auth/pages/forms.rs", "use super::server::account;"),
        ("auth/guard.rs", "fn f() { super::server::require::caller(); }"),
        ("features/admin/pages.rs", "use super::store;"),
        ("features/admin/pages.rs", "use crate::{auth::{Guarded, server::require}, ui::Form};"),
        ("features/landing/tour.rs", "fn f() { sqlx::query(\"\") }"),
        ("auth/api.rs", "use super::server::account;"),
        ("auth/api.rs", "use axum::http::Method;\nfn f() {}"),
        ("auth/api.rs", "#[cfg(feature = \"ssr\")] use super::server::account; use super::server::caller;"),
        ("features/admin/api.rs", "#[cfg(feature = \"ssr\")] mod hidden { use crate::server::db::Db; }"),
        ("auth/server/store.rs", "use leptos::prelude::*;"),
        ("features/admin/store.rs", "fn f(c: tower_cookies::Cookies) {}"),
        ("features/admin/pages.rs", "use crate::features::profile::model::Profile;"),
        ("features/admin/pages.rs", "use super::super::profile;"),
        ("features/admin/api.rs", "fn f() { use crate::auth::server::store; }"),
        ("features/admin/store.rs", "use crate::auth::server::token::KeyRing;"),
        ("auth/server/flows/sign_up.rs", "use crate::features::profile;"),
        ("auth/pages/forms.rs", "use crate::app::App;"),
        ("features/admin/pages.rs", "fn f() -> impl IntoView { view! { <A x=crate::app::shell /> } }"),
    ];
    for (file, text) in bad {
        assert!(!broken(&Source::new(file, text)).is_empty(), "src/{file}: {text}");
    }
    let good = [
        (
            "auth/model.rs",
            "// use crate::server::db;\nuse crate::error::AppError; const S: &str = \"crate::server::db\";",
        ),
        (
            "ui/form.rs",
            "use super::words; use crate::{error::{AppError, Field}, ui::flash::Flash}; use leptos::prelude::*;",
        ),
        ("auth/api.rs", "use crate::error::AppError; fn f() { use super::server::account; crate::server::db::x(); }"),
        ("auth/api.rs", "#[cfg(feature = \"ssr\")]\nuse {super::server::account, crate::server::db::Db};"),
        ("auth/api.rs", "mod ssr { pub use crate::auth::server::state; use axum::http::request::Parts; }"),
        ("auth/pages/forms.rs", "use super::use_identity; mod tests { use crate::server::db::Db; }"),
        ("features/admin/store.rs", "use super::model::Account; use crate::server::db::{Db, read};"),
        ("app.rs", "use crate::features::{admin, profile}; fn f() { admin::model::ACCESS }"),
        ("server/http/router.rs", "use crate::app::App;"),
        ("auth/server/token/jwt.rs", "fn f() { let quote = '\"'; let life: &'static str = r#\"crate::app::App\"#; }"),
    ];
    for (file, text) in good {
        assert_eq!(broken(&Source::new(file, text)), [""; 0], "src/{file}: {text}");
    }
    let nested = mentions(&[], "use a::{b, c::{self, d as e}, f::*};");
    let paths: BTreeSet<String> = nested.iter().map(|m| m.path.join("::")).collect();
    assert_eq!(paths, ["a::b", "a::c::self", "a::c::d", "a::f::*"].map(str::to_owned).into());
}
