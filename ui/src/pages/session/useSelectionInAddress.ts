import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import type { TurnOutline } from "../../api/vocabulary";

/** The selected span; the address names it a moment later, so that it can be sent on. */
export function useSelectionInAddress(turns: TurnOutline[]) {
  const [params, setParams] = useSearchParams();
  const [chosen, setSelected] = useState<string | null>(params.get("span"));
  const [wantedTurn] = useState(params.get("turn"));
  // An address with only a turn selects that turn's own span.
  const selected =
    chosen ?? turns.find((turn) => String(turn.index) === wantedTurn)?.spans[0]?.id ?? null;
  useEffect(() => {
    if (!selected || params.get("span") === selected) return;
    const timer = setTimeout(() => {
      const turn = turns.find(({ spans }) => spans.some((span) => span.id === selected));
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          if (turn) next.set("turn", String(turn.index));
          next.set("span", selected);
          return next;
        },
        { replace: true },
      );
    }, 300);
    return () => clearTimeout(timer);
  }, [selected, params, setParams, turns]);
  return { selected, setSelected };
}
