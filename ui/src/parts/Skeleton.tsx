/** Grey lines in the place of what is still loading. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <span
          key={index}
          className="skeleton__line"
          style={{ width: `${92 - ((index * 37) % 45)}%` }}
        />
      ))}
    </div>
  );
}
