//! Inline SVG icons in the colour of the text. Hidden from screen readers, because each is next to a label.

use leptos::prelude::*;

/// The icon with that name. An unknown name renders an empty icon.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
            <path d=path(name)></path>
        </svg>
    }
}

/// The logo: a toothed ring around a keyhole.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="-16 -16 32 32" width="32" height="32" aria-hidden="true" focusable="false">
            <circle class="mark-teeth" r="13" pathLength="24"></circle>
            <circle class="mark-ring" r="10.5"></circle>
            <path
                class="mark-hole"
                d="M0 -5a3.2 3.2 0 0 1 1.5 6l1.1 5h-5.2l1.1 -5a3.2 3.2 0 0 1 1.5 -6z"
            ></path>
        </svg>
    }
}

/// Returns the path data, on a grid of 20 units.
fn path(name: &str) -> &'static str {
    match name {
        "alert" => "M10 6.2v4.6M10 13.6v.1M10 2.2a7.8 7.8 0 1 1 0 15.6a7.8 7.8 0 0 1 0 -15.6z",
        "check" => "M6.4 10.4l2.5 2.5l4.9 -5.6M10 2.2a7.8 7.8 0 1 1 0 15.6a7.8 7.8 0 0 1 0 -15.6z",
        "chevron" => "M5.5 8l4.5 4.5l4.5 -4.5",
        "close" => "M5.5 5.5l9 9M14.5 5.5l-9 9",
        "arrow" => "M4 10h12M11 5l5 5l-5 5",
        "offline" => "M3 3l14 14M4 9.5a9 9 0 0 1 3 -2M16 9.5a9 9 0 0 0 -6 -2.6M7 12.4a4.6 4.6 0 0 1 3 -1.1M10 15.4v.1",
        "person" => "M10 10a3.4 3.4 0 1 1 0 -6.8a3.4 3.4 0 0 1 0 6.8zM3.6 17c.7 -3.2 3.2 -4.8 6.4 -4.8s5.7 1.6 6.4 4.8",
        _ => "",
    }
}
