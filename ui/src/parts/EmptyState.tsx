import type { ReactNode } from "react";

export function EmptyState({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <section className="empty">
      <h2 className="empty__title">{title}</h2>
      <div className="empty__text">{children}</div>
      {actions && <div className="empty__actions">{actions}</div>}
    </section>
  );
}

export function ErrorState({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <section className="empty empty--error" role="alert">
      <h2 className="empty__title">This could not be loaded</h2>
      <p className="empty__text">{error.message}</p>
      {retry && (
        <div className="empty__actions">
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </div>
      )}
    </section>
  );
}
