//! The password strength meter: four segments and a sentence. The page gets the score from the server.

use leptos::prelude::*;

/// The meter. `reading` is the score (0 to 4) with its sentence, or `None` before there is one.
#[component]
pub fn StrengthMeter(#[prop(into)] reading: Signal<Option<(u8, &'static str)>>) -> impl IntoView {
    let score = move || reading.get().map(|(score, _)| score.to_string());
    let sentence = move || reading.get().map(|(_, sentence)| sentence);
    view! {
        <div class="meter needs-js" data-score=score>
            <div class="meter-bar" aria-hidden="true">
                <span></span>
                <span></span>
                <span></span>
                <span></span>
            </div>
            <p class="meter-words" role="status">
                {sentence}
            </p>
        </div>
    }
}
