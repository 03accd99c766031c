//! Any other program that sends traces of model calls over OTLP: an agent SDK,
//! `LangChain`, a script with Arize's hooks.
//!
//! Its spans follow OpenInference, the `gen_ai` conventions of OpenTelemetry,
//! or those of the AI SDK (`ai.…`). A trace is a turn. A session is what the
//! spans call one; a trace that names none is a session of its own. Nothing
//! lies on disk: telemetry is all the evidence there is.

mod decode;
mod messages;
mod translate;

use crate::telemetry::Attributes;
use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::path::{Path, PathBuf};

/// Ids at least this long are taken to be drawn at random, and to name one
/// session among all programs'. Shorter ones name one within their program.
const RANDOM_ID_LENGTH: usize = 16;

/// Reads what other programs send.
pub(crate) struct Program;

impl HarnessReader for Program {
    fn harness(&self) -> Harness {
        Harness::Program
    }

    fn roots(&self, _: &Home) -> Vec<PathBuf> {
        Vec::new()
    }

    fn is_evidence(&self, _: &Path, _: &Path) -> bool {
        false
    }

    fn membership(&self, _: &Path, _: &[u8]) -> Option<Membership> {
        None
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, _: &Path) -> Option<Box<dyn UsageScanner>> {
        None
    }
}

/// What a program is called: its project, or else its service.
pub(crate) fn name(resource: Attributes<'_>) -> Option<String> {
    resource
        .text("openinference.project.name")
        .or_else(|| resource.text("arize.project.name"))
        .or_else(|| {
            // What SDKs write when nothing was set (OpenTelemetry resource
            // conventions): it names nobody.
            resource
                .text("service.name")
                .filter(|name| !name.starts_with("unknown_service"))
        })
        .map(str::to_owned)
}

/// The id under which a trace is archived.
pub(crate) fn trace_id(span: &Span) -> String {
    let mut id = String::with_capacity(span.trace_id.len() * 2);
    for byte in &span.trace_id {
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

/// The session that a span names.
pub(crate) fn session_of(program: Option<&str>, attributes: Attributes<'_>) -> Option<String> {
    let id = [
        "session.id",
        "gen_ai.conversation.id",
        "langfuse.session.id",
        "ai.telemetry.metadata.sessionId",
        "traceloop.association.properties.session_id",
    ]
    .into_iter()
    .find_map(|name| attributes.text(name))?;
    Some(match program {
        Some(program) if id.len() < RANDOM_ID_LENGTH => format!("{program}/{id}"),
        _ => id.to_owned(),
    })
}

/// Whether a span tells of a model call, a tool, an agent, or a step of a
/// chain of them. Any program may send its traces here, and those of a web
/// server tell of no agent.
pub(crate) fn is_worth_keeping(span: &Span) -> bool {
    const PREFIXES: [&str; 4] = ["openinference.", "gen_ai.", "llm.", "traceloop."];
    // Of the AI SDK, and of programs like OpenCode that wrap it, only what
    // has an operation: the rest are hundreds of internals a turn.
    span.attributes.iter().any(|attribute| {
        attribute.key == "ai.operationId"
            || PREFIXES
                .iter()
                .any(|prefix| attribute.key.starts_with(prefix))
    })
}
