//! Fail points: places where a test kills the process, as a power cut would. Nothing is flushed, closed or answered.
//! Compiled only with the feature `faults`; otherwise a fail point does nothing.

/// Aborts the process if `LATCHKEY_FAULT` names this point. With the prefix `panic:` it panics instead, with a message
/// of several lines.
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
