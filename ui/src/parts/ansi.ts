/** Terminal output as styled pieces. Only colours and weight are read; every
 * other escape sequence is dropped, so nothing in a transcript can act. */

export interface AnsiPiece {
  text: string;
  classes: string[];
  colour?: string;
  background?: string;
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// Colour sequences are captured; other CSI, OSC and two-byte escapes are matched to be dropped.
const SEQUENCE =
  /\u001b\[([0-9;:]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f]/g;

interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  ink: string | null;
  ground: string | null;
}

const PLAIN: Style = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  ink: null,
  ground: null,
};

function indexed(value: number): string {
  if (value < 16) return `var(--ansi-${NAMES[value % 8]})`;
  if (value >= 232) {
    const grey = 8 + (value - 232) * 10;
    return `rgb(${grey},${grey},${grey})`;
  }
  const level = (digit: number) => (digit === 0 ? 0 : 55 + digit * 40);
  const cube = value - 16;
  return `rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`;
}

function apply(style: Style, codes: number[]): Style {
  let next = { ...style };
  for (let place = 0; place < codes.length; place++) {
    const code = codes[place] ?? 0;
    if (code === 0) next = { ...PLAIN };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 7) next.inverse = true;
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 27) next.inverse = false;
    else if (code === 39) next.ink = null;
    else if (code === 49) next.ground = null;
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97))
      next.ink = indexed(code % 10);
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107))
      next.ground = indexed(code % 10);
    else if (code === 38 || code === 48) {
      const palette = codes[place + 1] === 5;
      const values = codes
        .slice(place + 2, place + (palette ? 3 : 5))
        .map((value) => Math.min(255, value));
      const colour = palette ? indexed(values[0] ?? 0) : `rgb(${values.join(",")})`;
      if (code === 38) next.ink = colour;
      else next.ground = colour;
      place += palette ? 2 : 4;
    }
  }
  return next;
}

function piece(text: string, style: Style): AnsiPiece {
  const classes = (["bold", "dim", "italic", "underline"] as const)
    .filter((name) => style[name])
    .map((name) => `ansi-${name}`);
  const [ink, ground] = style.inverse
    ? [style.ground ?? "var(--surface)", style.ink ?? "var(--ink)"]
    : [style.ink, style.ground];
  return {
    text,
    classes,
    ...(ink ? { colour: ink } : {}),
    ...(ground ? { background: ground } : {}),
  };
}

export function ansiPieces(text: string): AnsiPiece[] {
  const pieces: AnsiPiece[] = [];
  let style = PLAIN;
  let at = 0;
  const flush = (end: number) => {
    if (end > at) pieces.push(piece(text.slice(at, end), style));
  };
  for (const match of text.matchAll(SEQUENCE)) {
    flush(match.index);
    at = match.index + match[0].length;
    if (match[1] !== undefined) style = apply(style, match[1].split(/[;:]/).map(Number));
  }
  flush(text.length);
  return pieces;
}

/** A progress bar rewrites its line; what stood last is what was seen. */
export function lastWritten(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(/^[^\n]*\r(?!$)/gm, "");
}
