import { useQuery } from "@tanstack/react-query";
import { facetsQuery } from "../../api/queries";
import { harnessTitle } from "../../parts/format";
import { Segments } from "../../parts/Segments";
import { Select } from "../../parts/Select";
import { TextField } from "../../parts/TextField";
import { FILTERS, type FilterName, useFilters } from "../../parts/useFilters";
import { SearchHits } from "./SearchHits";
import { SessionList } from "./SessionList";

export default function SessionsPage() {
  const { filters, change } = useFilters();
  const facets = useQuery(facetsQuery);
  const { values, mode } = filters;
  const set = (name: FilterName) => (value: string) => change({ [name]: value });
  const filtered = FILTERS.some((name) => values[name]);
  return (
    <div className="list-page">
      <div className="page__head">
        <h1>Sessions</h1>
        <Segments
          label="What to look through"
          value={mode}
          choices={[
            { value: "list", title: "List" },
            { value: "text", title: "Full text" },
          ]}
          onChange={(value) => change({ mode: value === "text" ? "text" : null })}
        />
      </div>
      <search className="filters" aria-label="Filters">
        {mode === "text" ? (
          <TextField
            key="text"
            label="Search prompts, answers, tools"
            value={filters.text}
            onChange={(text) => change({ text })}
          />
        ) : (
          <TextField
            key="query"
            label="Title, project, branch, id"
            value={values.query ?? ""}
            onChange={set("query")}
          />
        )}
        <Select
          label="Harness"
          any="Any harness"
          value={values.harness ?? ""}
          values={facets.data?.harnesses ?? []}
          title={harnessTitle}
          onChange={set("harness")}
        />
        <Select
          label="Project"
          any="Any project"
          value={values.project ?? ""}
          values={facets.data?.projects ?? []}
          onChange={set("project")}
        />
        <Select
          label="Model"
          any="Any model"
          value={values.model ?? ""}
          values={facets.data?.models ?? []}
          onChange={set("model")}
        />
        <Select
          label="Branch"
          any="Any branch"
          value={values.branch ?? ""}
          values={facets.data?.branches ?? []}
          onChange={set("branch")}
        />
        <input
          className="date"
          type="date"
          aria-label="From day"
          title="From day"
          value={values.since ?? ""}
          onChange={(event) => set("since")(event.target.value)}
        />
        <input
          className="date"
          type="date"
          aria-label="To day"
          title="To day"
          value={values.until ?? ""}
          onChange={(event) => set("until")(event.target.value)}
        />
        <button
          type="button"
          className="button"
          aria-pressed={values.errors === "true"}
          onClick={() => set("errors")(values.errors ? "" : "true")}
        >
          With errors
        </button>
        {filtered && (
          <button
            type="button"
            className="button"
            onClick={() => change(Object.fromEntries(FILTERS.map((name) => [name, null])))}
          >
            Clear
          </button>
        )}
      </search>
      {mode === "text" ? (
        <SearchHits filters={filters} />
      ) : (
        <SessionList filters={filters} change={change} filtered={filtered} />
      )}
    </div>
  );
}
