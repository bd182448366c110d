//! Random bytes from the operating system's generator, for everything that must be unguessable.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Returns `N` random bytes.
///
/// # Panics
/// If the system has no working generator. No secret would be safe without one.
#[allow(clippy::expect_used)]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random generator");
    bytes
}

/// Returns 32 random bytes in base64url: 43 characters.
pub fn secret_text() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// Returns a number below `bound`, which must not be 0. For jitter, not for secrets: it is slightly biased.
pub fn below(bound: u64) -> u64 {
    u64::from_le_bytes(bytes()) % bound
}
