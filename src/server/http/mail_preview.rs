//! Serves the HTML of a mail in the DEV mailbox, for the frame on its page. Routed by `router`.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::{responses, security::InFrame};
use crate::{error::AppError, server::state::AppState};

/// The route of the preview.
pub const PATH: &str = "/dev/mailbox/{id}/html";

/// `GET /dev/mailbox/{id}/html`.
pub async fn html(State(state): State<AppState>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mail = id.parse::<Uuid>().ok().and_then(|id| state.mail.mailbox()?.find(id));
    match mail {
        Some(mail) => {
            let mut response =
                ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], mail.html.clone()).into_response();
            response.extensions_mut().insert(InFrame);
            response
        }
        None => responses::error(&AppError::NotFound, &headers),
    }
}
