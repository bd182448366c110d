//! Import rules, circles and file lengths. `syn` parses each source file; every path outside its tests is resolved to
//! the crate's root and checked against the rules below.
//!
//! docs/decisions gives the reasons. If a rule fails, move the code to the side that it belongs to.

// In a test a panic is the failure's report; clippy's own exception leaves helpers out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity)]

use proc_macro2::{TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use syn::{
    Attribute, ItemFn, ItemMod, ItemUse, Macro, UseTree, Visibility,
    visit::{self, Visit},
};

/// Maximum lines of a file without its tests.
const MAX_LINES: usize = 300;

/// A path that a file names, resolved to the crate's root if it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mention {
    path: Vec<String>,
    /// In a function's body, in a module called `ssr`, or compiled for the server only.
    inside: bool,
}

/// A source file: its path under `src`, and the paths that it names outside its tests.
struct Source {
    file: String,
    mentions: Vec<Mention>,
    /// The names that it re-exports (`pub use`), and their origins. A `*` is listed under its path.
    exports: Vec<(String, Vec<String>)>,
    has_functions: bool,
}

impl Source {
    fn new(file: &str, text: &str) -> Self {
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("src/{file}: {error}"));
        let mut reader = Reader { here: module_of(file), ..Reader::default() };
        reader.visit_file(&syntax);
        let Reader { mentions, exports, has_functions, .. } = reader;
        Self { file: file.to_owned(), mentions, exports, has_functions }
    }

    /// Returns its name without folder and extension; for a `mod.rs`, its folder's.
    fn name(&self) -> &str {
        let path = self.file.strip_suffix("/mod.rs").unwrap_or(self.file.strip_suffix(".rs").unwrap());
        path.rsplit('/').next().unwrap()
    }

    fn is_in(&self, folder: &str) -> bool {
        self.file.starts_with(&format!("{folder}/"))
    }

    fn is_store(&self) -> bool {
        self.name().ends_with("store")
    }

    fn feature(&self) -> Option<&str> {
        self.file.strip_prefix("features/")?.split_once('/').map(|(feature, _)| feature)
    }

    /// Whether it is compiled for the server only.
    fn is_server(&self) -> bool {
        let is_emails = self.feature().is_some() && self.name() == "emails";
        self.is_in("auth/server") || self.is_in("server") || self.is_store() || is_emails || self.file == "main.rs"
    }
}

/// Converts `auth/server/token.rs` to `auth::server::token`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap();
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main") { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Walks a file and collects the contents of [`Source`].
#[derive(Default)]
struct Reader {
    /// The current module.
    here: Vec<String>,
    inside: bool,
    mentions: Vec<Mention>,
    exports: Vec<(String, Vec<String>)>,
    /// The names that `use` brings in, with their paths. A path that begins with such a name is resolved.
    names: BTreeMap<String, Vec<String>>,
    has_functions: bool,
}

impl Reader {
    fn add(&mut self, path: Vec<String>) {
        let path = match self.names.get(&path[0]) {
            Some(target) => target.iter().chain(&path[1..]).cloned().collect(),
            None => resolved(path, &self.here),
        };
        self.mentions.push(Mention { path, inside: self.inside });
    }

    fn within(&mut self, inside: bool, read: impl FnOnce(&mut Self)) {
        let before = self.inside;
        self.inside |= inside;
        read(self);
        self.inside = before;
    }

    /// Collects paths in the tokens of a macro or attribute.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 || path.is_empty() {
                        self.end_path(&mut path);
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
                other => {
                    self.end_path(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut paths = Vec::new();
        unfold(&item.tree, &[], &mut paths);
        self.within(is_for_server(&item.attrs), |reader| {
            for (name, path) in paths {
                let path = resolved(path, &reader.here);
                if !matches!(item.vis, Visibility::Inherited) {
                    reader.exports.push((name.clone(), path.clone()));
                }
                reader.mentions.push(Mention { path: path.clone(), inside: reader.inside });
                reader.names.insert(name, path);
            }
        });
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        if name == "tests" || item.content.is_none() {
            return;
        }
        self.here.push(name.clone());
        self.within(name == "ssr", |reader| visit::visit_item_mod(reader, item));
        self.here.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.within(is_for_server(&item.attrs), |reader| visit::visit_item_fn(reader, item));
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.has_functions = true;
        visit::visit_signature(self, signature);
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.within(true, |reader| visit::visit_block(reader, block));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        visit::visit_macro(self, call);
        self.read_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.read_tokens(list.tokens.clone());
        }
    }
}

/// Whether it is behind `#[cfg(feature = "ssr")]`.
fn is_for_server(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::MetaNameValue>().is_ok_and(|cfg| {
                let ssr = |text: &syn::Expr| matches!(text, syn::Expr::Lit(lit) if matches!(&lit.lit, syn::Lit::Str(s) if s.value() == "ssr"));
                cfg.path.is_ident("feature") && ssr(&cfg.value)
            })
    })
}

/// Returns the paths of a `use`, each with the name that it brings in.
fn unfold(tree: &UseTree, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let with = |name: &dyn ToString| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    match tree {
        UseTree::Path(path) => unfold(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => found.push((before.last().unwrap().clone(), before.to_vec())),
        UseTree::Name(name) => found.push((name.ident.to_string(), with(&name.ident))),
        UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(&rename.ident))),
        UseTree::Glob(_) => found.push(("*".to_owned(), with(&"*"))),
        UseTree::Group(group) => group.items.iter().for_each(|item| unfold(item, before, found)),
    }
}

/// Resolves `crate`, `latchkey` and `super` to the crate's root, written `crate`.
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

/// A rule: its name, the sources that it applies to, and the forbidden mentions.
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

/// Whether the path is in `auth::server`, `server` or a `store`.
fn is_servers(mention: &Mention) -> bool {
    starts_any(mention, &["crate::server", "crate::auth::server"])
        || starts_any(mention, &SERVER_CRATES)
        || (mention.path[0] == "crate" && mention.path.iter().any(|segment| segment.ends_with("store")))
}

const RULES: [Rule; 8] = [
    Rule {
        name: "1: a model of the core and the ui import the error, the brand, and the ui itself",
        binds: |s| s.file == "auth/model.rs" || s.is_in("ui") || s.file == "error.rs",
        forbids: |s, m| {
            let ui = s.is_in("ui") && starts(m, "crate::ui");
            let own = s.file == "auth/model.rs" && starts(m, "crate::auth::model");
            (m.path[0] == "crate" && !starts(m, "crate::error") && !starts(m, "crate::brand") && !ui && !own)
                || is_servers(m)
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
            let shared = ["model", "api", "mod", "identity"].contains(&s.name());
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
        binds: Source::is_store,
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
            ) || starts_any(m, &["crate::app", "crate::server::http"])
                || starts_any(
                    m,
                    &[
                        "crate::auth::server::token::cookies",
                        "crate::auth::server::identify",
                        "crate::auth::server::require",
                    ],
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
            starts_any(m, &["crate::auth::pages", "crate::auth::guard", "crate::auth::browser"])
                || starts_any(
                    m,
                    &[
                        "crate::auth::server::users::store",
                        "crate::auth::server::users::owner_store",
                        "crate::auth::server::session::store",
                        "crate::auth::server::session::end_store",
                        "crate::auth::server::email_code",
                        "crate::auth::server::token::claims",
                        "crate::auth::server::token::key_ring",
                        "crate::auth::server::token::cookies",
                        "crate::auth::server::password",
                    ],
                )
        },
    },
    Rule {
        name: "5 and 6: only app, the list of features, the server and main wire things together",
        binds: |s| !["app.rs", "main.rs", "lib.rs", "features/mod.rs"].contains(&s.file.as_str()) && !s.is_in("server"),
        forbids: |s, m| starts(m, "crate::app") || (starts(m, "crate::features") && s.feature().is_none()),
    },
];

/// Returns the violations of a rule, one per line.
fn broken(source: &Source) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in RULES.iter().filter(|rule| (rule.binds)(source)) {
        for mention in source.mentions.iter().filter(|mention| (rule.forbids)(source, mention)) {
            lines.push(format!("src/{}: {} (rule {})", source.file, mention.path.join("::"), rule.name));
        }
    }
    lines
}

/// Counts lines of code and comments, without the tests at the end.
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

/// Returns which file depends on which, through the `mod.rs` that re-exports a path.
fn needs(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<Vec<String>, &Source> = sources.iter().map(|s| (module_of(&s.file), s)).collect();
    let mut needs = BTreeMap::new();
    for source in sources {
        let here = module_of(&source.file);
        let found = source.mentions.iter().filter_map(|mention| {
            let path = match mention.path[0].as_str() {
                "crate" => mention.path[1..].to_vec(),
                _ => here.iter().chain(&mention.path).cloned().collect(),
            };
            file_of(&modules, &path, 0)
        });
        let others = found.filter(|file| *file != source.file).collect();
        needs.insert(source.file.clone(), others);
    }
    needs
}

/// Returns the file that `path` leads to, if that file has code of its own.
fn file_of(modules: &BTreeMap<Vec<String>, &Source>, path: &[String], hops: usize) -> Option<String> {
    let (length, source) =
        (0..=path.len()).rev().find_map(|length| modules.get(&path[..length]).map(|source| (length, *source)))?;
    if length == 0 {
        return None;
    }
    if !source.file.ends_with("mod.rs") {
        return Some(source.file.clone());
    }
    let (name, rest) = path[length..].split_first()?;
    let passed_on = |export: &(String, Vec<String>)| {
        let from = match export.1.strip_prefix(&["crate".to_owned()]) {
            Some(from) => from.to_vec(),
            None => [&path[..length], &export.1].concat(),
        };
        match export.0.as_str() {
            "*" => file_of(modules, &[&from[..from.len() - 1], &path[length..]].concat(), hops + 1),
            export if export == name => file_of(modules, &[&from, rest].concat(), hops + 1),
            _ => None,
        }
    };
    // A glob that leads back to itself has no end.
    if hops > 8 { None } else { source.exports.iter().find_map(passed_on) }
}

/// Returns a shortest circle through each node that is in one, each circle once.
fn circles(needs: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for start in needs.keys() {
        let mut ways = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        let mut i = 0;
        while i < ways.len() {
            let way = ways[i].clone();
            for next in needs.get(way.last().unwrap()).into_iter().flatten() {
                if next == start {
                    let mut circle = way.clone();
                    let least = circle.iter().enumerate().min_by_key(|(_, file)| (*file).clone()).unwrap().0;
                    circle.rotate_left(least);
                    found.insert(circle);
                    seen.extend(needs.keys().cloned());
                    ways.clear();
                    break;
                }
                if seen.insert(next.clone()) {
                    ways.push(way.iter().cloned().chain([next.clone()]).collect());
                }
            }
            i += 1;
        }
    }
    found
}

/// Returns which room depends on which: for each folder, its direct subfolders.
fn rooms(needs: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // An api leads from either side to the other.
    for (file, others) in needs.iter().filter(|(file, _)| !file.ends_with("/api.rs")) {
        for other in others {
            let (ours, theirs): (Vec<&str>, Vec<&str>) = (file.split('/').collect(), other.split('/').collect());
            let shared = ours.iter().zip(&theirs).take_while(|(one, another)| one == another).count();
            // A folder beside a folder; a file beside one belongs to no room.
            if ours.len() > shared + 1 && theirs.len() > shared + 1 {
                rooms.entry(ours[..=shared].join("/")).or_default().insert(theirs[..=shared].join("/"));
            }
        }
    }
    rooms
}

fn listed(circles: &BTreeSet<Vec<String>>) -> String {
    circles.iter().map(|circle| circle.join(" -> ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_import_is_one_that_the_rules_allow() {
    let broken: Vec<String> = files().iter().flat_map(|(file, text)| broken(&Source::new(file, text))).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn sources() -> Vec<Source> {
    files().iter().map(|(file, text)| Source::new(file, text)).collect()
}

#[test]
fn no_file_needs_itself_by_way_of_others() {
    let circles = circles(&needs(&sources()));
    assert!(circles.is_empty(), "circles of imports:\n{}", listed(&circles));
}

#[test]
fn no_room_needs_itself_by_way_of_others() {
    let mut rooms = rooms(&needs(&sources()));
    // The server wires the app together (rule 6), and auth reaches its database and its mail.
    rooms.get_mut("auth").unwrap().remove("server");
    let circles = circles(&rooms);
    assert!(circles.is_empty(), "circles of rooms:\n{}", listed(&circles));
}

#[test]
fn the_finder_of_circles_follows_what_a_mod_rs_passes_on() {
    let sources = [
        ("auth/mod.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
        ("auth/a.rs", "fn f() -> crate::auth::B {}"),
        ("auth/b.rs", "use super::A; pub struct B;"),
        ("ui/c.rs", "use crate::auth::{self, A}; fn f() { auth::a::g() }"),
    ]
    .map(|(file, text)| Source::new(file, text));
    let needs = needs(&sources);
    assert_eq!(listed(&circles(&needs)), "auth/a.rs -> auth/b.rs");
    assert_eq!(needs["ui/c.rs"], ["auth/a.rs".to_owned()].into());
    assert_eq!(rooms(&needs)["ui"], ["auth".to_owned()].into());
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
    let sources = sources();
    for rule in &RULES {
        assert!(sources.iter().any(|source| (rule.binds)(source)), "{}", rule.name);
    }
    assert!(sources.iter().map(|s| s.mentions.len()).sum::<usize>() > 500, "paths were found");
}

#[test]
fn a_wiring_file_only_re_exports() {
    for (file, text) in files().iter().filter(|(file, _)| file.ends_with("mod.rs")) {
        assert!(!Source::new(file, text).has_functions, "src/{file} holds logic");
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
        ("auth/pages.rs", "use super::server::account;"),
        ("auth/guard.rs", "fn f() { super::server::require::caller(); }"),
        ("features/admin/pages.rs", "use super::store;"),
        ("features/admin/pages.rs", "use crate::{auth::{Guarded, server::require}, ui::Form};"),
        ("features/landing/tour.rs", "fn f() { sqlx::query(\"\") }"),
        ("auth/api.rs", "use super::server::account;"),
        ("auth/api.rs", "use axum::http::Method;\nfn f() {}"),
        ("auth/api.rs", "#[cfg(feature = \"ssr\")] use super::server::flows; use super::server::caller;"),
        ("features/admin/api.rs", "#[cfg(feature = \"ssr\")] mod hidden { use crate::server::db::Db; }"),
        ("auth/server/session/end_store.rs", "use leptos::prelude::*;"),
        ("features/admin/store.rs", "fn f(c: tower_cookies::Cookies) {}"),
        ("features/admin/pages.rs", "use crate::features::profile::model::Profile;"),
        ("features/admin/pages.rs", "use super::super::profile;"),
        ("features/admin/api.rs", "fn f() { use crate::auth::server::users::store; }"),
        ("features/admin/store.rs", "use crate::auth::server::token::key_ring::KeyRing;"),
        ("auth/server/account.rs", "use crate::features::profile;"),
        ("auth/pages.rs", "use crate::app::App;"),
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
        ("auth/api.rs", "#[cfg(feature = \"ssr\")]\nuse {super::server::flows, crate::server::db::Db};"),
        ("auth/api.rs", "mod ssr { pub use crate::auth::server::state; use axum::http::request::Parts; }"),
        ("auth/pages.rs", "use super::use_identity; mod tests { use crate::server::db::Db; }"),
        ("features/admin/store.rs", "use super::model::Account; use crate::server::db::{Db, read};"),
        ("features/admin/emails.rs", "use crate::{auth::server::emails::templates, server::mail::Email};"),
        ("app.rs", "use crate::features::{admin, profile}; fn f() { admin::model::ACCESS }"),
        ("server/router.rs", "use crate::app::App;"),
        ("auth/server/token.rs", "fn f() { let quote = '\"'; let life: &'static str = r#\"crate::app::App\"#; }"),
    ];
    for (file, text) in good {
        assert_eq!(broken(&Source::new(file, text)), [""; 0], "src/{file}: {text}");
    }
    let nested = Source::new("auth/guard.rs", "use a::{b, c::{self, d as e}, f::*};").mentions;
    let paths: BTreeSet<String> = nested.iter().map(|m| m.path.join("::")).collect();
    assert_eq!(paths, ["a::b", "a::c", "a::c::d", "a::f::*"].map(str::to_owned).into());
}

#[test]
fn every_module_that_a_rule_names_exists() {
    let rules = include_str!("architecture.rs").split_once("#[test]").unwrap().0;
    let named: BTreeSet<&str> =
        rules.split('"').skip(1).step_by(2).filter(|text| text.starts_with("crate::")).collect();
    assert!(named.len() > 10, "{named:?}");
    for path in named {
        let file = Path::new("src").join(path.trim_start_matches("crate::").trim_end_matches("::").replace("::", "/"));
        assert!(file.is_dir() || file.with_extension("rs").is_file(), "{path}");
    }
}
