/** Colours code with Shiki: tokens come back as values, never as HTML. */
import { createCssVariablesTheme, createHighlighterCore, type HighlighterCore } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";
import { LANGUAGES, type Language } from "./languages";

const THEME = createCssVariablesTheme({ name: "tokens", variablePrefix: "--shiki-" });
let highlighter: Promise<HighlighterCore> | null = null;

export interface CodeToken {
  text: string;
  colour?: string;
}

export async function tokensOf(code: string, language: Language): Promise<CodeToken[][]> {
  highlighter ??= createHighlighterCore({
    themes: [THEME],
    langs: [],
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  });
  const shiki = await highlighter;
  if (!shiki.getLoadedLanguages().includes(language))
    await shiki.loadLanguage(await LANGUAGES[language]());
  const { tokens } = shiki.codeToTokens(code, {
    lang: language,
    theme: "tokens",
    tokenizeMaxLineLength: 2000,
  });
  return tokens.map((line) => line.map(({ content, color }) => ({ text: content, colour: color })));
}
