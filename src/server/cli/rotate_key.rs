//! `latchkey key rotate`: replaces the signing secret in its file. The previous two secrets still verify what they
//! signed; older ones do not. Called by `main`. No secret reaches a log or an error.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use crate::server::{
    config::{Auth, ConfigError},
    random,
};

const SECRET: &str = "LATCHKEY__AUTH__SECRET=";
const PREVIOUS: &str = "LATCHKEY__AUTH__PREVIOUS_SECRETS=";
/// How many previous secrets are kept for verification.
const KEPT: usize = 2;
/// Minimum characters of a valid secret. Shorter ones never signed anything.
const SHORTEST: usize = 32;

/// Returns a new secret, and the kept ones of `before`, newest first.
fn rotated(before: impl IntoIterator<Item = String>) -> (String, Vec<String>) {
    let kept = before.into_iter().filter(|secret| secret.chars().count() >= SHORTEST).take(KEPT).collect();
    (random::secret_text(), kept)
}

/// Rotates the secret in a file of `NAME=value` lines, the format of service managers and containers. Other lines stay
/// byte for byte; so do the file's mode and owner.
pub fn rotate_env_file(path: &Path) -> Result<(), ConfigError> {
    replace(path, |text| rewritten(text).map_err(|what| format!("{} {what}", path.display())))
}

/// Rotates the secret in a file with one secret per line, newest first.
pub fn rotate_secrets_file(path: &Path) -> Result<(), ConfigError> {
    replace(path, |text| {
        let (new, kept) = rotated(String::from_utf8_lossy(text).lines().map(str::to_owned));
        Ok([vec![new], kept].concat().join("\n").into_bytes())
    })
}

/// Returns the two lines to set instead of `auth`'s secrets, for secrets stored where no program can write.
pub fn new_lines(auth: &Auth) -> String {
    let (new, kept) = rotated(auth.secret.iter().chain(&auth.previous_secrets).cloned());
    format!("{SECRET}{new}\n{PREVIOUS}{}\n", list(&kept))
}

/// Returns the environment file with a new secret, or why it can't be rewritten.
fn rewritten(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (at, secret) = setting(&lines, SECRET)?
        .ok_or("has no line LATCHKEY__AUTH__SECRET=...: name the file that sets the server's secret.")?;
    let previous = setting(&lines, PREVIOUS)?;
    let listed = previous.as_ref().map_or("", |(_, value)| value.text);
    let older: Vec<String> = match listed {
        "" => Vec::new(),
        _ => toml::from_str::<toml::Table>(&format!("v = {listed}"))
            .ok()
            .and_then(|mut table| table.remove("v")?.try_into().ok())
            .ok_or("has an invalid LATCHKEY__AUTH__PREVIOUS_SECRETS: write it as [\"...\", \"...\"].")?,
    };
    let (new, kept) = rotated(std::iter::once(secret.text.to_owned()).chain(older));
    let mut out = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        match &previous {
            _ if n == at && previous.is_some() => secret.write(&mut out, SECRET, &new),
            Some((at, value)) if n == *at => value.write(&mut out, PREVIOUS, &list(&kept)),
            None if n == at => {
                let ending = if secret.ending.is_empty() { "\n" } else { secret.ending };
                Value { ending, ..secret }.write(&mut out, SECRET, &new);
                Value { quote: "", ..secret }.write(&mut out, PREVIOUS, &list(&kept));
            }
            _ => out.extend_from_slice(line),
        }
    }
    Ok(out)
}

fn list(secrets: &[String]) -> String {
    serde_json::Value::from(secrets).to_string()
}

/// A value: its text, its quotes, and its line ending.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    quote: &'a str,
    ending: &'a str,
}

impl Value<'_> {
    fn write(&self, out: &mut Vec<u8>, name: &str, text: &str) {
        for part in [name, self.quote, text, self.quote, self.ending] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Finds the only line that begins with `name`, and returns its value.
fn setting<'a>(lines: &[&'a [u8]], name: &str) -> Result<Option<(usize, Value<'a>)>, &'static str> {
    let mut found = lines.iter().enumerate().filter_map(|(n, line)| Some((n, line.strip_prefix(name.as_bytes())?)));
    let Some((n, line)) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err("sets one of the secrets twice: delete the line that is out of date.");
    }
    let line = std::str::from_utf8(line).map_err(|_| "has a secret that is not UTF-8: correct that line.")?;
    let value = line.trim_end();
    let ending = &line[value.len()..];
    let quote = ["\"", "'"].into_iter().find(|q| value.len() > 1 && value.starts_with(q) && value.ends_with(q));
    let quote = quote.unwrap_or("");
    Ok(Some((n, Value { text: &value[quote.len()..value.len() - quote.len()], quote, ending })))
}

/// Replaces a file atomically with the result of `change`, also if the power fails.
fn replace(path: &Path, change: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>) -> Result<(), ConfigError> {
    let failed = |error: io::Error| ConfigError(format!("{} cannot be rewritten: {error}.", path.display()));
    // Follow a symlink and replace its target.
    let path = fs::canonicalize(path).map_err(failed)?;
    let new = beside(&path);
    // Its existence also blocks a second rotation, which would lose this one's secret.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(|error| {
        ConfigError(format!(
            "{} cannot be created: {error}. If no other rotation is running, delete it.",
            new.display()
        ))
    })?;
    let outcome = fs::read(&path).map_err(failed).and_then(|old| {
        let text = change(&old).map_err(ConfigError)?;
        exchange(file, &text, &new, &path).map_err(failed)
    });
    if outcome.is_err() {
        let _ = fs::remove_file(&new);
    }
    outcome
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn exchange(mut file: File, text: &[u8], new: &Path, path: &Path) -> io::Result<()> {
    let (old, own) = (fs::metadata(path)?, file.metadata()?);
    if (old.uid(), old.gid()) != (own.uid(), own.gid()) {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o777))?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    // Sync the folder, so that the rename reaches the disk.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old-0123456789-0123456789-0123456789";
    const OLDER: &str = "older-0123456789-0123456789-0123456789";
    const OLDEST: &str = "oldest-0123456789-0123456789-0123456789";

    /// The new text with the new secret as `NEW`.
    fn after(text: &str) -> String {
        let out = String::from_utf8(rewritten(text.as_bytes()).unwrap()).unwrap();
        let line = out.lines().find_map(|line| line.strip_prefix(SECRET)).unwrap();
        let new = line.trim_matches(['"', '\'']).to_owned();
        assert_eq!(new.len(), 43, "32 bytes");
        assert_eq!(out.matches(&new).count(), 1);
        out.replace(&new, "NEW")
    }

    #[test]
    fn the_old_secret_goes_to_the_front_of_those_that_verify() {
        for (before, expected) in [
            (format!("{SECRET}{OLD}\n"), format!("{SECRET}NEW\n{PREVIOUS}[\"{OLD}\"]\n")),
            (format!("{SECRET}{OLD}"), format!("{SECRET}NEW\n{PREVIOUS}[\"{OLD}\"]")),
            (format!("{SECRET}\"{OLD}\"\r\nA=b\r\n"), format!("{SECRET}\"NEW\"\r\n{PREVIOUS}[\"{OLD}\"]\r\nA=b\r\n")),
            (
                format!("{PREVIOUS}[\"{OLDER}\", \"{OLDEST}\"]\n{SECRET}{OLD}\n"),
                format!("{PREVIOUS}[\"{OLD}\",\"{OLDER}\"]\n{SECRET}NEW\n"),
            ),
            (
                format!("{SECRET}'{OLD}'\n{PREVIOUS}'[\"{OLDER}\"]'\n"),
                format!("{SECRET}'NEW'\n{PREVIOUS}'[\"{OLD}\",\"{OLDER}\"]'\n"),
            ),
            (format!("{SECRET}{OLD}\n{PREVIOUS}\n"), format!("{SECRET}NEW\n{PREVIOUS}[\"{OLD}\"]\n")),
            (format!("{SECRET}\n"), format!("{SECRET}NEW\n{PREVIOUS}[]\n")),
        ] {
            assert_eq!(after(&before), expected);
        }
    }

    #[test]
    fn what_is_not_a_secret_stays_byte_for_byte() {
        let before = [
            b"# a comment \xff\r\n\n  X = 1 \n".as_slice(),
            b"#LATCHKEY__AUTH__SECRET=commented out\n",
            SECRET.as_bytes(),
            OLD.as_bytes(),
            b"\nDATABASE_URL=postgres://a:b@c/d?e=f  \n\n# no end",
        ];
        let after = rewritten(&before.concat()).unwrap();
        assert!(after.starts_with(&before[..2].concat()));
        assert!(after.ends_with(before[4]));
        assert_eq!(after.split(|b| *b == b'\n').count(), before.concat().split(|b| *b == b'\n').count() + 1);
    }

    #[test]
    fn what_cannot_be_rewritten_is_said_without_its_secret() {
        for text in [
            String::new(),
            format!("export {SECRET}{OLD}\n"),
            format!("{SECRET}{OLD}\n{SECRET}{OLDER}\n"),
            format!("{SECRET}{OLD}\n{PREVIOUS}{OLDER}\n"),
            format!("{SECRET}{OLD}\n{PREVIOUS}[1]\n"),
            format!("{SECRET}{OLD}\n{PREVIOUS}\"[\\\"{OLDER}\\\"]\"\n"),
        ] {
            let sentence = rewritten(text.as_bytes()).unwrap_err();
            assert!(sentence.ends_with('.') && !sentence.contains("0123"), "{sentence}");
        }
    }
}
