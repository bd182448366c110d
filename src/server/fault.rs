//! Points at which a test lets the process die, as a power cut would: nothing is flushed, closed or answered. Compiled into
//! test builds only (the feature `faults`); elsewhere a point is nothing.

/// Dies here if `LATCHKEY_FAULT` in the environment names this point.
#[cfg(feature = "faults")]
pub fn point(name: &str) {
    if std::env::var("LATCHKEY_FAULT").is_ok_and(|chosen| chosen == name) {
        std::process::abort();
    }
}

#[cfg(not(feature = "faults"))]
pub fn point(_: &str) {}
