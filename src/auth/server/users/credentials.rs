//! Parses and validates the input of forms: a [`NewPassword`] is always valid. Called by the flows, the features and the
//! command line.

use super::input;
use crate::{
    auth::model::{DISPLAY_NAME_MAX_LENGTH, check_new_password},
    error::{AppError, Field, ValidationError},
};

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
