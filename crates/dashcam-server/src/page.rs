//! The web page, from inside the binary.
//!
//! Files whose names carry a hash never change and are kept by the browser;
//! every other address gets the page itself, which knows its own routes.

use crate::entity_tag::EntityTag;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "page/"]
struct Files;

/// Answers with a file of the page.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path().starts_with("/api/") {
        return crate::error::ApiError::not_found("there is no such address in the API")
            .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Files::get(&format!("dist/{path}")) {
        let hashed = path.starts_with("assets/");
        return answer(path, file, hashed, &headers);
    }
    // An address with an ending is a file that is not there.
    if path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
    {
        return StatusCode::NOT_FOUND.into_response();
    }
    match Files::get("dist/index.html").or_else(|| Files::get("placeholder.html")) {
        Some(file) => answer("index.html", file, false, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(name: &str, file: EmbeddedFile, immutable: bool, headers: &HeaderMap) -> Response {
    let tag = EntityTag::new(&file.metadata.sha256_hash()[..12]);
    let caching = if immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let common = [
        (header::ETAG, tag.value()),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    if tag.is_known(headers) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    let content_type = if mime.type_() == mime_guess::mime::TEXT {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    };
    // What lies in the binary is sent from there, without a copy.
    let body = Body::from(match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    });
    (common, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
