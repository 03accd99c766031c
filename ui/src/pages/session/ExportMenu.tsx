import { Menu } from "@base-ui/react/menu";
import { exportAddress } from "../../api/client";
import { Icon } from "../../parts/Icon";

const FORMATS: [string, string][] = [
  ["json", "JSON"],
  ["markdown", "Markdown"],
  ["html", "HTML page"],
  ["messages", "Chat messages"],
  ["otlp", "OTLP spans"],
];

export function ExportMenu({ session }: { session: string }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label="Export" title="Export">
        <Icon name="export" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner align="end" sideOffset={4} style={{ zIndex: 30 }}>
          <Menu.Popup className="menu">
            {FORMATS.map(([format, title]) => (
              <Menu.Item
                key={format}
                className="menu__item"
                render={
                  <a href={exportAddress(session, format)} download>
                    {title}
                  </a>
                }
              />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
