/** Markdown of a transcript is hostile input: this is the only place where it
 * becomes HTML, and what leaves here holds no script, style, form, frame, image
 * or address other than http, https and mailto. */
import DOMPurify from "dompurify";
import { lexer, parser, type Token, type Tokens, type TokensList } from "marked";

const TAGS = [
  "a",
  "b",
  "blockquote",
  "br",
  "code",
  "del",
  "em",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "hr",
  "i",
  "kbd",
  "li",
  "ol",
  "p",
  "pre",
  "s",
  "strong",
  "sub",
  "sup",
  "table",
  "tbody",
  "td",
  "th",
  "thead",
  "tr",
  "ul",
];
const SAFE_ADDRESS = /^(?:https?|mailto):/i;

const purifier = DOMPurify();
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

export function sanitised(html: string): string {
  return purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "align", "start"],
    ALLOWED_URI_REGEXP: SAFE_ADDRESS,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}

export type MarkdownBlock =
  | { kind: "html"; html: string }
  | { kind: "code"; text: string; language: string };

/** HTML in Markdown is text that somebody wrote: it is shown, not followed. */
function escapedHtml(tokens: Token[]): void {
  for (const token of tokens) {
    if (token.type === "html") {
      Object.assign(token, { type: "text", escaped: false, tokens: undefined, text: token.raw });
    } else if (token.type === "image") {
      // A remote image would tell its server who reads this.
      Object.assign(token, { type: "text", escaped: false, tokens: undefined, text: token.raw });
    }
    const {
      tokens: inner,
      items,
      header,
      rows,
    } = token as {
      tokens?: Token[];
      items?: Tokens.ListItem[];
      header?: Tokens.TableCell[];
      rows?: Tokens.TableCell[][];
    };
    if (inner) escapedHtml(inner);
    for (const item of items ?? []) escapedHtml(item.tokens);
    for (const cell of [...(header ?? []), ...(rows ?? []).flat()]) escapedHtml(cell.tokens);
  }
}

/** Code blocks apart from all else, so that they are drawn as elements. */
export function markdownBlocks(text: string): MarkdownBlock[] {
  const tokens = lexer(text, { gfm: true });
  escapedHtml(tokens);
  const blocks: MarkdownBlock[] = [];
  let run: Token[] = [];
  const flush = () => {
    if (run.length === 0) return;
    const list = Object.assign(run, { links: tokens.links }) as TokensList;
    blocks.push({ kind: "html", html: sanitised(parser(list)) });
    run = [];
  };
  for (const token of tokens) {
    if (token.type === "code") {
      flush();
      blocks.push({
        kind: "code",
        text: (token as Tokens.Code).text,
        language: (token as Tokens.Code).lang ?? "",
      });
    } else run.push(token);
  }
  flush();
  return blocks;
}
