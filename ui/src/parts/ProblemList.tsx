import type { Problem } from "../api/vocabulary";

export function ProblemList({ problems }: { problems: Problem[] }) {
  return (
    <ul className="problems">
      {problems.map((problem, index) => (
        <li key={index}>
          <span className="mono">
            {problem.file}
            {problem.line ? `:${problem.line}` : ""}
          </span>
          <span>{problem.message}</span>
        </li>
      ))}
    </ul>
  );
}
