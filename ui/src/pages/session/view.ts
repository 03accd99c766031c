/** What the reader of a session has selected, opened and folded. */
import { createContext, useContext } from "react";

export interface View {
  session: string;
  selected: string | null;
  select: (span: string) => void;
  isOpen: (key: string) => boolean;
  toggle: (key: string) => void;
  fold: (span: string) => void;
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("a part of the session page stands outside of it");
  return view;
}
