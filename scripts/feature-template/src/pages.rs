//! `/gadgets` and the pages below it: the list, the forms that add and change a gizmo, and the confirmation of a deletion.

use super::{
    api::{find_gadget, list_gadgets},
    model::{ACCESS, BODY, BODY_MAX_LENGTH, Gadget, GadgetSummary, TITLE, TITLE_MAX_LENGTH},
};
use crate::{
    auth::{Guarded, Loaded, set_status},
    error::{AppError, FieldError, ValidationError},
    ui::{
        Check, Empty, Form, FormErrors, NotFound, PageHead, Submit, Table, TextArea, TextField, Values,
        flash::{Flash, use_flash},
        time::Ago,
    },
};
use leptos::{either::Either, prelude::*};
use leptos_router::{
    SsrMode, any_nested_route::IntoAnyNestedRoute, components::Route, hooks::use_params_map, path,
};

/// The list's path and title, for the pages below it.
const LIST: (&str, &str) = ("/gadgets", "Gizmos");

#[component(transparent)]
pub fn GadgetsRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/gadgets") view=ListPage ssr=SsrMode::Async />
        <Route path=path!("/gadgets/new") view=NewPage ssr=SsrMode::Async />
        <Route path=path!("/gadgets/:id/edit") view=EditPage ssr=SsrMode::Async />
        <Route path=path!("/gadgets/:id/delete") view=DeletePage ssr=SsrMode::Async />
    }
    .into_inner()
    .into_any_nested_route()
}

#[component]
fn ListPage() -> impl IntoView {
    view! {
        <Guarded access=ACCESS>
            <PageHead title="Gizmos" lead="Only you can see them." />
            <Loaded data=list_gadgets() view=|gadgets| view! { <GadgetList gadgets /> } />
        </Guarded>
    }
}

#[component]
fn NewPage() -> impl IntoView {
    let flash = use_flash();
    view! {
        <Guarded access=ACCESS>
            <PageHead title="New gizmo" lead="Only you can see it." up=Some(LIST) />
            <GadgetForm flash />
        </Guarded>
    }
}

#[component]
fn EditPage() -> impl IntoView {
    let flash = use_flash();
    let view = move |gadget: Gadget| {
        let delete = format!("/gadgets/{}/delete", gadget.id);
        view! {
            <PageHead title="Edit gizmo" lead="Only you can see it." up=Some(LIST) />
            <GadgetForm gadget flash />
            <section class="setting" aria-labelledby="delete-title">
                <div class="setting-head">
                    <h2 id="delete-title">"Delete"</h2>
                    <p>"We ask once more before we delete anything."</p>
                </div>
                <p>
                    <a class="button button--danger" href=delete>
                        "Delete gizmo"
                    </a>
                </p>
            </section>
        }
    };
    view! {
        <Guarded access=ACCESS>
            <Found view />
        </Guarded>
    }
}

#[component]
fn DeletePage() -> impl IntoView {
    let error = use_flash().error;
    let view = move |gadget: Gadget| {
        view! {
            <PageHead title="Delete gizmo" lead="This can't be undone." up=Some(LIST) />
            <section class="setting" aria-labelledby="gadget-title">
                <div class="setting-head">
                    <h2 id="gadget-title">{gadget.title}</h2>
                    <p>"Delete it with its text?"</p>
                </div>
                <Form action="/api/gadgets/delete" error>
                    <FormErrors />
                    <input type="hidden" name="id" value=gadget.id />
                    <div class="actions">
                        <Submit label="Delete gizmo" class="button button--danger" />
                        <a class="button button--quiet" href="/gadgets">
                            "Keep it"
                        </a>
                    </div>
                </Form>
            </section>
        }
    };
    view! {
        <Guarded access=ACCESS>
            <Found view />
        </Guarded>
    }
}

/// Loads the gizmo with the path's id and renders it with `view`, or the 404 page.
#[component]
fn Found<V: IntoView + Send + 'static>(view: impl FnOnce(Gadget) -> V + Send + 'static) -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let data = async {
        match find_gadget(id).await {
            Err(AppError::NotFound) => Ok(None),
            result => result.map(Some),
        }
    };
    let show = move |gadget: Option<Gadget>| match gadget {
        Some(gadget) => Either::Left(view(gadget)),
        None => Either::Right(view! { <Missing /> }),
    };
    view! { <Loaded data view=show /> }
}

#[component]
fn Missing() -> impl IntoView {
    set_status(404);
    view! { <NotFound /> }
}

#[component]
fn GadgetList(gadgets: Vec<GadgetSummary>) -> impl IntoView {
    let list = if gadgets.is_empty() {
        Either::Left(view! { <Empty title="No gizmos yet" sentence="Those that you add appear here." /> })
    } else {
        Either::Right(view! {
            <Table caption="Your gizmos, the latest changed first" columns=&["Title", "Changed"] action="Delete">
                {gadgets.into_iter().map(row).collect_view()}
            </Table>
        })
    };
    view! {
        {list}
        <div class="table-actions">
            <a class="button" href="/gadgets/new">
                "New gizmo"
            </a>
        </div>
    }
}

fn row(gadget: GadgetSummary) -> impl IntoView {
    let (edit, delete) = (format!("/gadgets/{}/edit", gadget.id), format!("/gadgets/{}/delete", gadget.id));
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">
                <a href=edit>{gadget.title.clone()}</a>
            </th>
            <td role="cell" data-label="Changed">
                <Ago moment=gadget.updated_at />
            </td>
            <td role="cell">
                <span class="row-form">
                    <a class="button button--quiet button--small" href=delete>
                        "Delete"
                        <span class="visually-hidden">" " {gadget.title}</span>
                    </a>
                </span>
            </td>
        </tr>
    }
}

/// The form that adds a gizmo or changes `gadget`. It shows what was typed before a rejection.
#[component]
fn GadgetForm(#[prop(optional)] gadget: Option<Gadget>, flash: Flash) -> impl IntoView {
    let (action, label) = match gadget {
        Some(_) => ("/api/gadgets/update", "Save gizmo"),
        None => ("/api/gadgets/create", "Add gizmo"),
    };
    let id = gadget.as_ref().map(|gadget| view! { <input type="hidden" name="id" value=gadget.id.clone() /> });
    let (title, body) = match gadget {
        Some(gadget) if flash.typed.is_empty() => (gadget.title, gadget.body),
        _ => (flash.typed(&TITLE), flash.typed(&BODY)),
    };
    let check: Check = Box::new(title_errors);
    view! {
        <section class="setting" aria-labelledby="content-title">
            <div class="setting-head">
                <h2 id="content-title">"Title and text"</h2>
                <p>"Plain text only."</p>
            </div>
            <Form action check error=flash.error>
                <FormErrors />
                {id}
                <TextField
                    field=TITLE
                    label="Title"
                    autocomplete="off"
                    required=true
                    max_length=TITLE_MAX_LENGTH
                    value=title
                />
                <TextArea field=BODY label="Text" max_length=BODY_MAX_LENGTH value=body />
                <Submit label />
            </Form>
        </section>
    }
}

fn title_errors(values: &Values) -> Vec<FieldError> {
    if values.get(&TITLE).trim().is_empty() {
        vec![FieldError { field: TITLE, problem: ValidationError::Missing }]
    } else {
        Vec::new()
    }
}
