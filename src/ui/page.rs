//! The parts that pages share: the head, the empty state, the skeleton of a wait.

use super::markup::{InertElement, Markup, markup};
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
    let up = up.map(|(path, title)| markup!(r#"<p><a href="{path}">{title}</a></p>"#, path = path, title = title));
    let head = markup!(
        r#"<header class="page-head">{up}<h1>{title}</h1><p class="lead">{lead}</p></header>"#,
        up = up.unwrap_or_default(),
        title = title,
        lead = lead,
    );
    view! {
        <Title text=title />
        {InertElement::new(head)}
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
    let row = Markup::literal(r#"<span class="skeleton-row" aria-hidden="true"></span>"#);
    let rows: Markup = vec![row; rows].into_iter().collect();
    InertElement::new(markup!(
        r#"<div class="skeleton" role="status"><span class="visually-hidden">Loading</span>{rows}</div>"#,
        rows = rows,
    ))
}

/// The title of a `setting` section, whose `aria-labelledby` is `id`, with a note on what it is about.
#[component]
pub fn SettingHead(id: &'static str, title: &'static str, #[prop(into)] note: Markup) -> impl IntoView {
    InertElement::new(setting_head(id, title, note))
}

/// The same as markup, for what is ready-made around it.
pub fn setting_head(id: &'static str, title: &'static str, note: impl Into<Markup>) -> Markup {
    markup!(
        r#"<div class="setting-head"><h2 id="{id}">{title}</h2><p>{note}</p></div>"#,
        id = id,
        title = title,
        note = note.into(),
    )
}

/// One entry of a list of facts: text, or a piece of markup.
#[component]
pub fn Fact(term: &'static str, #[prop(into)] value: Markup) -> impl IntoView {
    InertElement::new(fact(term, value))
}

/// The same as markup, for what is ready-made around it.
pub fn fact(term: &'static str, value: impl Into<Markup>) -> Markup {
    markup!("<div><dt>{term}</dt><dd>{value}</dd></div>", term = term, value = value.into())
}

/// A role, by its stable lower-case name.
#[component]
pub fn RoleBadge(role: &'static str) -> impl IntoView {
    InertElement::new(role_badge(role))
}

/// The same as markup, for what is ready-made around it.
pub fn role_badge(role: &'static str) -> Markup {
    markup!(r#"<span class="role" data-role="{role}">{role}</span>"#, role = role)
}
