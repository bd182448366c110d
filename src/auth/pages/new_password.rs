//! The field for a new password, with a strength meter. The server rates the password, because the tables for that are
//! larger than the whole app. Used by every form that sets a password.

use crate::{
    auth::{
        api::rate_password,
        model::{PasswordAdvice, PasswordStrength},
    },
    error::Field,
    ui::{PasswordField, StrengthMeter, flash::use_site},
};
use leptos::{prelude::*, task::spawn_local, wasm_bindgen::JsCast, web_sys::HtmlInputElement};
use std::time::Duration;

/// How long to wait after the last keystroke before asking the server.
const DEBOUNCE: Duration = Duration::from_millis(250);

#[component]
pub fn NewPasswordField(#[prop(default = "Password")] label: &'static str) -> impl IntoView {
    let reading = RwSignal::new(None);
    // Drops responses to all but the latest request.
    let latest = StoredValue::new(0_u32);
    let measure = move |password: String| {
        latest.update_value(|latest| *latest = latest.wrapping_add(1));
        let this = latest.get_value();
        if password.is_empty() {
            reading.set(None);
            return;
        }
        let is_latest = move || latest.try_get_value() == Some(this);
        set_timeout(
            move || {
                if !is_latest() {
                    return;
                }
                spawn_local(async move {
                    let rated = rate_password(password, typed(&Field::EMAIL), typed(&Field::DISPLAY_NAME)).await;
                    // On an error the meter stays as it is: the server checks the password again when the form is sent.
                    if let Ok(strength) = rated
                        && is_latest()
                    {
                        reading.try_set(Some((strength.score, advice(strength))));
                    }
                });
            },
            DEBOUNCE,
        );
    };
    view! {
        <PasswordField
            label
            hint=format!("At least {} characters. A few unrelated words make a good password.", use_site().password_min_length)
            autocomplete="new-password"
            on_change=Box::new(measure)
        />
        <StrengthMeter reading />
    }
}

/// Returns the current value of the input for `field`.
fn typed(field: &Field) -> String {
    document()
        .get_element_by_id(field.name())
        .and_then(|element| element.dyn_into::<HtmlInputElement>().ok())
        .map(|input| input.value())
        .unwrap_or_default()
}

/// Returns one sentence about a password: the most useful advice, or that it is strong.
fn advice(strength: PasswordStrength) -> &'static str {
    match (strength.score, strength.advice) {
        (_, Some(PasswordAdvice::Common)) => "This is a common password.",
        (_, Some(PasswordAdvice::Personal)) => "Too similar to your name, email or this site.",
        (_, Some(PasswordAdvice::Pattern)) => "Avoid repetitions and keyboard patterns.",
        (_, Some(PasswordAdvice::Date)) => "Dates and years are easy to guess.",
        (_, Some(PasswordAdvice::MoreWords)) => "Add one or two unrelated words.",
        (0..=2, None) => "Add a few unrelated words.",
        (3, None) => "Strong password.",
        (_, None) => "Very strong password.",
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
