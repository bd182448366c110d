//! Why a mail was not delivered. Told by `transport` and `smtp`, acted on by `worker`.

/// Why a mail was not delivered, in words for the log that tell of no person.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another try may succeed.
    Later(String),
    /// None will.
    Never(String),
}
