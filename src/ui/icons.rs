//! The few line icons, drawn inline so that they take the colour of their text. Always beside words, hence hidden from
//! screen readers. Ready-made markup: as elements they were a tenth of what a page costs the server.

use super::markup::{InertElement, Markup};
use leptos::prelude::*;

/// An icon on a grid of 20 units, from the data of its path.
macro_rules! icon {
    ($path:literal) => {
        concat!(
            r#"<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false"><path d=""#,
            $path,
            r#""></path></svg>"#
        )
    };
}

pub(super) use icon;

/// The mark as markup, for what is ready-made around it.
pub const MARK: Markup = Markup::literal(concat!(
    r#"<svg class="mark" viewBox="-16 -16 32 32" width="32" height="32" aria-hidden="true" focusable="false">"#,
    r#"<circle class="mark-teeth" r="13" pathLength="24"></circle><circle class="mark-ring" r="10.5"></circle>"#,
    r#"<path class="mark-hole" d="M0 -5a3.2 3.2 0 0 1 1.5 6l1.1 5h-5.2l1.1 -5a3.2 3.2 0 0 1 1.5 -6z"></path></svg>"#
));

/// The icon of that name; an unknown name draws nothing.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    InertElement::new(icon_markup(name))
}

/// The mark: a toothed ring around a keyhole.
#[component]
pub fn Mark() -> impl IntoView {
    InertElement::new(MARK)
}

/// The same as markup.
pub(super) fn icon_markup(name: &str) -> Markup {
    Markup::literal(match name {
        "alert" => icon!("M10 6.2v4.6M10 13.6v.1M10 2.2a7.8 7.8 0 1 1 0 15.6a7.8 7.8 0 0 1 0 -15.6z"),
        "check" => icon!("M6.4 10.4l2.5 2.5l4.9 -5.6M10 2.2a7.8 7.8 0 1 1 0 15.6a7.8 7.8 0 0 1 0 -15.6z"),
        "chevron" => icon!("M5.5 8l4.5 4.5l4.5 -4.5"),
        "close" => icon!("M5.5 5.5l9 9M14.5 5.5l-9 9"),
        "arrow" => icon!("M4 10h12M11 5l5 5l-5 5"),
        "offline" => {
            icon!("M3 3l14 14M4 9.5a9 9 0 0 1 3 -2M16 9.5a9 9 0 0 0 -6 -2.6M7 12.4a4.6 4.6 0 0 1 3 -1.1M10 15.4v.1")
        }
        "person" => {
            icon!("M10 10a3.4 3.4 0 1 1 0 -6.8a3.4 3.4 0 0 1 0 6.8zM3.6 17c.7 -3.2 3.2 -4.8 6.4 -4.8s5.7 1.6 6.4 4.8")
        }
        _ => icon!(""),
    })
}
