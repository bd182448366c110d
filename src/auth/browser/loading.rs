//! Loads the data of a page: shows a skeleton while loading,
//! then the view or an error. Used by the pages of all features.

use crate::{
    error::AppError,
    ui::{FailureNote, Skeleton},
};
use leptos::{prelude::*, tachys::reactive_graph::OwnedView};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    identity::{caught, session_ended, set_status},
    json::JsonBytes,
};

/// Loads `data` and renders it with `view`. If the session has ended, goes to the log-in page.
#[component]
pub fn Loaded<T, V>(
    /// Loaded once: by the server for a page load, by the browser after a client-side navigation.
    data: impl Future<Output = Result<T, AppError>> + Send + 'static,
    view: impl FnOnce(T) -> V + Send + 'static,
    /// The number of rows of the skeleton.
    #[prop(default = 4)]
    rows: usize,
) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + Send + 'static,
{
    let data = OnceResource::<_, JsonBytes>::new_with_options(caught(data), false);
    // Only a client-side navigation has to wait. Not a `Transition`, with which the server renders the content twice.
    let waiting = RwSignal::new(is_browser() && data.with_untracked(Option::is_none));
    let content = Suspend::new(async move {
        let result = data.await;
        waiting.set(false);
        OwnedView::new(match result {
            Ok(loaded) => view(loaded).into_any(),
            Err(error) => failure(error).into_any(),
        })
    });
    view! {
        {move || waiting.get().then(|| view! { <Skeleton rows /> })}
        {content}
    }
}

fn failure(error: AppError) -> impl IntoView {
    match error {
        // Effects run only in the browser: the session ended while the page was open.
        AppError::Unauthenticated => {
            Effect::new(|_| session_ended());
        }
        AppError::Internal => set_status(500),
        _ => {}
    }
    view! { <FailureNote error /> }
}
