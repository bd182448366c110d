//! Points at which a test lets the process die, as a power cut would: nothing is flushed, closed or answered. Compiled into
//! test builds only (the feature `faults`); elsewhere a point is nothing.

/// Dies here if `LATCHKEY_FAULT` in the environment names this point. With `panic:` before the name it panics instead, as a
/// bug would, with a message that would be lines of its own in the log.
#[cfg(feature = "faults")]
#[allow(clippy::panic)]
pub fn point(name: &str) {
    match std::env::var("LATCHKEY_FAULT") {
        Ok(chosen) if chosen == name => std::process::abort(),
        Ok(chosen) if chosen.strip_prefix("panic:") == Some(name) => panic!("a canary\n{{\"event\":\"forged_event\"}}"),
        _ => {}
    }
}

#[cfg(not(feature = "faults"))]
pub fn point(_: &str) {}
