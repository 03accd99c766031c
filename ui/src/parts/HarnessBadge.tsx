import { harnessTitle } from "./format";

export function HarnessBadge({ harness, compact = false }: { harness: string; compact?: boolean }) {
  const title = harnessTitle(harness);
  return (
    <span className={`harness harness--${harness}`} title={title}>
      <span className="harness__mark" aria-hidden="true" />
      <span className={compact ? "visually-hidden" : undefined}>{title}</span>
    </span>
  );
}
