//! Sessions made up for the tests.

use dashcam_store::{ImportBatch, PreparedSession, SessionChange, SessionExtras, Store};
use dashcam_trace::{
    Cost, CostSource, Event, EventKind, Git, Harness, InputPart, ModelCall, Money, Part, Prompt,
    RawJson, Session, SessionId, Sources, Span, SpanBody, SpanKind, Status, Timestamp, Timing,
    Tokens, ToolCall, ToolKind, ToolOutput, Turn, TurnStatus,
};

/// A store in a folder that goes with it.
pub(crate) struct Scratch {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        Self { folder, store }
    }
}

/// One model call of a made-up turn.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) response: Option<String>,
    pub(crate) at: i64,
    pub(crate) model: &'static str,
    pub(crate) completion: u64,
    pub(crate) cost: Option<i64>,
    pub(crate) answer: String,
    pub(crate) thinking: String,
    /// Tool, input as JSON, output, whether it failed.
    pub(crate) tools: Vec<(&'static str, String, String, bool)>,
}

impl Call {
    pub(crate) fn new(response: &str, at: i64) -> Self {
        Self {
            response: Some(response.to_owned()),
            at,
            model: "claude-opus-4-5",
            completion: 100,
            cost: Some(2_000_000),
            answer: format!("answer of {response}"),
            thinking: String::new(),
            tools: Vec::new(),
        }
    }

    pub(crate) fn tool(mut self, tool: &'static str, input: &str, output: &str) -> Self {
        self.tools
            .push((tool, input.to_owned(), output.to_owned(), false));
        self
    }
}

/// A made-up session.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) session: Session,
    pub(crate) extras: SessionExtras,
}

pub(crate) fn seconds(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

pub(crate) fn tokens(completion: u64) -> Tokens {
    Tokens {
        prompt: 1000,
        cache_read: 700,
        cache_write_5m: 100,
        cache_write_1h: 50,
        completion,
        reasoning: 10,
    }
}

/// A session of these turns: prompt and calls.
pub(crate) fn made(native_id: &str, turns: &[(&str, Vec<Call>)]) -> Made {
    let id = SessionId::derive(Harness::ClaudeCode, native_id);
    let times = || {
        turns
            .iter()
            .flat_map(|(_, calls)| calls)
            .map(|call| call.at)
    };
    let started_at = seconds(times().min().unwrap_or(1_780_000_000) - 5);
    let ended_at = seconds(times().max().unwrap_or(1_780_000_000));
    let turns = turns
        .iter()
        .enumerate()
        .map(|(index, (prompt, calls))| turn(id, index as u32, prompt, calls, started_at))
        .collect();
    let session = Session {
        harness: Harness::ClaudeCode,
        id,
        native_id: native_id.to_owned(),
        title: None,
        cwd: Some("/home/kim/work/shop".to_owned()),
        git: Git {
            branch: Some("main".to_owned()),
            commit: None,
            remote: None,
        },
        version: Some("2.1.0".to_owned()),
        entrypoint: Some("cli".to_owned()),
        started_at,
        ended_at,
        parent: None,
        outcome: None,
        turns,
    };
    let extras = SessionExtras {
        first_record_at: started_at,
        files: vec![format!("/home/kim/.claude/projects/shop/{native_id}.jsonl")],
        ..SessionExtras::default()
    };
    Made { session, extras }
}

fn turn(id: SessionId, index: u32, prompt: &str, calls: &[Call], fallback: Timestamp) -> Turn {
    let name = format!("t{index}");
    let root = id.span(SpanKind::Turn, &name);
    let start = calls.first().map_or(fallback, |call| seconds(call.at - 5));
    let base = |span_id, parent, name: &str, at: Timestamp, body| Span {
        id: span_id,
        parent,
        name: name.to_owned(),
        start: at,
        end: Some(at),
        status: Status::Ok,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body,
    };
    let mut spans = vec![base(root, None, "turn", start, SpanBody::Turn)];
    for (number, call) in calls.iter().enumerate() {
        let native = format!("{index}.{number}");
        let call_id = id.span(SpanKind::ModelCall, &native);
        let mut output = Vec::new();
        if !call.thinking.is_empty() {
            output.push(Part::Thinking {
                text: call.thinking.clone(),
            });
        }
        output.push(Part::Text {
            text: call.answer.clone(),
        });
        let body = SpanBody::ModelCall(ModelCall {
            model: call.model.to_owned(),
            response_id: call.response.clone(),
            tokens: Some(tokens(call.completion)),
            cost: call.cost.map(|nanos| Cost {
                usd: Money::from_nanos(nanos),
                source: CostSource::PriceTable,
            }),
            input: vec![InputPart::Prompt {
                text: prompt.to_owned(),
            }],
            output,
            ..ModelCall::default()
        });
        spans.push(base(
            call_id,
            Some(root),
            call.model,
            seconds(call.at),
            body,
        ));
        for (place, (tool, input, output, failed)) in call.tools.iter().enumerate() {
            let tool_id = id.span(SpanKind::ToolCall, &format!("{native}.{place}"));
            let body = SpanBody::ToolCall(ToolCall {
                tool: (*tool).to_owned(),
                tool_kind: ToolKind::Shell,
                target: Some(input.clone()),
                call_id: Some(format!("toolu_{native}")),
                input: RawJson::parse(input.clone()).unwrap(),
                output: Some(ToolOutput::text(output.clone())),
                exit_code: Some(0),
                mcp: None,
                diff: Vec::new(),
            });
            let mut span = base(tool_id, Some(call_id), tool, seconds(call.at), body);
            if *failed {
                span.status = Status::Error;
                span.error = Some("it failed".to_owned());
            }
            spans.push(span);
        }
    }
    let event = SpanBody::Event(Event {
        kind: EventKind::Notification,
        text: Some("heartbeat".to_owned()),
        details: None,
    });
    spans.push(base(
        id.span(SpanKind::Event, &name),
        Some(root),
        "notification",
        start,
        event,
    ));
    Turn {
        id: id.turn(&name),
        index,
        prompt: Prompt {
            text: prompt.to_owned(),
            images: Vec::new(),
        },
        start,
        end: calls.last().map(|call| seconds(call.at)),
        status: TurnStatus::Completed,
        abandoned: false,
        copied_from: None,
        spans,
    }
}

impl Made {
    pub(crate) fn id(&self) -> SessionId {
        self.session.id
    }

    pub(crate) fn prepared(&self) -> PreparedSession {
        PreparedSession::new(&self.session, self.extras.clone(), None)
    }

    /// The same session as an import that knows the stored turns writes it.
    pub(crate) fn prepared_for(&self, store: &Store) -> PreparedSession {
        let known = store.turn_hashes(self.id()).unwrap();
        PreparedSession::new(&self.session, self.extras.clone(), Some(&known))
    }

    pub(crate) fn write(&self, store: &Store) -> Vec<SessionChange> {
        write(store, [self.prepared_for(store)])
    }
}

pub(crate) fn write(
    store: &Store,
    sessions: impl IntoIterator<Item = PreparedSession>,
) -> Vec<SessionChange> {
    let sessions = sessions.into_iter().collect();
    store
        .write(ImportBatch {
            sessions,
            ..ImportBatch::default()
        })
        .unwrap()
}

/// Everything that the store answers about its sessions: to compare stores
/// that should be alike.
pub(crate) fn everything(store: &Store) -> String {
    use dashcam_store::view::{SessionFilter, SessionOrder, UsageKey, UsageQuery};
    let filter = SessionFilter {
        order: SessionOrder::StartedAt,
        ascending: true,
        ..SessionFilter::default()
    };
    let mut sessions = store.sessions(&filter).unwrap().sessions;
    sessions.sort_by_key(|session| session.id);
    let details: Vec<_> = sessions
        .iter()
        .map(|session| {
            let mut detail = store.session_detail(session.id).unwrap();
            detail.children.sort_by_key(|child| child.id);
            (detail, store.session(session.id).unwrap())
        })
        .collect();
    let by = |keys: &[UsageKey]| {
        store
            .usage(&UsageQuery {
                by: keys.to_vec(),
                ..UsageQuery::default()
            })
            .unwrap()
    };
    serde_json::to_string_pretty(&(
        details,
        by(&[UsageKey::Day, UsageKey::Model]),
        by(&[UsageKey::Session]),
        by(&[UsageKey::Tool, UsageKey::Model]),
    ))
    .unwrap()
}

/// The first line in which two stores differ.
pub(crate) fn difference(a: &Store, b: &Store) -> Option<(String, String)> {
    let (a, b) = (everything(a), everything(b));
    let mut lines = a.lines().zip(b.lines());
    let unequal = lines
        .find(|(a, b)| a != b)
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
    unequal.or_else(|| (a.len() != b.len()).then(|| ("shorter".to_owned(), "or longer".to_owned())))
}
