//! The few line icons, drawn inline so that they take the colour of their text. Always beside words, hence hidden from
//! screen readers.

use leptos::prelude::*;

/// An icon of that name on a grid of 20 units; an unknown name draws nothing.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
            <path d=path(name)></path>
        </svg>
    }
}

/// The mark: a toothed ring around a keyhole.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="-16 -16 32 32" width="32" height="32" aria-hidden="true" focusable="false">
            <circle class="mark-teeth" r="13" pathLength="24"></circle>
            <circle class="mark-ring" r="10.5"></circle>
            <path class="mark-hole" d="M0 -5a3.2 3.2 0 0 1 1.5 6l1.1 5h-5.2l1.1 -5a3.2 3.2 0 0 1 1.5 -6z"></path>
        </svg>
    }
}

fn path(name: &str) -> &'static str {
    match name {
        "alert" => "M10 6.2v4.6M10 13.6v.1M10 2.2a7.8 7.8 0 1 1 0 15.6a7.8 7.8 0 0 1 0 -15.6z",
        "check" => "M6.4 10.4l2.5 2.5l4.9 -5.6M10 2.2a7.8 7.8 0 1 1 0 15.6a7.8 7.8 0 0 1 0 -15.6z",
        "chevron" => "M5.5 8l4.5 4.5l4.5 -4.5",
        "close" => "M5.5 5.5l9 9M14.5 5.5l-9 9",
        "arrow" => "M4 10h12M11 5l5 5l-5 5",
        "eye" => {
            "M2 10c2 -3.6 4.8 -5.4 8 -5.4s6 1.8 8 5.4c-2 3.6 -4.8 5.4 -8 5.4s-6 -1.8 -8 -5.4zM10 7.6a2.4 2.4 0 1 1 0 4.8a2.4 2.4 0 0 1 0 -4.8z"
        }
        "offline" => "M3 3l14 14M4 9.5a9 9 0 0 1 3 -2M16 9.5a9 9 0 0 0 -6 -2.6M7 12.4a4.6 4.6 0 0 1 3 -1.1M10 15.4v.1",
        "log-out" => "M8 3.5h-3.5v13h3.5M12.5 6.5l3.5 3.5l-3.5 3.5M16 10h-8",
        "person" => "M10 10a3.4 3.4 0 1 1 0 -6.8a3.4 3.4 0 0 1 0 6.8zM3.6 17c.7 -3.2 3.2 -4.8 6.4 -4.8s5.7 1.6 6.4 4.8",
        "auto" => "M10 2.5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 0 1 0 -15zM10 2.5v15M10 6l6 -1M10 10h7.5M10 14l6 1",
        "sun" => {
            "M10 6.6a3.4 3.4 0 1 1 0 6.8a3.4 3.4 0 0 1 0 -6.8zM10 1.8v1.6M10 16.6v1.6M1.8 10h1.6M16.6 10h1.6M4.2 4.2l1.1 1.1M14.7 14.7l1.1 1.1M4.2 15.8l1.1 -1.1M14.7 5.3l1.1 -1.1"
        }
        "moon" => "M16.8 12a7.2 7.2 0 0 1 -8.8 -8.8a7.2 7.2 0 1 0 8.8 8.8z",
        _ => "",
    }
}
