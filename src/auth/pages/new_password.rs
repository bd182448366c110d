//! The field for a new password, with a meter beside it. The server rates what is typed: the tables for that are larger
//! than the whole app. Used wherever one is chosen.

use crate::{
    auth::{
        api::rate_password,
        model::{PasswordAdvice, PasswordStrength},
    },
    error::Field,
    ui::{PasswordField, StrengthMeter, control_name, flash::use_site},
};
use leptos::{prelude::*, task::spawn_local, wasm_bindgen::JsCast, web_sys::HtmlInputElement};
use std::time::Duration;

/// How long typing has to rest before the server is asked.
const REST: Duration = Duration::from_millis(250);

#[component]
pub fn NewPasswordField(#[prop(default = "Password")] label: &'static str) -> impl IntoView {
    let reading = RwSignal::new(None);
    // Only the answer to the last question counts.
    let asked = StoredValue::new(0_u32);
    let measure = move |password: String| {
        asked.update_value(|asked| *asked = asked.wrapping_add(1));
        let mine = asked.get_value();
        if password.is_empty() {
            reading.set(None);
            return;
        }
        let is_last = move || asked.try_get_value() == Some(mine);
        set_timeout(
            move || {
                if !is_last() {
                    return;
                }
                spawn_local(async move {
                    let rated = rate_password(password, typed(Field::Email), typed(Field::DisplayName)).await;
                    // Without an answer the meter stays as it is: the server decides at the end anyway.
                    if let Ok(strength) = rated
                        && is_last()
                    {
                        reading.try_set(Some((strength.score, advice(strength))));
                    }
                });
            },
            REST,
        );
    };
    view! {
        <PasswordField
            label
            hint=format!("At least {} characters. A few unrelated words make a good one.", use_site().password_min_length)
            autocomplete="new-password"
            on_change=Box::new(measure)
        />
        <StrengthMeter reading />
    }
}

/// What stands in the input for `field` right now.
fn typed(field: Field) -> String {
    document()
        .get_element_by_id(control_name(field))
        .and_then(|element| element.dyn_into::<HtmlInputElement>().ok())
        .map(|input| input.value())
        .unwrap_or_default()
}

/// One sentence about a password: what would help most, or that it is good.
fn advice(strength: PasswordStrength) -> &'static str {
    match (strength.score, strength.advice) {
        (_, Some(PasswordAdvice::Common)) => "This one is on lists of common passwords.",
        (_, Some(PasswordAdvice::Personal)) => "It leans on your name, your address or this site.",
        (_, Some(PasswordAdvice::Pattern)) => "It repeats or follows a pattern. Break it up.",
        (_, Some(PasswordAdvice::Date)) => "Dates and years are guessed early.",
        (_, Some(PasswordAdvice::MoreWords)) => "One or two more unrelated words would help.",
        (0..=2, None) => "A few more unrelated words would help.",
        (3, None) => "Good. It would take a long time to guess.",
        (_, None) => "Very good. It's out of reach.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_always_has_one_short_sentence() {
        let all = [
            None,
            Some(PasswordAdvice::Common),
            Some(PasswordAdvice::Personal),
            Some(PasswordAdvice::Pattern),
            Some(PasswordAdvice::Date),
            Some(PasswordAdvice::MoreWords),
        ];
        for score in 0..=4 {
            for given in all {
                let sentence = advice(PasswordStrength { score, advice: given });
                assert!(sentence.ends_with('.') && sentence.len() < 60, "{sentence}");
            }
        }
    }
}
