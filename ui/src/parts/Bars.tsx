import { useState } from "react";
import { Link } from "wouter";

export interface Bar {
  name: string;
  href?: string;
  note?: string;
  value: number;
  text: string;
  colour?: string;
}

/** A ranking: each row's bar is its share of the greatest. */
export function Bars({ title, rows, shown = 6 }: { title: string; rows: Bar[]; shown?: number }) {
  const [all, setAll] = useState(false);
  const greatest = Math.max(...rows.map((row) => row.value), 0);
  const visible = all ? rows : rows.slice(0, shown);
  return (
    <section className="card" aria-label={title}>
      <div className="card__head">
        <h2>{title}</h2>
      </div>
      <div className="bars">
        {rows.length === 0 && <p className="quiet bars__row">Nothing in this range</p>}
        {visible.map((row) => {
          const style = {
            "--share": `${greatest > 0 ? Math.max(0.5, (100 * row.value) / greatest) : 0}%`,
            "--bar": row.colour,
          } as React.CSSProperties;
          const inner = (
            <>
              <span className="bars__name ellipsis" title={row.name}>
                {row.name}
              </span>
              <span className="bars__note">{row.note}</span>
              <span className="bars__value">{row.text}</span>
            </>
          );
          return row.href ? (
            <Link key={row.name} href={row.href} className="bars__row" style={style}>
              {inner}
            </Link>
          ) : (
            <div key={row.name} className="bars__row" style={style}>
              {inner}
            </div>
          );
        })}
        {rows.length > shown && (
          <button type="button" className="bars__more" onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show all ${rows.length}`}
          </button>
        )}
      </div>
    </section>
  );
}
