import { expect, test } from "vitest";
import { ansiPieces, lastWritten } from "../../src/parts/ansi";
import { diffLines } from "../../src/parts/hunks";

const ESC = "\u001b";

test("colours and weight are read from escape sequences", () => {
  expect(ansiPieces(`${ESC}[1;31mred${ESC}[0m plain`)).toEqual([
    { text: "red", classes: ["ansi-bold"], colour: "var(--ansi-red)" },
    { text: " plain", classes: [] },
  ]);
  expect(ansiPieces(`${ESC}[38;2;1;2;3mx`)[0]?.colour).toBe("rgb(1,2,3)");
  expect(ansiPieces(`${ESC}[38;5;196mx`)[0]?.colour).toBe("rgb(255,0,0)");
});

test("every other sequence is dropped, links and titles too", () => {
  const text = ansiPieces(`${ESC}]8;;javascript:x\u0007link${ESC}]8;;\u0007${ESC}[2K${ESC}[?25l!`)
    .map((piece) => piece.text)
    .join("");
  expect(text).toBe("link!");
});

test("numbers out of range cannot break out of a colour", () => {
  expect(ansiPieces(`${ESC}[38;2;999;1;1mx`)[0]?.colour).toBe("rgb(255,1,1)");
});

test("of a line that was rewritten the last writing stays", () => {
  expect(lastWritten("10 %\r50 %\rdone\nnext\r\nend")).toBe("done\nnext\nend");
});

test("hunks become lines with both numbers", () => {
  expect(
    diffLines("@@ -3,2 +3,2 @@ fn a\n same\n-old\n+new\n\\ No newline at end of file"),
  ).toEqual([
    { kind: "hunk", old: null, new: null, text: "fn a" },
    { kind: "same", old: 3, new: 3, text: "same" },
    { kind: "removed", old: 4, new: null, text: "old" },
    { kind: "added", old: null, new: 4, text: "new" },
  ]);
});
