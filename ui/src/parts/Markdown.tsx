import { memo, useMemo } from "react";
import { Code } from "./Code";
import { languageNamed } from "./languages";
import { type MarkdownBlock, markdownBlocks } from "./sanitise";

/** Beyond this a text is shown as it is: parsing it would hold up the page. */
const PARSED = 200_000;

/** A model's answer. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(
    (): MarkdownBlock[] =>
      text.length > PARSED ? [{ kind: "code", text, language: "" }] : markdownBlocks(text),
    [text],
  );
  return (
    <div className="markdown">
      {blocks.map((block, index) =>
        block.kind === "code" ? (
          <Code
            key={index}
            text={block.text}
            language={languageNamed(block.language.split(/\s/)[0] ?? "")}
            label={block.language || undefined}
          />
        ) : (
          // biome-ignore lint/security/noDangerouslySetInnerHtml: the one place; it went through DOMPurify
          <div key={index} dangerouslySetInnerHTML={{ __html: block.html }} />
        ),
      )}
    </div>
  );
});
