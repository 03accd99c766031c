//! The attribute names that dashcam writes and reads.
//!
//! OpenInference as of its semantic conventions 0.1.42; `gen_ai.*` as of the
//! OpenTelemetry conventions that every known backend reads.

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $text;)*
    };
}

// OpenInference: every span.
names! {
    /// `LLM`, `TOOL`, `AGENT` or `CHAIN`.
    SPAN_KIND = "openinference.span.kind";
    /// The project, on the resource.
    PROJECT_NAME = "openinference.project.name";
    /// The session, by the harness's id.
    SESSION_ID = "session.id";
    /// What entered the operation.
    INPUT_VALUE = "input.value";
    /// How to read what entered.
    INPUT_MIME_TYPE = "input.mime_type";
    /// What left the operation.
    OUTPUT_VALUE = "output.value";
    /// How to read what left.
    OUTPUT_MIME_TYPE = "output.mime_type";
}

// OpenInference: model calls.
names! {
    /// The family of the protocol.
    LLM_SYSTEM = "llm.system";
    /// Who hosts the model.
    LLM_PROVIDER = "llm.provider";
    /// The model that answered.
    LLM_MODEL_NAME = "llm.model_name";
    /// Effort, tier and so on, as a JSON object.
    LLM_INVOCATION_PARAMETERS = "llm.invocation_parameters";
    /// Why the model stopped.
    LLM_FINISH_REASON = "llm.finish_reason";
    /// What the model was given: the first part of flattened names.
    LLM_INPUT_MESSAGES = "llm.input_messages";
    /// What the model wrote: the first part of flattened names.
    LLM_OUTPUT_MESSAGES = "llm.output_messages";
    /// The whole prompt, cached parts included.
    TOKENS_PROMPT = "llm.token_count.prompt";
    /// The whole completion, reasoning included.
    TOKENS_COMPLETION = "llm.token_count.completion";
    /// Prompt and completion.
    TOKENS_TOTAL = "llm.token_count.total";
    /// The part of the prompt read from the cache.
    TOKENS_CACHE_READ = "llm.token_count.prompt_details.cache_read";
    /// The part of the prompt written to the cache.
    TOKENS_CACHE_WRITE = "llm.token_count.prompt_details.cache_write";
    /// The part of the completion that was reasoning.
    TOKENS_REASONING = "llm.token_count.completion_details.reasoning";
    /// US dollars.
    COST_TOTAL = "llm.cost.total";
}

// OpenInference: within a message, after `llm.input_messages.N.`.
names! {
    /// Who speaks.
    MESSAGE_ROLE = "message.role";
    /// Plain text.
    MESSAGE_CONTENT = "message.content";
    /// The tool that a result is from.
    MESSAGE_NAME = "message.name";
    /// The call that a result answers.
    MESSAGE_TOOL_CALL_ID = "message.tool_call_id";
    /// Ordered pieces: the first part of flattened names.
    MESSAGE_CONTENTS = "message.contents";
    /// Calls: the first part of flattened names.
    MESSAGE_TOOL_CALLS = "message.tool_calls";
    /// `text`, `reasoning`, `tool_use`, `image`.
    CONTENT_TYPE = "message_content.type";
    /// A piece's text.
    CONTENT_TEXT = "message_content.text";
    /// The call's id.
    TOOL_CALL_ID = "tool_call.id";
    /// The tool's name.
    TOOL_CALL_NAME = "tool_call.function.name";
    /// The call's arguments, as JSON.
    TOOL_CALL_ARGUMENTS = "tool_call.function.arguments";
}

// OpenInference: tools and agents.
names! {
    /// The tool's name.
    TOOL_NAME = "tool.name";
    /// The harness's id of the call.
    TOOL_ID = "tool.id";
    /// The arguments, as JSON.
    TOOL_PARAMETERS = "tool.parameters";
    /// The agent's type.
    AGENT_NAME = "agent.name";
}

// OpenTelemetry.
names! {
    /// Who emitted the trace, on the resource.
    SERVICE_NAME = "service.name";
    /// Its version, on the resource.
    SERVICE_VERSION = "service.version";
    /// What kind of failure.
    ERROR_TYPE = "error.type";
    /// The span event that tells of a failure.
    EXCEPTION = "exception";
    /// Its type.
    EXCEPTION_TYPE = "exception.type";
    /// Its message.
    EXCEPTION_MESSAGE = "exception.message";
    /// `chat`, `execute_tool`, `invoke_agent`.
    GEN_AI_OPERATION = "gen_ai.operation.name";
    /// The session, by the harness's id.
    GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id";
    /// Who hosts the model.
    GEN_AI_PROVIDER = "gen_ai.provider.name";
    /// The model asked for.
    GEN_AI_REQUEST_MODEL = "gen_ai.request.model";
    /// The model that answered.
    GEN_AI_RESPONSE_MODEL = "gen_ai.response.model";
    /// The response.
    GEN_AI_RESPONSE_ID = "gen_ai.response.id";
    /// Why the model stopped, as a list.
    GEN_AI_FINISH_REASONS = "gen_ai.response.finish_reasons";
    /// Seconds to the first token.
    GEN_AI_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk";
    /// The whole prompt.
    GEN_AI_INPUT_TOKENS = "gen_ai.usage.input_tokens";
    /// The whole completion.
    GEN_AI_OUTPUT_TOKENS = "gen_ai.usage.output_tokens";
    /// The part of the prompt read from the cache.
    GEN_AI_CACHE_READ = "gen_ai.usage.cache_read.input_tokens";
    /// The part of the prompt written to the cache. Its newer name is left
    /// out: written beside this one, it would be counted twice.
    GEN_AI_CACHE_CREATION = "gen_ai.usage.cache_creation.input_tokens";
    /// The part of the completion that was reasoning.
    GEN_AI_REASONING = "gen_ai.usage.reasoning.output_tokens";
    /// The tool's name.
    GEN_AI_TOOL_NAME = "gen_ai.tool.name";
    /// The harness's id of the call.
    GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id";
    /// The agent's type.
    GEN_AI_AGENT_NAME = "gen_ai.agent.name";
    /// The harness's id of the run.
    GEN_AI_AGENT_ID = "gen_ai.agent.id";
    /// What the agent was called for.
    GEN_AI_AGENT_DESCRIPTION = "gen_ai.agent.description";
}

// Our own.
names! {
    /// The kind of step: `CHAIN` is both turns and events.
    KIND = "dashcam.kind";
    /// The session, by dashcam's id; on the resource.
    DASHCAM_SESSION_ID = "dashcam.session.id";
    /// The turn's place in the session.
    TURN_INDEX = "dashcam.turn.index";
    /// How the turn ended.
    TURN_STATUS = "dashcam.turn.status";
    /// Whether an edited prompt took the turn out of the conversation.
    TURN_ABANDONED = "dashcam.turn.abandoned";
    /// The session that the turn was copied from.
    TURN_COPIED_FROM = "dashcam.turn.copied_from";
    /// `interrupted` or `unfinished`, for which OTLP has no code.
    STATUS = "dashcam.status";
    /// What went wrong, where the OTLP status cannot say it.
    ERROR = "dashcam.error";
    /// Whether the times were measured.
    TIMING = "dashcam.timing";
    /// Who saw the step.
    SOURCES = "dashcam.sources";
    /// Set where no end was seen; OTLP demands one, so it is the start.
    NO_END = "dashcam.no_end";
    /// The start, where OTLP cannot hold it.
    START = "dashcam.start";
    /// The end, where OTLP cannot hold it.
    END = "dashcam.end";
    /// The provider in the harness's words, where OpenInference has others.
    PROVIDER = "dashcam.provider";
    /// Cache writes for five minutes.
    CACHE_WRITE_5M = "dashcam.tokens.cache_write_5m";
    /// Cache writes for one hour.
    CACHE_WRITE_1H = "dashcam.tokens.cache_write_1h";
    /// The cost in whole nano-dollars.
    COST_NANOS = "dashcam.cost.nanos";
    /// Who says what it cost.
    COST_SOURCE = "dashcam.cost.source";
    /// What the harness's maker charged in a unit of their own.
    CREDITS = "dashcam.credits";
    /// The same in whole billionths.
    CREDITS_NANOS = "dashcam.credits.nanos";
    /// That unit, in the plural.
    CREDIT_UNIT = "dashcam.credits.unit";
    /// Attempts before the one that succeeded.
    RETRIES = "dashcam.retries";
    /// When each attempt began, as a JSON list.
    ATTEMPTS = "dashcam.attempts";
    /// Milliseconds to the first token.
    TTFT_MS = "dashcam.ttft_ms";
    /// The parts of the input, their text left out.
    INPUT = "dashcam.input";
    /// The parts of the output, their text left out.
    OUTPUT = "dashcam.output";
    /// What a tool does, whatever its name.
    TOOL_KIND = "dashcam.tool.kind";
    /// What it was done to.
    TOOL_TARGET = "dashcam.tool.target";
    /// The exit code of a shell command.
    EXIT_CODE = "dashcam.tool.exit_code";
    /// Standard error.
    STDERR = "dashcam.tool.stderr";
    /// Images that a tool gave back, as JSON.
    IMAGES = "dashcam.tool.images";
    /// Bytes of output left out.
    OMITTED_BYTES = "dashcam.tool.omitted_bytes";
    /// What a call changed in files, as JSON.
    DIFF = "dashcam.tool.diff";
    /// The MCP server.
    MCP_SERVER = "dashcam.mcp.server";
    /// The tool's name on it.
    MCP_TOOL = "dashcam.mcp.tool";
    /// The agent's type; absent where only its name is known.
    AGENT_TYPE = "dashcam.agent.type";
    /// The model the agent ran on. Not under `gen_ai`, where it would make
    /// the run look like a model call.
    AGENT_MODEL = "dashcam.agent.model";
    /// Whether the parent went on without waiting.
    AGENT_BACKGROUND = "dashcam.agent.background";
    /// Tokens reported for the run as a whole, as JSON. Not under
    /// `llm.token_count`, where they would be counted twice.
    AGENT_TOKENS = "dashcam.agent.reported_tokens";
    /// The kind of event.
    EVENT = "dashcam.event";
    /// What else the harness noted, as JSON.
    EVENT_DETAILS = "dashcam.event.details";
}
