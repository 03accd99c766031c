import { useState } from "react";
import { Icon, type IconName } from "../parts/Icon";

type Theme = "system" | "light" | "dark";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };

function stored(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const [theme, setTheme] = useState<Theme>(stored);
  const change = () => {
    const next = NEXT[theme];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("dashcam.theme", next);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    setTheme(next);
    window.dispatchEvent(new Event("dashcam:theme"));
  };
  return (
    <button
      type="button"
      className="icon-button"
      onClick={change}
      aria-label={`Theme: ${theme}. Change`}
      title={`Theme: ${theme}`}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
