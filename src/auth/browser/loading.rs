//! Data of a page: a skeleton while it is on its way, the view once it is there, and a note when it cannot come. Used by
//! the pages of all features.

use crate::{
    error::AppError,
    ui::{FailureNote, Skeleton},
};
use leptos::{either::Either, prelude::*, tachys::reactive_graph::OwnedView};
use serde::{Serialize, de::DeserializeOwned};

use super::identity::{caught, session_ended, set_status};

/// Shows what `data` brings by `view`. If the answer is that nobody is signed in any more, the tab goes to the log-in.
#[component]
pub fn Loaded<T, V>(
    /// Fetched once, by the server for the page that it sends, and by the browser after a step inside the app.
    data: impl Future<Output = Result<T, AppError>> + Send + 'static,
    view: impl FnOnce(T) -> V + Send + 'static,
    /// How many rows the skeleton has.
    #[prop(default = 4)]
    rows: usize,
) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + Send + 'static,
{
    let data = OnceResource::new(caught(data));
    // Only after a step inside the app is there anything to wait for. `Transition` would know, too, but has the server
    // walk through the content twice before it writes it.
    let waiting = RwSignal::new(is_browser() && data.with_untracked(Option::is_none));
    let content = Suspend::new(async move {
        let result = data.await;
        waiting.set(false);
        OwnedView::new(match result {
            Ok(loaded) => Either::Left(view(loaded)),
            Err(error) => Either::Right(refused(error)),
        })
    });
    view! {
        {move || waiting.get().then(|| view! { <Skeleton rows /> })}
        {content}
    }
}

fn refused(error: AppError) -> impl IntoView {
    match error {
        // Effects run in the browser only: there the page outlived its session.
        AppError::Unauthenticated => {
            Effect::new(|_| session_ended());
        }
        AppError::Internal => set_status(500),
        _ => {}
    }
    view! { <FailureNote error /> }
}
