//! The parts that pages share: the head, tables and facts, the empty state, the skeleton of a wait.

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
    let up = up.map(|(path, title)| {
        view! {
            <p>
                <a href=path>{title}</a>
            </p>
        }
    });
    view! {
        <Title text=title />
        <header class="page-head">
            {up}
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
        </header>
    }
}

/// A table whose rows are its children.
#[component]
pub fn Table(
    /// What the table lists; read out, not shown.
    caption: &'static str,
    columns: &'static [&'static str],
    /// What the buttons in a last column do, whose heading is read out only.
    #[prop(optional)]
    action: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    let columns =
        columns.iter().map(|column| view! { <th scope="col" role="columnheader">{*column}</th> }).collect_view();
    let action = action.map(|action| {
        view! {
            <th scope="col" role="columnheader">
                <span class="visually-hidden">{action}</span>
            </th>
        }
    });
    view! {
        <div class="table-place">
            <table class="table" role="table">
                <caption class="visually-hidden">{caption}</caption>
                <thead role="rowgroup">
                    <tr role="row">{columns} {action}</tr>
                </thead>
                <tbody role="rowgroup">{children()}</tbody>
            </table>
        </div>
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
    let rows = (0..rows).map(|_| view! { <span class="skeleton-row" aria-hidden="true"></span> }).collect_view();
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">"Loading"</span>
            {rows}
        </div>
    }
}

/// One entry of a list of facts: a term, and as its children what holds of it.
#[component]
pub fn Fact(term: &'static str, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// A role, by its stable lower-case name.
#[component]
pub fn RoleBadge(role: &'static str) -> impl IntoView {
    view! {
        <span class="role" data-role=role>
            {role}
        </span>
    }
}
