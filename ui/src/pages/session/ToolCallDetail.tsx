import type { Span, ToolOutput } from "../../api/vocabulary";
import { Code } from "../../parts/Code";
import { Diff } from "../../parts/Diff";
import { bytes } from "../../parts/format";
import { JsonView } from "../../parts/JsonView";
import { languageOf } from "../../parts/languages";
import { OutputText } from "../../parts/OutputText";
import { TranscriptImages } from "../../parts/TranscriptImages";
import { useView } from "./view";

function Input({ span }: { span: Span }) {
  const { isOpen, toggle } = useView();
  const input = span.input as unknown;
  const command =
    span.tool_kind === "shell" && input && typeof input === "object" && "command" in input
      ? (input as { command: unknown }).command
      : null;
  if (typeof command === "string") return <Code text={command} language="bash" label="Command" />;
  // The diff says it better than the arguments it came from.
  if ((span.diff?.length ?? 0) > 0) {
    const key = `${span.id}:input`;
    return (
      <>
        <button
          type="button"
          className="more"
          aria-expanded={isOpen(key)}
          onClick={() => toggle(key)}
        >
          {isOpen(key) ? "Hide input" : "Show input"}
        </button>
        {isOpen(key) && <JsonView value={input} />}
      </>
    );
  }
  return <JsonView value={input} />;
}

function Output({ span, output }: { span: Span; output: ToolOutput }) {
  const language = span.tool_kind === "read" ? languageOf(span.target ?? "") : null;
  return (
    <>
      {output.text &&
        (language ? (
          <Code text={output.text} language={language} label="Output" />
        ) : (
          <OutputText text={output.text} label="Output" />
        ))}
      {output.stderr && <OutputText text={output.stderr} label="Standard error" error />}
      <TranscriptImages images={output.images ?? []} />
      {(output.omitted_bytes ?? 0) > 0 && (
        <p className="quiet">{bytes(output.omitted_bytes ?? 0)} more are in the evidence</p>
      )}
      {!output.text && !output.stderr && !output.images?.length && (
        <p className="quiet">No output</p>
      )}
    </>
  );
}

/** Everything about one tool call. */
export function ToolCallDetail({ span }: { span: Span }) {
  const output = span.output as ToolOutput | null | undefined;
  const diffs = span.diff ?? [];
  return (
    <div className="tool__detail">
      {span.error && <p className="failure">{span.error}</p>}
      <Input span={span} />
      {diffs.map((diff, index) => (
        <Diff key={index} diff={diff} />
      ))}
      {output && !(diffs.length > 0 && span.status === "ok") && (
        <Output span={span} output={output} />
      )}
      {!output && <p className="quiet">No result was recorded</p>}
      <p className="tool__foot">
        {span.exit_code != null && <span>exit code {span.exit_code}</span>}
        {span.call_id && <span className="mono">{span.call_id}</span>}
        <span>{span.timing === "derived" ? "time estimated" : "time measured"}</span>
        <span>seen by {span.sources.join(", ")}</span>
      </p>
    </div>
  );
}
