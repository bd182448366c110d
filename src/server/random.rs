//! Bytes from the operating system's generator. Used wherever something must not be guessed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// `N` random bytes.
///
/// # Panics
/// Where the system has no working generator: nothing that Latchkey does would be safe then.
#[allow(clippy::expect_used)]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random generator");
    bytes
}

/// 32 random bytes in base64url: 43 characters.
pub fn secret_text() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A number below `bound` (which must not be 0); for jitter, not for secrets.
pub fn below(bound: u64) -> u64 {
    u64::from_le_bytes(bytes()) % bound
}
