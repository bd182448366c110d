//! A table of routes that is made once. Leptos takes a table with each page that it renders, and a route is a set of
//! methods and several boxes. Used by `app.rs`.

use leptos_router::{GeneratedRouteData, MatchNestedRoutes, RouteMatchId, any_nested_route::AnyNestedRoute};
use std::thread::LocalKey;

/// The routes of a table that each thread makes once, as the children of `FlatRoutes`. (Leptos' own cannot be shared
/// between threads.)
#[derive(Clone, Copy)]
pub struct SharedRoutes(pub &'static LocalKey<AnyNestedRoute>);

impl MatchNestedRoutes for SharedRoutes {
    type Data = ();
    type Match = <AnyNestedRoute as MatchNestedRoutes>::Match;

    fn match_nested<'a>(&'a self, path: &'a str) -> (Option<(RouteMatchId, Self::Match)>, &'a str) {
        self.0.with(|routes| {
            let (found, rest) = routes.match_nested(path);
            // The same rest, borrowed from `path` alone.
            (found, &path[path.len() - rest.len()..])
        })
    }

    fn generate_routes(&self) -> impl IntoIterator<Item = GeneratedRouteData> {
        self.0.with(|routes| routes.generate_routes().into_iter().collect::<Vec<_>>())
    }

    fn optional(&self) -> bool {
        self.0.with(AnyNestedRoute::optional)
    }
}
