//! Small sessions made by hand, with text that tries to do harm.

use dashcam_trace::{
    AgentRun, Change, Cost, CostSource, Event, EventKind, FileDiff, Git, Harness, Image, InputPart,
    ModelCall, Money, Part, Prompt, RawJson, Session, SessionId, Sources, Span, SpanBody, SpanId,
    SpanKind, Status, Timestamp, Timing, Tokens, ToolCall, ToolKind, ToolOutput, Turn, TurnStatus,
};

fn id() -> SessionId {
    SessionId::derive(Harness::ClaudeCode, "s-1")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_787_220_000 + second).unwrap()
}

pub(crate) fn span(native: &str, parent: Option<SpanId>, second: i64, body: SpanBody) -> Span {
    let mut span = Span {
        id: id().span(SpanKind::Turn, native),
        parent,
        name: native.to_owned(),
        start: at(second),
        end: Some(at(second + 2)),
        status: Status::Ok,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body,
    };
    span.id = id().span(span.kind(), native);
    span
}

fn answer(output: Vec<Part>) -> SpanBody {
    SpanBody::ModelCall(ModelCall {
        model: "claude-opus-4-5".to_owned(),
        provider: Some("anthropic".to_owned()),
        tokens: Some(Tokens {
            prompt: 12_000,
            cache_read: 10_000,
            cache_write_5m: 500,
            completion: 80,
            ..Tokens::default()
        }),
        cost: Some(Cost {
            usd: Money::from_nanos(12_345_600),
            source: CostSource::PriceTable,
        }),
        stop_reason: Some("tool_use".to_owned()),
        parameters: vec![("effort".to_owned(), "high".to_owned())],
        output,
        ..ModelCall::default()
    })
}

fn call(tool: &str, kind: ToolKind, input: &str, output: Option<&str>) -> ToolCall {
    ToolCall {
        tool: tool.to_owned(),
        tool_kind: kind,
        target: None,
        call_id: Some(format!("toolu_{tool}")),
        input: RawJson::parse(input.to_owned()).unwrap(),
        output: output.map(ToolOutput::text),
        exit_code: None,
        mcp: None,
        diff: Vec::new(),
    }
}

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
    }
}

fn tool_use(span: &Span) -> Part {
    Part::ToolUse {
        span: span.id,
        name: span.name.clone(),
    }
}

fn set_output(span: &mut Span, parts: Vec<Part>) {
    if let SpanBody::ModelCall(call) = &mut span.body {
        call.output = parts;
    }
}

/// A session in which everything happens once: thinking, a failing command
/// with escapes in its output, an edit, a subagent, a compaction, a call
/// without result, an abandoned turn.
pub(crate) fn session() -> Session {
    Session {
        harness: Harness::ClaudeCode,
        id: id(),
        native_id: "s-1".to_owned(),
        title: Some("Fix <the> \u{1b}[31mtest\u{1b}[0m".to_owned()),
        cwd: Some("/home/me/shop".to_owned()),
        git: Git {
            branch: Some("main".to_owned()),
            ..Git::default()
        },
        version: Some("2.1.330".to_owned()),
        entrypoint: Some("cli".to_owned()),
        started_at: at(0),
        ended_at: at(300),
        parent: None,
        outcome: None,
        turns: vec![first_turn(), second_turn()],
    }
}

fn first_turn() -> Turn {
    let own = span("turn 0", None, 0, SpanBody::Turn);
    let mut first = span("claude-opus-4-5", Some(own.id), 1, answer(Vec::new()));

    let mut shell = call(
        "Bash",
        ToolKind::Shell,
        r#"{"command":"cargo test"}"#,
        Some(
            "\u{1b}[1;32mrunning\u{1b}[0m 2 tests\n\u{1b}]0;owned\u{7}line 2\nline 3\nline 4\n\
             line 5\nline 6\nline 7\nline 8\nline 9\n</pre><script>alert('out')</script>",
        ),
    );
    shell.target = Some("cargo test `x`".to_owned());
    shell.exit_code = Some(101);
    let mut shell = span("Bash", Some(first.id), 3, SpanBody::ToolCall(shell));
    shell.status = Status::Error;
    shell.error = Some("exit code 101 <b>".to_owned());

    let mut edit = call(
        "Edit",
        ToolKind::Edit,
        r#"{"path":"src/lib.rs"}"#,
        Some("done"),
    );
    edit.target = Some("src/lib.rs".to_owned());
    edit.diff = vec![FileDiff {
        path: "src/lib.rs".to_owned(),
        change: Change::Update,
        old_path: None,
        patch: "@@ -1 +1 @@\n-a < b\n+a > b".to_owned(),
        added: 1,
        removed: 1,
    }];
    let edit = span("Edit", Some(first.id), 5, SpanBody::ToolCall(edit));
    set_output(
        &mut first,
        vec![
            Part::Thinking {
                text: "one\ntwo\nthree\nfour\nfive".to_owned(),
            },
            text(
                "I run the **tests**.\n\n<script>alert('answer')</script>\n\n\
                  ![pixel](http://evil.example/p.png) [run](javascript:alert(1)) \
                  [docs](https://docs.example/?a=1&b=2)",
            ),
            tool_use(&shell),
            tool_use(&edit),
        ],
    );

    let compaction = Event {
        kind: EventKind::Compaction,
        text: Some("Summary of\nwhat was\nsaid\nbefore\nnow".to_owned()),
        details: None,
    };
    let compaction = span("compaction", Some(own.id), 8, SpanBody::Event(compaction));
    let context = Event {
        kind: EventKind::Context,
        text: Some("<system-reminder>be kind</system-reminder>".to_owned()),
        details: None,
    };
    let context = span("context", Some(own.id), 9, SpanBody::Event(context));

    let mut second = span("claude-opus-4-5 2", Some(own.id), 10, answer(Vec::new()));
    let task = call(
        "Task",
        ToolKind::Task,
        r#"{"prompt":"look"}"#,
        Some("It is in lib.rs."),
    );
    let task = span("Task", Some(second.id), 12, SpanBody::ToolCall(task));
    let run = AgentRun {
        id: "agent-1".to_owned(),
        agent_type: Some("Explore".to_owned()),
        description: Some("find the bug".to_owned()),
        prompt: Some("Where is the bug?".to_owned()),
        answer: None,
        ..AgentRun::default()
    };
    let run = span("Explore", Some(task.id), 13, SpanBody::AgentRun(run));
    let mut inner = span("claude-haiku-4-5", Some(run.id), 14, answer(Vec::new()));
    let read = call(
        "Read",
        ToolKind::Read,
        r#"{"file_path":"src/lib.rs"}"#,
        None,
    );
    let mut read = span("Read", Some(inner.id), 15, SpanBody::ToolCall(read));
    read.end = None;
    read.status = Status::Unfinished;
    set_output(&mut inner, vec![tool_use(&read), text("It is in lib.rs.")]);
    set_output(&mut second, vec![tool_use(&task)]);

    let mut last = span(
        "claude-opus-4-5 3",
        Some(own.id),
        20,
        answer(vec![text("Fixed. An open fence:\n\n```rust\nfn main() {}")]),
    );
    if let SpanBody::ModelCall(call) = &mut last.body {
        call.input = vec![InputPart::ToolResult { span: task.id }];
        call.cost = None;
    }

    Turn {
        id: id().turn("t-0"),
        index: 0,
        prompt: Prompt {
            text: "Fix the <b>test</b>,\nplease \u{202e}now".to_owned(),
            images: vec![Image {
                media_type: "image/png".to_owned(),
                bytes: 2048,
                id: None,
            }],
        },
        start: at(0),
        end: Some(at(75)),
        status: TurnStatus::Completed,
        abandoned: false,
        copied_from: None,
        spans: vec![
            own, first, shell, edit, compaction, context, second, task, run, inner, read, last,
        ],
    }
}

fn second_turn() -> Turn {
    let own = span("turn 1", None, 200, SpanBody::Turn);
    // Some harnesses run tools that no model asked for.
    let list = call("ls", ToolKind::Shell, r#""-la""#, Some("total 0"));
    let list = span("ls", Some(own.id), 201, SpanBody::ToolCall(list));
    Turn {
        id: id().turn("t-1"),
        index: 1,
        prompt: Prompt {
            text: "And list the files".to_owned(),
            images: Vec::new(),
        },
        start: at(200),
        end: None,
        status: TurnStatus::Interrupted,
        abandoned: true,
        copied_from: None,
        spans: vec![own, list],
    }
}

/// Spans that cause each other, hang on nothing, or hang very deep.
pub(crate) fn twisted_session() -> Session {
    let mut session = session();
    let own = span("turn 0", None, 0, SpanBody::Turn);
    let run = || SpanBody::AgentRun(AgentRun::default());
    let mut spans = vec![own.clone()];
    let mut egg = span("egg", None, 1, run());
    let hen = span("hen", Some(egg.id), 1, run());
    egg.parent = Some(hen.id);
    spans.extend([egg.clone(), hen]);
    spans.push(span(
        "in the egg",
        Some(egg.id),
        1,
        answer(vec![text("said in the egg")]),
    ));
    let nowhere = id().span(SpanKind::Turn, "nowhere");
    spans.push(span(
        "orphan",
        Some(nowhere),
        1,
        answer(vec![text("said by an orphan")]),
    ));
    let mut parent = own.id;
    for depth in 0..20_000 {
        let body = if depth % 2 == 0 {
            run()
        } else {
            SpanBody::ToolCall(call("Task", ToolKind::Task, "{}", None))
        };
        let deep = span(&format!("deep {depth}"), Some(parent), 2, body);
        parent = deep.id;
        spans.push(deep);
    }
    spans.push(span(
        "deepest",
        Some(parent),
        3,
        answer(vec![text("said in the deep")]),
    ));
    session.turns.truncate(1);
    session.turns[0].spans = spans;
    session
}
