//! Data of a page: a skeleton while it is on its way, the view once it is there, and a note when it cannot come. Used by
//! the pages of all features.

use crate::{
    error::AppError,
    ui::{FailureNote, Skeleton},
};
use leptos::prelude::*;

use super::context::session_ended;

/// Shows what `data` brings by `view`. If the answer is that nobody is signed in any more, the tab goes to the log-in.
#[component]
pub fn Loaded<T>(
    data: Resource<Result<T, AppError>>,
    view: fn(T) -> AnyView,
    /// How many rows the skeleton has.
    #[prop(default = 4)]
    rows: usize,
    /// Whether `data` is fetched again while the page stands.
    #[prop(optional)]
    again: bool,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    let once = move || Suspend::new(async move { shown(data.await, view) });
    // A closure follows the data, but the server calls it two or three times a page, with all the views that it makes.
    let content = if again { once.into_any() } else { once().into_any() };
    view! {
        <Transition fallback=move || {
            view! { <Skeleton rows /> }
        }>{content}</Transition>
    }
}

fn shown<T>(result: Result<T, AppError>, view: fn(T) -> AnyView) -> AnyView {
    match result {
        Ok(loaded) => view(loaded),
        Err(error) => refused(error),
    }
}

fn refused(error: AppError) -> AnyView {
    if error == AppError::Unauthenticated {
        // Effects run in the browser only: there the page outlived its session.
        Effect::new(|_| session_ended());
    }
    view! { <FailureNote error /> }.into_any()
}
