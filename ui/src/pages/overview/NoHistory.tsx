import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client";
import { useLive } from "../../api/events";
import { EmptyState } from "../../parts/EmptyState";

/** What a machine without sessions shows: what to do, and a sample to look at. */
export function NoHistory({ otherwise }: { otherwise?: () => void }) {
  const client = useQueryClient();
  const { importing } = useLive();
  const sample = useMutation({
    mutationFn: () => send("POST", "sample"),
    onSuccess: () => client.invalidateQueries(),
  });
  if (importing)
    return (
      <EmptyState title="Reading your history">Sessions appear here as they are read.</EmptyState>
    );
  return (
    <EmptyState
      title={otherwise ? "Nothing happened in this range" : "No sessions yet"}
      actions={
        otherwise ? (
          <button type="button" className="button button--main" onClick={otherwise}>
            Show all history
          </button>
        ) : (
          <button
            type="button"
            className="button button--main"
            onClick={() => sample.mutate()}
            disabled={sample.isPending}
          >
            {sample.isPending ? "Loading the sample…" : "Look at a sample history"}
          </button>
        )
      }
    >
      {!otherwise && (
        <>
          <p>
            dashcam records what Claude Code, Codex, Cursor, GitHub Copilot, Gemini CLI, OpenCode
            and pi do on this machine. Start one of them, and its session grows here while it works.
          </p>
          <p>
            The sample holds recorded sessions. It is marked everywhere, and one click removes it.
          </p>
        </>
      )}
      {sample.error && <p role="alert">{sample.error.message}</p>}
    </EmptyState>
  );
}
