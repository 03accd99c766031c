const LONG = 1600;

/** Text as it was written; long text is cut until the reader asks for it. */
export function PlainText({
  text,
  open,
  onToggle,
}: {
  text: string;
  open: boolean;
  onToggle: () => void;
}) {
  const long = text.length > LONG;
  return (
    <>
      <div className="plain">{long && !open ? `${text.slice(0, LONG)}…` : text}</div>
      {long && (
        <button type="button" className="more" onClick={onToggle}>
          {open ? "Show less" : `Show all ${text.length.toLocaleString("en-US")} characters`}
        </button>
      )}
    </>
  );
}
