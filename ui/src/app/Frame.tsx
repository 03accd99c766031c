import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useLive } from "../api/events";
import { bytes, count } from "../parts/format";
import { Icon, type IconName } from "../parts/Icon";
import { ThemeToggle } from "./ThemeToggle";

const PLACES: { path: string; title: string; icon: IconName }[] = [
  { path: "/", title: "Overview", icon: "overview" },
  { path: "/sessions", title: "Sessions", icon: "sessions" },
  { path: "/usage", title: "Usage", icon: "usage" },
  { path: "/doctor", title: "Doctor", icon: "doctor" },
];

function ImportBanner() {
  const { importing } = useLive();
  if (!importing) return null;
  const share = importing.bytes_total > 0 ? importing.bytes_done / importing.bytes_total : 0;
  return (
    <div className="import-banner" role="status">
      <span className="import-banner__text">
        Importing history: {count(importing.sessions_done)} of {count(importing.sessions_total)}{" "}
        sessions, {bytes(importing.bytes_done)} of {bytes(importing.bytes_total)}
      </span>
      <progress className="progress" max={1} value={share} aria-label="Import progress" />
    </div>
  );
}

function TroubleBanner() {
  const { trouble } = useLive();
  if (!trouble) return null;
  return (
    <div className="trouble-banner" role="alert">
      <Icon name="error" />
      <span>{trouble}</span>
      <Link href="/doctor">Open Doctor</Link>
    </div>
  );
}

/** What surrounds every page: the way between pages, live state, theme. */
export function Frame({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  const { connected } = useLive();
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <Link href="/" className="bar__name" aria-label="dashcam, overview">
          <Icon name="logo" size={20} />
          <span>dashcam</span>
        </Link>
        <nav className="bar__nav" aria-label="Pages">
          {PLACES.map(({ path, title, icon }) => {
            const here = path === "/" ? location === "/" : location.startsWith(path);
            return (
              <Link
                key={path}
                href={path}
                className="bar__link"
                aria-current={here ? "page" : undefined}
              >
                <Icon name={icon} />
                <span>{title}</span>
              </Link>
            );
          })}
        </nav>
        <div className="bar__end">
          {!connected && (
            <span className="bar__offline" role="status" title="The page tries again by itself">
              <span className="dot dot--error" />
              <span>Server not reached</span>
            </span>
          )}
          <ThemeToggle />
        </div>
      </header>
      <ImportBanner />
      <TroubleBanner />
      <main id="content" className="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
