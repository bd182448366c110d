//! Email addresses: an [`EmailAddress`] is always valid. Created from forms by the flows, and by the command line.

use unicode_normalization::UnicodeNormalization;

use super::input;
use crate::error::{AppError, Field, ValidationError};

/// A normalized email address. Addresses that differ only in case, Unicode compatibility forms or the spelling of the
/// domain have the same [`key`](EmailAddress::key).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    address: String,
    key: String,
}

impl EmailAddress {
    /// Parses `local@domain`: the lengths of RFC 5321 (64, 253, 254 octets), a dot-atom with letters of any script as
    /// the local part (RFC 6531), a domain with at least one dot. Rejects comments, quotes and IP literals, which
    /// nobody signs up with, and underscores in the domain (RFC 5321, 2.3.5). Trims white space and invisible
    /// characters; invisible characters elsewhere are [`ValidationError::Unprintable`].
    pub fn parse(input: &str) -> Result<Self, ValidationError> {
        let input = input::trim(input);
        let invisible = |c: char| c.is_control() || input::is_invisible(c);
        Self::parse_trimmed(input).map_err(|problem| match problem {
            ValidationError::Malformed if input.contains(invisible) => ValidationError::Unprintable,
            problem => problem,
        })
    }

    fn parse_trimmed(input: &str) -> Result<Self, ValidationError> {
        if input.is_empty() {
            return Err(ValidationError::Missing);
        }
        if input.len() > 1000 {
            return Err(ValidationError::TooLong { max: 254 });
        }
        let normal: String = input.nfkc().collect();
        let (local, domain) = normal.rsplit_once('@').ok_or(ValidationError::Malformed)?;
        let domain = ascii_domain(domain).ok_or(ValidationError::Malformed)?;
        if local.len() > 64 || local.len() + 1 + domain.len() > 254 {
            return Err(ValidationError::TooLong { max: 254 });
        }
        if !local.split('.').all(is_atom) {
            return Err(ValidationError::Malformed);
        }
        // Lower-casing can decompose a character. Normalize again, so that the key of a key is the same key.
        let key_local: String = local.to_lowercase().nfkc().collect();
        Ok(Self { key: format!("{key_local}@{domain}"), address: format!("{local}@{domain}") })
    }

    /// Returns the address for display and for sending email.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// Returns the key for comparing and looking up addresses.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the part before the `@`.
    pub fn local_part(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// Returns whether `atom` is an atom of RFC 5322, with letters and digits of any script.
fn is_atom(atom: &str) -> bool {
    // Some Unicode letters are invisible, such as the Hangul fillers.
    let fits = |c: char| c.is_alphanumeric() && !input::is_invisible(c) || "!#$%&'*+-/=?^_`{|}~".contains(c);
    !atom.is_empty() && atom.chars().all(fits)
}

/// Returns the domain in ASCII and lower case (UTS 46, RFC 5891).
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let labels_fine = ascii.split('.').all(|label| !label.is_empty());
    let not_an_address = ascii.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    (ascii.contains('.') && labels_fine && not_an_address && ascii.len() <= 253).then_some(ascii)
}

/// Checks that `typed` and `own` are the same address, as a confirmation of a destructive action.
pub fn same_email(typed: &str, own: &str) -> Result<(), AppError> {
    let error = |problem| Err(AppError::invalid(Field::EMAIL, problem));
    match (EmailAddress::parse(typed), EmailAddress::parse(own)) {
        (Err(problem), _) => error(problem),
        (Ok(typed), Ok(own)) if typed.key() == own.key() => Ok(()),
        _ => error(ValidationError::Mismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(input: &str) -> String {
        EmailAddress::parse(input).unwrap().key().to_owned()
    }

    #[test]
    fn equivalent_addresses_have_one_key() {
        for (one, other) in [
            ("ada@example.test", "ADA@Example.TEST"),
            ("ada@example.test", "  ada@example.test "),
            ("ada@example.test", "\u{200b}\u{feff}ada@example.test"),
            ("ada@example.test", " \u{202a}ada@example.test\u{202c} \u{ad}"),
            ("ada@example.test", "\u{2066}ada@example.test\u{2069}\u{e0020}"),
            ("ada@example.test", "ada\u{ff20}example.test"),
            ("ada@example.test", "\u{ff41}da@example.test"),
            ("\u{e9}ve@example.test", "e\u{301}ve@example.test"),
            ("ada@b\u{fc}cher.test", "ada@xn--bcher-kva.test"),
            ("ada@example.test", "ada@example\u{3002}test"),
        ] {
            assert_eq!(key(one), key(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_key_is_its_own_key() {
        for address in ["Ada+Tag@Example.test", "\u{1e9e}@example.test"] {
            assert_eq!(key(&key(address)), key(address), "{address}");
        }
    }

    #[test]
    fn different_people_keep_different_keys() {
        for (one, other) in [
            ("ada@example.test", "ada+1@example.test"),
            ("ada@example.test", "a.da@example.test"),
            ("ada@example.test", "\u{430}da@example.test"),
        ] {
            assert_ne!(key(one), key(other), "{one} and {other}");
        }
    }

    #[test]
    fn malformed_addresses_are_rejected() {
        let long_local = format!("{}@example.test", "a".repeat(65));
        let long_domain = format!("a@{}.test", "a.".repeat(130));
        for (input, problem) in [
            ("", ValidationError::Missing),
            ("   ", ValidationError::Missing),
            ("ada", ValidationError::Malformed),
            ("ada@", ValidationError::Malformed),
            ("@example.test", ValidationError::Malformed),
            ("ada@localhost", ValidationError::Malformed),
            ("ada@example..test", ValidationError::Malformed),
            ("ada@-example.test", ValidationError::Malformed),
            ("ada@example.test.", ValidationError::Malformed),
            ("ada@127.0.0.1", ValidationError::Malformed),
            ("ada@[127.0.0.1]", ValidationError::Malformed),
            (".ada@example.test", ValidationError::Malformed),
            ("a..da@example.test", ValidationError::Malformed),
            ("a da@example.test", ValidationError::Malformed),
            ("a@b@example.test", ValidationError::Malformed),
            ("\"a da\"@example.test", ValidationError::Malformed),
            ("ada@example.test\r\nBcc: eve@example.test", ValidationError::Unprintable),
            ("a\0da@example.test", ValidationError::Unprintable),
            ("a\u{200b}da@example.test", ValidationError::Unprintable),
            ("a\u{202e}da@example.test", ValidationError::Unprintable),
            ("a\u{3164}da@example.test", ValidationError::Unprintable),
            ("\u{200b}", ValidationError::Missing),
            ("\u{200b}ada", ValidationError::Malformed),
            ("user@sub_domain.example.test", ValidationError::Malformed),
            ("ada@exa_mple.test", ValidationError::Malformed),
            (&long_local, ValidationError::TooLong { max: 254 }),
            (&long_domain, ValidationError::Malformed),
            (&"a".repeat(2000), ValidationError::TooLong { max: 254 }),
        ] {
            assert_eq!(EmailAddress::parse(input).unwrap_err(), problem, "{input:?}");
        }
    }
}
