// pi and Oh My Pi load this for every session, and once more for each of its
// subagents. It only listens: it answers nothing, failures of its own are
// swallowed, and nothing that the agent does waits for it.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"

/** `<time>_<id>`: the name of a session's file, and of its subagents' folder. */
const SESSION = /^\d{4}-\d\d-\d\dT[^_]*_(.+)$/

/** Whose file a context writes: the session's own, or one of its subagents'. */
const placeOf = ({ sessionManager }) => {
  const file = sessionManager.getSessionFile()
  // What is not to be kept is not told of either.
  if (!file) return undefined
  const parts = file.replace(/\.jsonl$/, "").split(/[\\/]/)
  const agent = parts.pop()
  const at = parts.findLastIndex((part) => SESSION.test(part))
  if (at < 0) return { session_id: sessionManager.getSessionId() }
  const path = [...parts.slice(at + 1), agent].join("/")
  return { session_id: SESSION.exec(parts[at])[1], agent_id: agent, agent_path: path }
}

export default (agent) => {
  if (!existsSync(HOOK.program)) return

  /** What was measured since something was last told. */
  let measured = { model_calls: [], tools: [] }
  /** When tools began that are still at work, by the call's id. */
  const began = new Map()
  /** The dialog that an extension shows. */
  let dialog
  /** The summary that is being made. */
  let summary = {}
  /** Takes the listener off that waits for the first token. */
  let stopWaiting = () => {}

  const hasMeasured = () => measured.model_calls.length + measured.tools.length > 0

  const tell = (name, context, payload = {}) => {
    const place = placeOf(context)
    if (!place) return
    const told_at = Date.now()
    const told = { ...place, hook_event_name: name, told_at, cwd: context.cwd, ...payload }
    if (hasMeasured()) told.measured = measured
    measured = { model_calls: [], tools: [] }
    const hook = spawn(HOOK.program, [...HOOK.arguments, "omp", name], {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...process.env, ...HOOK.environment },
    })
    hook.on("error", () => {})
    hook.stdin.on("error", () => {})
    hook.stdin.end(JSON.stringify(told))
    hook.unref()
  }

  /** For what is of the session as a whole, and not of a subagent in it. */
  const tellOfSession = (name, context, payload) => {
    if (!placeOf(context)?.agent_id) tell(name, context, payload)
  }

  const on = (name, listen) =>
    agent.on(name, (event, context) => {
      try {
        listen(event, context)
      } catch {
        // What is not told here is for the most part still in the session's file.
      }
    })

  const stop = on("session_start", ({ reason }, context) =>
    tellOfSession("session_start", context, {
      reason,
      mode: context.mode,
      version: agent.pi?.VERSION,
    }),
  )
  // Where a listener can be taken off again, which is pi: Oh My Pi writes down
  // itself how long the first token took, and has no word for a turn's very end.
  const isPi = typeof stop === "function"

  const over = (_, context) => {
    if (!placeOf(context)?.agent_id) tell("agent_end", context)
    else if (hasMeasured()) tell("measured", context)
  }

  if (isPi) {
    on("message_start", ({ message }) => {
      stopWaiting()
      if (message.role !== "assistant") return
      const done = on("message_update", ({ assistantMessageEvent }) => {
        if (!assistantMessageEvent.type.endsWith("_delta")) return
        done()
        const ttft_ms = Date.now() - message.timestamp
        measured.model_calls.push({ timestamp: message.timestamp, ttft_ms })
      })
      stopWaiting = done
    })
    on("agent_settled", over)
  } else {
    on("agent_end", (event, context) => {
      if (!event.willContinue) over(event, context)
    })
  }

  on("tool_execution_start", ({ toolCallId }) => void began.set(toolCallId, Date.now()))
  on("tool_execution_end", ({ toolCallId, toolName, isError }) => {
    const started_at = began.get(toolCallId)
    began.delete(toolCallId)
    if (started_at === undefined) return
    measured.tools.push({
      tool_use_id: toolCallId,
      tool_name: toolName,
      started_at,
      ended_at: Date.now(),
      is_error: isError,
    })
  })
  on("message_end", ({ message }, context) => {
    if (message.role !== "assistant") return
    stopWaiting()
    // After the last answer, what was measured goes with the turn's end.
    if (message.stopReason === "toolUse" && hasMeasured()) tell("measured", context)
  })

  // Of Oh My Pi, which asks before it runs a tool.
  on("tool_approval_requested", ({ toolCallId, toolName, reason }, context) =>
    tell("permission.asked", context, {
      tool_use_id: toolCallId,
      tool_name: toolName,
      reason,
    }),
  )
  on("tool_approval_resolved", ({ toolCallId, toolName, approved, reason }, context) =>
    tell(approved ? "permission.granted" : "permission.rejected", context, {
      tool_use_id: toolCallId,
      tool_name: toolName,
      reason,
    }),
  )
  // Of pi, whose extensions ask. Their own views are no questions.
  on("ui_prompt_start", () => void (dialog = Date.now()))
  on("ui_prompt_end", ({ kind, title }, context) => {
    if (kind !== "custom" && !context.isIdle()) {
      tell("dialog", context, { started_at: dialog, kind, title })
    }
  })

  on("auto_retry_start", ({ attempt, errorMessage, delayMs }, context) =>
    tell("session.retry", context, { attempt, error: errorMessage, next: Date.now() + delayMs }),
  )
  on("credential_disabled", ({ provider, disabledCause }, context) =>
    tell("notification", context, { message: `${provider}: ${disabledCause}` }),
  )

  on("auto_compaction_start", ({ reason }) => void (summary = { started_at: Date.now(), reason }))
  on("session_before_compact", ({ reason = summary.reason }) => {
    summary = { started_at: Date.now(), reason }
  })
  on("session_compact", ({ compactionEntry }, context) => {
    tell("compacted", context, { entry_id: compactionEntry.id, ...summary })
    summary = {}
  })
  const failed = ({ aborted, errorMessage }, context) => {
    tell("compaction_failed", context, { ...summary, aborted, error: errorMessage })
    summary = {}
  }
  on("session_compact_failed", failed)
  on("auto_compaction_end", (event, context) => {
    if (event.aborted || event.errorMessage) failed(event, context)
    summary = {}
  })

  on("session_shutdown", ({ reason }, context) => {
    // The session goes on after a reload.
    if (reason !== "reload") tellOfSession("session_shutdown", context, { reason })
  })
}
