//! Compares docs/security/policy.md, the log list in docs/operations.md and the table in docs/performance.md with the
//! source: every field of a form or response, every log line and every measurement must be listed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

const POLICY: &str = include_str!("../../docs/security/policy.md");
const GUIDE: &str = include_str!("../../docs/operations.md");

/// The source files, by their path below `src`.
pub fn sources() -> Vec<(String, String)> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => gather(&path, found),
                false => found.push(path),
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    gather(&src, &mut paths);
    let name = |path: &Path| path.strip_prefix(&src).unwrap().display().to_string();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// A text's section, from its heading to the next one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let rest = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}")).1;
    rest.split("\n## ").next().unwrap()
}

/// The public fields of a struct of a feature's model.
fn fields_of(name: &str) -> Vec<String> {
    let declared = |(_, text): (String, String)| Some(text.split_once(&format!("pub struct {name} {{"))?.1.to_owned());
    let text = sources().into_iter().filter(|(file, _)| file.ends_with("model.rs")).find_map(declared).unwrap();
    text.split("\n}").next().unwrap().split("    pub ").skip(1).map(|rest| word(rest).to_owned()).collect()
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[test]
fn every_field_of_a_form_has_its_rule() {
    let table = section(POLICY, "Valid input").split("\nFields that belong together").next().unwrap();
    let mut fields = BTreeSet::new();
    for (_, text) in sources().iter().filter(|(file, _)| file.ends_with("api.rs")) {
        fields.extend(text.split("#[server(default)] ").skip(1).map(|rest| word(rest).to_owned()));
        for rest in text.split("#[server(flatten)] ").skip(1) {
            fields.extend(fields_of(word(rest.split_once(": ").unwrap().1)));
        }
    }
    assert!(fields.len() > 8, "{fields:?}");
    for field in &fields {
        let named = |line: &str| line.split(" | ").next().is_some_and(|cell| cell.contains(&format!("`{field}`")));
        let has_rule = table.lines().any(named);
        assert!(has_rule, "{field} has no rule");
    }
    // Where a rule is said to be enforced, there is such a file.
    for path in POLICY.split('`').filter(|piece| piece.starts_with("src/") && piece.ends_with(".rs")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).is_file(), "{path}");
    }
}

#[test]
fn every_field_of_an_answer_has_its_readers() {
    let table = section(POLICY, "Who sees which field");
    let mut seen = 0;
    for (file, text) in sources().iter().filter(|(file, _)| file.ends_with("model.rs")) {
        for declared in text.split("Serialize, Deserialize)]\n").skip(1) {
            let lines = declared.split_inclusive('\n').skip_while(|line| line.starts_with("#["));
            let declared = lines.collect::<String>();
            let Some(declared) = declared.strip_prefix("pub struct ") else { continue };
            let name = word(declared);
            let row = table.lines().find(|line| line.contains(&format!("`{name}`")));
            let row = row.unwrap_or_else(|| panic!("{file}: {name} is in no row"));
            for field in declared.split("\n}").next().unwrap().split("    pub ").skip(1).map(word) {
                assert!(
                    row.contains(&format!("`{field}`")),
                    "{file}: {name} shows {field}, which its row does not tell"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_guide_knows_every_line_of_the_log() {
    let list = section(GUIDE, "Logs");
    let trail = sources().into_iter().find(|(file, _)| file == "server/ops/audit.rs").unwrap().1;
    let mut said: BTreeSet<String> =
        trail.split(" => \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert!(said.len() > 15, "{said:?}");
    for (file, text) in sources() {
        for level in ["error", "warn", "info", "debug"] {
            for call in text.split(&format!("tracing::{level}!(")).skip(1) {
                let call = call.split(");").next().unwrap();
                let call = call.split(")\n").next().unwrap();
                // The message is the last literal that is no field's value.
                let message = call.rsplit('"').nth(1).unwrap_or_else(|| panic!("{file}: {call}"));
                said.insert(message.to_owned());
                said.extend(call.split("event = \"").skip(1).map(|rest| word(rest).to_owned()));
            }
        }
    }
    assert!(said.len() > 50, "{said:?}");
    let listed: Vec<&str> = list.split('`').skip(1).step_by(2).filter(|piece| !piece.is_empty()).collect();
    for line in said {
        // Long sentences stand there by their beginning.
        assert!(
            listed.iter().any(|piece| line == *piece || line.starts_with(piece) && piece.contains(' ')),
            "{line:?}"
        );
    }
}

#[test]
fn nothing_but_what_the_guide_names_connects_to_others() {
    let clients = ["hyper_util::client", "client::legacy", "lettre::transport", "AsyncSmtpConnection", "PgPoolOptions"];
    let sockets = ["TcpStream::connect", "UdpSocket", "reqwest", "PgConnectOptions"];
    let mut found = BTreeSet::new();
    for (file, text) in sources() {
        let text = text.split("#[cfg(test)]").next().unwrap();
        if clients.iter().chain(&sockets).any(|client| text.contains(client)) {
            found.insert(file);
        }
    }
    let named = ["auth/server/password/breach.rs", "server/db/pool.rs", "server/mail/smtp.rs"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(named));
    let list = section(GUIDE, "Where the server connects to");
    for setting in ["DATABASE_URL", "mail.smtp_host", "auth.breach_check_url"] {
        assert!(list.contains(&format!("`{setting}`")), "{setting}");
    }
}

#[test]
fn the_table_of_measurements_has_the_rows_of_the_benchmark() {
    let table =
        include_str!("../../docs/performance.md").split_once("<!-- make bench writes from here -->\n").unwrap().1;
    let table = table.split_once("\n<!-- to here -->").unwrap().0;
    let listed: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| ")).map(word).collect();
    let program = include_str!("../../benches/ratios/table.rs");
    let measured: Vec<&str> = program.split("row(\"").skip(1).map(word).collect();
    assert!(measured.len() > 10, "{measured:?}");
    assert_eq!(listed, [&["number"], &measured[..]].concat(), "make bench writes the table");
}
