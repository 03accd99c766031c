import { type RefObject, useEffect, useState } from "react";
import { Icon } from "./Icon";

/** A search field that tells its text when the person pauses. */
export function TextField({
  label,
  value,
  onChange,
  inputRef,
  wait = 200,
}: {
  label: string;
  value: string;
  onChange: (text: string) => void;
  inputRef?: RefObject<HTMLInputElement | null>;
  wait?: number;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), wait);
    return () => clearTimeout(timer);
  }, [text, value, onChange, wait]);
  return (
    <label className="field">
      <Icon name="search" size={14} />
      <input
        ref={inputRef}
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && onChange(text)}
      />
    </label>
  );
}
