// OpenCode loads this for every project. It only listens: failures of its own
// are swallowed, and nothing that OpenCode does waits for it.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"

/** The session that a subagent's session works for, by its id. */
const parents = new Map()
/** The tool call that a permission was asked for, by the question's id. */
const questions = new Map()

export const Dashcam = async ({ client, directory }) => {
  if (!existsSync(HOOK.program)) return {}

  const parentOf = async (session) => {
    if (!parents.has(session)) {
      const found = await client.session.get({ path: { id: session } }).catch(() => undefined)
      parents.set(session, found?.data?.parentID)
    }
    return parents.get(session)
  }

  const tell = async (name, session, payload) => {
    let root = session
    for (let parent = await parentOf(root); parent; parent = await parentOf(root)) root = parent
    const agent = root === session ? {} : { agent_id: session }
    const told = { session_id: root, ...agent, hook_event_name: name, cwd: directory, ...payload }
    const hook = spawn(HOOK.program, [...HOOK.arguments, "opencode", name], {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...process.env, ...HOOK.environment },
    })
    hook.on("error", () => {})
    hook.stdin.on("error", () => {})
    hook.stdin.end(JSON.stringify(told))
    hook.unref()
  }

  const listen = {
    "session.created": ({ info }) => void parents.set(info.id, info.parentID),
    "session.status": ({ sessionID, status }) =>
      status.type === "retry" &&
      tell("session.retry", sessionID, {
        attempt: status.attempt,
        error: status.message,
        next: status.next,
      }),
    "permission.asked": ({ id, sessionID, permission, patterns, tool }) => {
      questions.set(id, tool?.callID)
      return tell("permission.asked", sessionID, {
        tool_use_id: tool?.callID,
        tool_name: permission,
        tool_input: { patterns },
      })
    },
    "permission.replied": ({ sessionID, requestID, reply }) => {
      const call = questions.get(requestID)
      questions.delete(requestID)
      const name = reply === "reject" ? "permission.rejected" : "permission.granted"
      return tell(name, sessionID, { tool_use_id: call, reason: reply })
    },
    "session.error": ({ sessionID, error }) =>
      sessionID &&
      tell("session.error", sessionID, { error: error?.data?.message ?? error?.name }),
    "session.idle": ({ sessionID }) => tell("session.idle", sessionID, {}),
  }

  return {
    event: async ({ event }) => {
      try {
        await listen[event.type]?.(event.properties)
      } catch {
        // What is not told here is still in the database.
      }
    },
  }
}
