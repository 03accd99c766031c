//! One session: its outline, its turns, its images, and the forms it can
//! leave in.

use crate::app::App;
use crate::entity_tag::EntityTag;
use crate::error::{ApiError, ErrorBody};
use crate::extract::{Path, Query};
use crate::json::JsonBytes;
use crate::params;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dashcam_export::{Format, RenderOptions, render};
use dashcam_store::view::SessionDetail;
use dashcam_trace::{ImageId, Turn};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One session with the outline of all its spans, without their content.
#[utoipa::path(get, path = "/sessions/{id}", tag = "history",
    params(("id" = String, Path, description = "the session's id")),
    responses((status = 200, body = SessionDetail), (status = 404, body = ErrorBody)))]
pub(crate) async fn session(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<JsonBytes, ApiError> {
    let id = params::session(&id)?;
    app.answer(move |store| store.session_detail(id)).await
}

/// One turn with all its content.
#[utoipa::path(get, path = "/sessions/{id}/turns/{index}", tag = "history",
    params(("id" = String, Path, description = "the session's id"),
           ("index" = u32, Path, description = "the turn's place in the session, from 0")),
    responses((status = 200, body = Turn), (status = 304), (status = 404, body = ErrorBody)))]
pub(crate) async fn turn(
    State(app): State<App>,
    Path((id, index)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = params::session(&id)?;
    let json = app.ask(move |store| store.turn_json(id, index)).await?;
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    let tag = EntityTag::new(&hasher.finish().to_be_bytes());
    let tagged = [(header::ETAG, tag.value())];
    if tag.is_known(&headers) {
        return Ok((StatusCode::NOT_MODIFIED, tagged).into_response());
    }
    Ok((tagged, JsonBytes(json)).into_response())
}

/// The form to leave in.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `json`, `text`, `markdown`, `html`, `messages`, `otlp` or `atif`.
    format: String,
    /// Only this turn.
    turn: Option<u32>,
}

/// The session as a file to keep.
#[utoipa::path(get, path = "/sessions/{id}/export", tag = "history",
    params(("id" = String, Path, description = "the session's id"), ExportQuery),
    responses((status = 200, description = "the file", content_type = "application/octet-stream"),
              (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn export(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let id = params::session(&id)?;
    let format: Format = query.format.parse().map_err(ApiError::bad_request)?;
    let options = RenderOptions {
        turn: query.turn,
        ..RenderOptions::default()
    };
    let text = app
        .text(move |store| {
            render(&store.session(id)?, format, &options).map_err(ApiError::internal)
        })
        .await?;
    let (content_type, ending) = file_type(format);
    // Always a download: what agents wrote is never shown as a page of ours.
    let disposition = format!("attachment; filename=\"{id}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, &disposition),
    ];
    Ok((headers, text).into_response())
}

fn file_type(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Json | Format::Atif | Format::Otlp => ("application/json", "json"),
        Format::Messages => ("application/jsonl", "jsonl"),
        Format::Html => ("text/html; charset=utf-8", "html"),
        Format::Markdown => ("text/markdown; charset=utf-8", "md"),
        Format::Text => ("text/plain; charset=utf-8", "txt"),
    }
}

/// An image that stood in a prompt or a tool's output.
#[utoipa::path(get, path = "/images/{id}", tag = "history",
    params(("id" = String, Path, description = "the image's id")),
    responses((status = 200, description = "the image", content_type = "image/*"),
              (status = 404, body = ErrorBody)))]
pub(crate) async fn image(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let image = app
        .ask(move |store| store.image(&ImageId(id)))
        .await?
        .ok_or_else(|| ApiError::not_found("no such image"))?;
    // Types that can hold scripts are handed out as bytes, never as what they say.
    let shown = ["image/png", "image/jpeg", "image/gif", "image/webp"]
        .into_iter()
        .find(|known| *known == image.media_type);
    let (content_type, disposition) = shown
        .map_or(("application/octet-stream", "attachment"), |known| {
            (known, "inline")
        });
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
        (
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ),
    ];
    Ok((headers, image.bytes).into_response())
}
