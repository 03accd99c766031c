/** A filter of one value out of many; the platform's own list, so it works everywhere. */
export function Select({
  label,
  any,
  value,
  values,
  title = (name) => name,
  onChange,
}: {
  label: string;
  any: string;
  value: string;
  values: string[];
  title?: (value: string) => string;
  onChange: (value: string) => void;
}) {
  const all = value && !values.includes(value) ? [value, ...values] : values;
  return (
    <select
      className="select"
      aria-label={label}
      value={value}
      data-active={value !== ""}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{any}</option>
      {all.map((name) => (
        <option key={name} value={name}>
          {title(name)}
        </option>
      ))}
    </select>
  );
}
