//! Normalizes typed or pasted text: invisible characters, digits of other scripts, Unicode composition. Called by
//! `credentials`, `email_code` and `password`.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::ValidationError;

/// The number of digits of a code.
const DIGITS: usize = 6;

/// The zero of the decimal digits of each script (Unicode, general category Nd). The other nine follow it.
const ZEROS: [u32; 75] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// Returns whether `c` is invisible (Unicode, Default_Ignorable_Code_Point).
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Removes white space and invisible characters from both ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Extracts six digits of any script from `text`, in ASCII, and ignores all other characters. Returns
/// [`ValidationError::Malformed`] for any other number of digits.
pub fn six_digits(text: &str) -> Result<String, ValidationError> {
    let digits: String = text.chars().filter_map(decimal).take(DIGITS + 1).collect();
    match digits.len() {
        DIGITS => Ok(digits),
        _ => Err(ValidationError::Malformed),
    }
}

fn decimal(c: char) -> Option<char> {
    let value = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

/// Normalizes a password to Unicode NFC for hashing, because keyboards send an accented letter as one character or as
/// two (NIST SP 800-63B-4, 3.1.1.2).
pub fn normal_password(text: &str) -> Cow<'_, str> {
    match is_nfc(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_count_and_other_characters_are_ignored() {
        for zero in ZEROS {
            let typed: String = (1..=6).filter_map(|value| char::from_u32(zero + value)).collect();
            assert!(typed.chars().all(char::is_numeric), "{zero:x}");
            assert_eq!(six_digits(&typed).as_deref(), Ok("123456"), "{zero:x}");
        }
        for typed in [
            "123456",
            " 123 456 ",
            "123\u{a0}456",
            "123\u{202f}456\r\n",
            "123-456",
            "123\u{2011}456",
            "\u{200b}123456\u{feff}",
            "\u{202d}123456\u{202c}",
            "123456.",
            ".123456",
            "123.456",
            "1 2 3 4 5 6",
            "\u{201c}123456\u{201d}",
            "Your code: 123456",
            "12\u{663}\u{ff14}56",
        ] {
            assert_eq!(six_digits(typed).as_deref(), Ok("123456"), "{typed:?}");
        }
        for typed in ["", "12345", "1234567", "12345a", "\u{2460}\u{2461}\u{2462}\u{2463}\u{2464}\u{2465}", "abcdef"] {
            assert_eq!(six_digits(typed), Err(ValidationError::Malformed), "{typed:?}");
        }
    }

    #[test]
    fn a_password_has_one_form_whatever_its_composition() {
        for (typed, normal) in [
            ("re\u{301}sume\u{301}", "r\u{e9}sum\u{e9}"),
            ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
            ("\u{212b}", "\u{c5}"),
            ("a\u{323}\u{307}", "\u{1ea1}\u{307}"),
            ("a\u{307}\u{323}", "\u{1ea1}\u{307}"),
            // Compatibility forms are different passwords.
            ("\u{ff41}\u{fb01}", "\u{ff41}\u{fb01}"),
            ("tidal-copper-lantern", "tidal-copper-lantern"),
        ] {
            assert_eq!(normal_password(typed), normal, "{typed:?}");
        }
    }
}
