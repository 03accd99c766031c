import { Dialog } from "@base-ui/react/dialog";

const KEYS: [string, string][] = [
  ["j", "next step"],
  ["k", "previous step"],
  ["Enter", "open or fold the selected step"],
  ["p", "next prompt"],
  ["e", "next error"],
  ["/", "search in this session"],
  ["t", "show or hide the tree"],
  ["Esc", "close the search"],
  ["?", "this list"],
];

export function KeyHelp({ open, onOpen }: { open: boolean; onOpen: (open: boolean) => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpen}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title render={<h2>Keys</h2>} />
          <div className="keys">
            {KEYS.map(([key, meaning]) => (
              <div key={key} className="facts__pair">
                <kbd>{key}</kbd>
                <span>{meaning}</span>
              </div>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
