//! Serves the HTML of a mail in the DEV mailbox, for the frame on its page. Routed by `router`.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::responses;
use crate::{error::AppError, server::state::AppState};

/// The route of the preview.
pub const PATH: &str = "/dev/mailbox/{id}/html";
/// The CSP of a framed mail: it allows styles only, so that even links don't work.
const IN_FRAME: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// `GET /dev/mailbox/{id}/html`.
pub async fn html(State(state): State<AppState>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mail = id.parse::<Uuid>().ok().and_then(|id| state.mail.mailbox()?.find(id));
    match mail {
        Some(mail) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, IN_FRAME),
                (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
            ];
            (headers, mail.html.clone()).into_response()
        }
        None => responses::error(&AppError::NotFound, &headers),
    }
}
