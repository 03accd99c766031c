import { Code } from "./Code";
import { OutputText } from "./OutputText";

/** Arguments of a tool: short values as a table, long texts as text. */
export function JsonView({ value }: { value: unknown }) {
  if (typeof value === "string") return <OutputText text={value} label="Input" />;
  if (value === null || value === undefined) return null;
  const flat = typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : null;
  if (!flat || flat.some(([, field]) => field !== null && typeof field === "object")) {
    return <Code text={JSON.stringify(value, null, 2)} language="json" label="Input" />;
  }
  if (flat.length === 0) return null;
  return (
    <figure className="block">
      <figcaption>Input</figcaption>
      <dl className="arguments">
        {flat.map(([name, field]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof field === "string" ? field : JSON.stringify(field)}</dd>
          </div>
        ))}
      </dl>
    </figure>
  );
}
