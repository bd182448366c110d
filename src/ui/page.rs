//! The parts that pages share: the head, the empty state, the skeleton of a wait.

use super::markup::{InertElement, escape};
use leptos::prelude::*;
use leptos_meta::Title;

/// A page's title, in the tab and as its one first-level heading, with a sentence on what the page is for.
#[component]
pub fn PageHead(
    title: &'static str,
    lead: &'static str,
    /// The page above this one: its path and its title.
    #[prop(optional_no_strip)]
    up: Option<(&'static str, &'static str)>,
) -> impl IntoView {
    let up = up.map(|(path, title)| format!(r#"<p><a href="{path}">{title}</a></p>"#, title = escape(title)));
    let (up, heading, lead) = (up.unwrap_or_default(), escape(title), escape(lead));
    view! {
        <Title text=title />
        {InertElement::new(format!(r#"<header class="page-head">{up}<h1>{heading}</h1><p class="lead">{lead}</p></header>"#))}
    }
}

/// A list without entries: what would stand here, and how it comes to be.
#[component]
pub fn Empty(title: &'static str, sentence: &'static str) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            <p>{sentence}</p>
        </div>
    }
}

/// Grey lines in the shape of what is to come. Drawn only when the wait is long enough to notice.
#[component]
pub fn Skeleton(
    /// How many rows the content will have, about.
    rows: usize,
) -> impl IntoView {
    // Ready-made: the server makes it for each page, and hardly ever sends it.
    let rows = r#"<span class="skeleton-row" aria-hidden="true"></span>"#.repeat(rows);
    InertElement::new(format!(
        r#"<div class="skeleton" role="status"><span class="visually-hidden">Loading</span>{rows}</div>"#
    ))
}

/// A role, by its stable lower-case name.
#[component]
pub fn RoleBadge(role: &'static str) -> impl IntoView {
    InertElement::new(role_badge(role))
}

/// The same as markup, for what is ready-made around it.
pub(super) fn role_badge(role: &'static str) -> String {
    format!(r#"<span class="role" data-role="{role}">{role}</span>"#)
}
