//! What a form, its fields and its button share. `Form` provides it; they read it from the context.

use crate::error::{AppError, Field, Problem};
use leptos::prelude::*;

/// The state of one form.
#[derive(Clone, Copy)]
pub(super) struct FormState {
    /// Why it was refused: by the server on the way to this page, or by the check in the browser.
    pub(super) error: RwSignal<Option<AppError>>,
    /// Whether it was sent and the answer has not come yet.
    pub(super) pending: RwSignal<bool>,
}

impl FormState {
    pub(super) fn new(error: Option<AppError>) -> Self {
        Self { error: RwSignal::new(error), pending: RwSignal::new(false) }
    }

    /// The state of the form around the caller; outside of any form, that of one without errors.
    pub(super) fn of_form() -> Self {
        use_context().unwrap_or_else(|| Self::new(None))
    }

    /// What is wrong with the input for `field`. Tracks the error.
    pub(super) fn problem_of(self, field: Field) -> Option<Problem> {
        self.error.with(|error| error.as_ref()?.problem_of(field))
    }
}
