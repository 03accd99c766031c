/** The languages that code is coloured in, each fetched when it first occurs. */
export const LANGUAGES = {
  bash: () => import("shiki/langs/bash.mjs"),
  c: () => import("shiki/langs/c.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  java: () => import("shiki/langs/java.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
} as const;

export type Language = keyof typeof LANGUAGES;

const OTHER_NAMES: Record<string, Language> = {
  sh: "bash",
  shell: "bash",
  zsh: "bash",
  console: "bash",
  h: "c",
  javascript: "tsx",
  typescript: "tsx",
  js: "tsx",
  jsx: "tsx",
  mjs: "tsx",
  cjs: "tsx",
  jsonc: "json",
  jsonl: "json",
  py: "python",
  rs: "rust",
  ts: "tsx",
  mts: "tsx",
  yml: "yaml",
  scss: "css",
  kt: "java",
};

export function languageNamed(name: string): Language | null {
  const low = name.trim().toLowerCase();
  if (Object.hasOwn(LANGUAGES, low)) return low as Language;
  return Object.hasOwn(OTHER_NAMES, low) ? (OTHER_NAMES[low] ?? null) : null;
}

/** The language of a file, by the end of its name. */
export function languageOf(path: string): Language | null {
  return languageNamed(/\.([A-Za-z]+)$/.exec(path)?.[1] ?? "");
}
