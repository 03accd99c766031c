//! A session as an OTLP trace request in JSON, on one line.

use crate::RenderError;
use crate::json::escape_controls;
use dashcam_trace::Session;
use dashcam_trace::openinference::encode_session;

/// The session, or one turn of it, as one line of JSON. The whole session is
/// given, because a turn's model calls may answer what an earlier turn holds.
pub(crate) fn render(session: &Session, turn: Option<u32>) -> Result<String, RenderError> {
    let mut request = encode_session(session, project_name(session));
    if let Some(index) = turn {
        let traces: Vec<&[u8]> = session
            .turns
            .iter()
            .filter(|turn| turn.index == index)
            .map(|turn| turn.id.as_bytes().as_slice())
            .collect();
        for spans in request
            .resource_spans
            .iter_mut()
            .flat_map(|all| &mut all.scope_spans)
        {
            spans
                .spans
                .retain(|span| traces.contains(&span.trace_id.as_slice()));
        }
    }
    let mut line = escape_controls(serde_json::to_string(&request)?);
    line.push('\n');
    Ok(line)
}

/// The directory that the session worked in, or else its harness.
fn project_name(session: &Session) -> &str {
    let cwd = session.cwd.as_deref().unwrap_or_default();
    let directory = cwd.rsplit(['/', '\\']).find(|name| !name.is_empty());
    directory.unwrap_or(session.harness.as_str())
}
