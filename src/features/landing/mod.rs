//! `/`: the landing page. `make feature-remove NAME=landing` puts a plain one in its place.

mod compare;
mod demo;
mod journey;
mod pages;
mod tour;

pub use pages::LandingRoutes;
