//! Answers that are JSON already.

use axum::response::{IntoResponse, Response};
use http::header;

/// The bytes of a JSON document.
#[derive(Debug)]
pub(crate) struct JsonBytes(pub(crate) Vec<u8>);

impl IntoResponse for JsonBytes {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
