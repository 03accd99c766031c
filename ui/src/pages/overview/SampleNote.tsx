import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client";

export function SampleNote() {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => send("DELETE", "sample"),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <div className="sample-note">
      <span>
        {remove.error ? remove.error.message : "These numbers include the bundled sample history."}
      </span>
      <button
        type="button"
        className="button"
        onClick={() => remove.mutate()}
        disabled={remove.isPending}
      >
        Remove the sample
      </button>
    </div>
  );
}
