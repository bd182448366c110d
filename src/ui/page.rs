//! Components that pages share: page head, table, facts, empty state, skeleton.

use leptos::prelude::*;
use leptos_meta::Title;

/// The head of a page: its title, also in the tab, and a sentence about the page.
#[component]
pub fn PageHead(
    title: &'static str,
    lead: &'static str,
    /// The path and the title of the parent page.
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

/// A table. Its children are the rows.
#[component]
pub fn Table(
    /// The caption, for screen readers only.
    caption: &'static str,
    columns: &'static [&'static str],
    /// The heading of a last column with buttons, for screen readers only.
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

/// The empty state of a list: a title, and how entries get here.
#[component]
pub fn Empty(title: &'static str, sentence: &'static str) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            <p>{sentence}</p>
        </div>
    }
}

/// A loading placeholder. CSS shows it only after a delay.
#[component]
pub fn Skeleton(
    /// The approximate number of rows of the content.
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

/// An entry of a `<dl class="facts">`: a term, with the description as children.
#[component]
pub fn Fact(term: &'static str, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// A badge with the name of a role.
#[component]
pub fn RoleBadge(role: &'static str) -> impl IntoView {
    view! {
        <span class="role" data-role=role>
            {role}
        </span>
    }
}
