import { memo } from "react";
import { AgentRow } from "./AgentRow";
import { EventRow } from "./EventRow";
import type { Entry } from "./entries";
import { ModelCallRow } from "./ModelCallRow";
import { ToolCallRow } from "./ToolCallRow";
import { TurnRow } from "./TurnRow";
import { useView } from "./view";

const ROWS = {
  turn: TurnRow,
  model_call: ModelCallRow,
  tool_call: ToolCallRow,
  agent_run: AgentRow,
  event: EventRow,
};

/** One entry of the conversation, indented by the agents around it. */
export const ConversationRow = memo(function ConversationRow({ entry }: { entry: Entry }) {
  const { selected, select } = useView();
  const Row = ROWS[entry.span.kind];
  const muted = entry.turn.abandoned || Boolean(entry.turn.copied_from);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: j and k select by keyboard
    // biome-ignore lint/a11y/noStaticElementInteractions: the controls inside are buttons
    <div
      className={`step step--${entry.span.kind}`}
      data-span={entry.span.id}
      data-selected={selected === entry.span.id}
      data-muted={muted}
      onClick={() => select(entry.span.id)}
    >
      {Array.from({ length: Math.min(entry.nest, 6) }, (_, level) => (
        <span key={level} className="step__guide" aria-hidden="true" />
      ))}
      <div className="step__body">
        <Row entry={entry} />
      </div>
    </div>
  );
});
