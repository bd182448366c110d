//! The state that a form shares with its fields and its button. `Form` provides it as context.

use crate::error::{AppError, Field, ValidationError};
use leptos::prelude::*;

/// The state of one form.
#[derive(Clone, Copy)]
pub(super) struct FormState {
    /// The error of the server or of the check in the browser.
    pub(super) error: RwSignal<Option<AppError>>,
    /// Whether the form was sent and the response is pending.
    pub(super) pending: RwSignal<bool>,
}

impl FormState {
    pub(super) fn new(error: Option<AppError>) -> Self {
        Self { error: RwSignal::new(error), pending: RwSignal::new(false) }
    }

    /// Returns the state of the enclosing form, or an empty one outside of any form.
    pub(super) fn of_form() -> Self {
        use_context().unwrap_or_else(|| Self::new(None))
    }

    /// Returns the problem of `field`. Reactive.
    pub(super) fn problem_of(self, field: &Field) -> Option<ValidationError> {
        self.error.with(|error| error.as_ref()?.problem_of(field))
    }
}
