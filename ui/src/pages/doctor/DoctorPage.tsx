import { useQuery } from "@tanstack/react-query";
import { healthQuery } from "../../api/queries";
import { ErrorState } from "../../parts/EmptyState";
import { ago, bytes, count, plural } from "../../parts/format";
import { HarnessBadge } from "../../parts/HarnessBadge";
import { ProblemList } from "../../parts/ProblemList";
import { Skeleton } from "../../parts/Skeleton";

export default function DoctorPage() {
  const { data, error, refetch } = useQuery(healthQuery);
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton lines={10} label="Looking at the store" />;
  const unpriced = Object.entries(data.unpriced_models);
  const well = data.unreadable.length === 0 && data.problem_count === 0 && unpriced.length === 0;
  return (
    <div className="page">
      <div className="page__head">
        <h1>Doctor</h1>
        <span className={well ? "tag tag--good" : "tag tag--warn"}>
          {well ? "Everything was read" : "Some things need a look"}
        </span>
      </div>
      <section className="card padded" aria-label="Store">
        <h2>Store</h2>
        <dl className="facts">
          <dt>File</dt>
          <dd className="mono">{data.path}</dd>
          <dt>Size</dt>
          <dd>
            {bytes(data.store_bytes)}, layout {data.schema_version}
          </dd>
          <dt>Evidence kept</dt>
          <dd>
            {bytes(data.evidence_bytes)}, {bytes(data.archived_bytes)} compressed
          </dd>
          <dt>Search index</dt>
          <dd>
            {data.pending_turns === 0
              ? "complete"
              : `${plural(data.pending_turns, "turn")} still to come`}
          </dd>
        </dl>
      </section>
      <section className="card padded table-scroll" aria-label="Harnesses">
        <h2>Harnesses</h2>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Harness</th>
              <th scope="col" className="num">
                Files
              </th>
              <th scope="col" className="num">
                Vanished
              </th>
              <th scope="col" className="num">
                Sessions
              </th>
              <th scope="col">Last step</th>
              <th scope="col">Versions</th>
              <th scope="col">Unknown records</th>
            </tr>
          </thead>
          <tbody>
            {data.harnesses.map((harness) => (
              <tr key={harness.harness}>
                <td>
                  <HarnessBadge harness={harness.harness} />
                </td>
                <td className="num">{count(harness.files)}</td>
                <td className="num">{count(harness.vanished_files)}</td>
                <td className="num">{count(harness.sessions)}</td>
                <td>{harness.last_activity ? ago(harness.last_activity) : "never"}</td>
                <td>{harness.versions.slice(0, 3).join(", ")}</td>
                <td>
                  {Object.entries(harness.unknown_records)
                    .map(([name, times]) => `${name} ×${count(times)}`)
                    .join(", ") || <span className="quiet">none</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {unpriced.length > 0 && (
        <section className="card padded" aria-label="Models without a price">
          <h2>Models without a price</h2>
          <p className="quiet">
            Their calls count as unpriced, never as free. Give a price in config.toml.
          </p>
          <dl className="facts">
            {unpriced.map(([model, calls]) => (
              <div key={model} className="facts__pair">
                <dt className="mono">{model}</dt>
                <dd>{plural(calls, "call")}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      {data.unreadable.length > 0 && (
        <section className="card padded" aria-label="Unreadable files">
          <h2>Files that could not be read</h2>
          <ul className="problems">
            {data.unreadable.map(({ path, message }) => (
              <li key={path}>
                <span className="mono">{path}</span>
                <span>{message}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {data.problem_count > 0 && (
        <section className="card padded" aria-label="Problems">
          <h2>Problems in evidence ({count(data.problem_count)})</h2>
          <ProblemList problems={data.problems} />
        </section>
      )}
    </div>
  );
}
