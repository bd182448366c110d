//! Parses and validates the input of log-in and sign-up forms: an [`EmailAddress`] or a [`NewPassword`] is always
//! valid. Called by the flows and the command line.

use unicode_normalization::UnicodeNormalization;

use super::input;
use crate::{
    auth::model::{DISPLAY_NAME_MAX_LENGTH, check_new_password},
    error::{AppError, Field, ValidationError},
};

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

/// A valid new password in Unicode NFC. Never shown, logged, trimmed or truncated.
pub struct NewPassword(String);

impl NewPassword {
    /// Validates the length; `min` in characters.
    pub fn parse(input: String, min: u32) -> Result<Self, ValidationError> {
        let normal = input::normal_password(&input).into_owned();
        check_new_password(&normal, min)?;
        Ok(Self(normal))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_inner(self) -> String {
        self.0
    }
}

/// Parses a display name: one line of 1 to 50 characters without invisible or bidirectional ones.
pub fn parse_display_name(input: &str) -> Result<String, ValidationError> {
    match parse_text(input, false, DISPLAY_NAME_MAX_LENGTH)? {
        name if name.is_empty() => Err(ValidationError::Missing),
        name => Ok(name),
    }
}

/// Parses text of at most `max` characters without invisible or bidirectional ones. `lines` allows several lines.
pub fn parse_text(input: &str, lines: bool, max: u32) -> Result<String, ValidationError> {
    // Forms send line breaks as CR LF (HTML, "constructing the entry list").
    let text = input.replace("\r\n", "\n").trim().to_owned();
    if !is_printable(&text, lines) {
        return Err(ValidationError::Unprintable);
    }
    if text.chars().count() > max as usize {
        return Err(ValidationError::TooLong { max });
    }
    Ok(text)
}

/// Returns whether `text` has no control, bidirectional or zero-width characters. `lines` allows line feeds. Allows a
/// zero-width joiner in an emoji, but not after a letter, where it makes different names look the same.
fn is_printable(text: &str, lines: bool) -> bool {
    let mut before = 'a';
    text.chars().all(|c| {
        let previous = std::mem::replace(&mut before, c);
        match c {
            '\n' => lines,
            '\u{200d}' => !previous.is_alphanumeric(),
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{61c}'
            | '\u{ad}'
            | '\u{180e}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' => false,
            _ => !c.is_control(),
        }
    })
}

/// Collects the problems of several fields, so that a form can show all of them.
#[derive(Default)]
pub struct ValidationErrors(Vec<crate::error::FieldError>);

impl ValidationErrors {
    /// Returns the value, or records the problem and returns `None`.
    pub fn take<T>(&mut self, field: Field, result: Result<T, ValidationError>) -> Option<T> {
        result.map_err(|problem| self.0.push(crate::error::FieldError { field, problem })).ok()
    }

    /// Returns the value, or the error with all recorded problems.
    pub fn into_result<T>(self, value: T) -> Result<T, AppError> {
        if self.0.is_empty() { Ok(value) } else { Err(self.into_error()) }
    }

    /// Returns the error with all recorded problems.
    pub fn into_error(self) -> AppError {
        AppError::Invalid { fields: self.0 }
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

    #[test]
    fn names_allow_any_script_and_emoji_but_nothing_invisible() {
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f466}";
        for name in [
            "Ada",
            "Zo\u{eb} O'Neil-Smith",
            "\u{674e}\u{660e}",
            "\u{1f511} Ada",
            family,
            "Ada\u{2764}\u{fe0f}\u{200d}\u{1f525}",
        ] {
            assert_eq!(parse_display_name(name).as_deref(), Ok(name));
        }
        for name in
            ["a\nb", "a\rb", "a\0b", "a\u{202e}b", "a\u{200b}b", "a\u{200d}b", "\u{feff}ab", "a\u{2028}b", "a\u{7f}b"]
        {
            assert_eq!(parse_display_name(name), Err(ValidationError::Unprintable), "{name:?}");
        }
        assert_eq!(parse_display_name("  "), Err(ValidationError::Missing));
        assert_eq!(parse_display_name(&"\u{e9}".repeat(50)).map(|n| n.chars().count()), Ok(50));
        assert_eq!(parse_display_name(&"a".repeat(51)), Err(ValidationError::TooLong { max: 50 }));
    }

    #[test]
    fn passwords_are_counted_in_characters_and_changed_only_by_normalization() {
        let accented = "\u{e9}".repeat(12);
        assert_eq!(NewPassword::parse(accented.clone(), 12).unwrap().into_inner(), accented);
        assert_eq!(NewPassword::parse("e\u{301}".repeat(12), 12).unwrap().into_inner(), accented);
        assert_eq!(NewPassword::parse("e\u{301}".repeat(11), 12).err(), Some(ValidationError::TooShort { min: 12 }));
        assert_eq!(NewPassword::parse("  spaces stay  ".into(), 12).unwrap().into_inner(), "  spaces stay  ");
        assert_eq!(NewPassword::parse("a".repeat(11), 12).err(), Some(ValidationError::TooShort { min: 12 }));
        assert!(NewPassword::parse("a".repeat(1024), 12).is_ok());
        assert_eq!(NewPassword::parse("a".repeat(1025), 12).err(), Some(ValidationError::TooLong { max: 1024 }));
        assert_eq!(NewPassword::parse(String::new(), 12).err(), Some(ValidationError::Missing));
    }
}
