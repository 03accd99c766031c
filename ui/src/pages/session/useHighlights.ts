import { type RefObject, useEffect } from "react";

const NAME = "session-search";
const MOST = 500;

/** Marks a text wherever it is on the screen, without touching the document:
 * the browser paints ranges by itself. */
export function useHighlights(container: RefObject<HTMLElement | null>, find: string) {
  useEffect(() => {
    const words = find
      .toLowerCase()
      .split(/[\s"*]+/)
      .filter((word) => word.length > 1 && !word.startsWith("-"));
    const registry = typeof CSS === "undefined" ? undefined : CSS.highlights;
    const element = container.current;
    if (!registry || !element || words.length === 0) return;
    const mark = () => {
      const ranges: Range[] = [];
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) {
        const text = (node.nodeValue ?? "").toLowerCase();
        for (const word of words) {
          for (
            let at = text.indexOf(word);
            at >= 0 && ranges.length < MOST;
            at = text.indexOf(word, at + word.length)
          ) {
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            ranges.push(range);
          }
        }
      }
      registry.set(NAME, new Highlight(...ranges));
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(mark, 80);
    };
    const observer = new MutationObserver(soon);
    observer.observe(element, { childList: true, subtree: true, characterData: true });
    mark();
    return () => {
      observer.disconnect();
      clearTimeout(timer);
      registry.delete(NAME);
    };
  }, [container, find]);
}
