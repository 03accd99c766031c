import { ansiPieces } from "./ansi";

/** Escape sequences say nothing in one line of text. */
function visible(characters: string[]): string {
  return ansiPieces(characters.join(""))
    .map((piece) => piece.text)
    .join("");
}

/** A text with its matches marked. The places count characters, not UTF-16 units. */
export function Highlighted({
  text,
  matches,
}: {
  text: string;
  matches: [number, number][] | number[][];
}) {
  const characters = Array.from(text);
  const pieces: { text: string; match: boolean }[] = [];
  let at = 0;
  for (const [start = 0, end = 0] of [...matches].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))) {
    if (start < at || end <= start) continue;
    pieces.push({ text: visible(characters.slice(at, start)), match: false });
    pieces.push({ text: visible(characters.slice(start, end)), match: true });
    at = end;
  }
  pieces.push({ text: visible(characters.slice(at)), match: false });
  return (
    <>
      {pieces.map((piece, index) =>
        piece.match ? <mark key={index}>{piece.text}</mark> : piece.text,
      )}
    </>
  );
}
