//! Why a mail was not delivered. Returned by `transport` and `smtp`, handled by `worker`.

/// Why a mail was not delivered, as text for the log without personal data.
#[derive(Debug)]
pub(super) enum Failure {
    /// A retry may succeed.
    Later(String),
    /// A retry can't succeed.
    Never(String),
}
