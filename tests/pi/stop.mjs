// Stops the agent while it writes its second answer or runs its first command,
// as Escape does.
export default function (agent) {
  let answers = 0;
  const soon = (context) => setTimeout(() => context.abort(), 1000);
  agent.on("message_start", (event, context) => {
    if (event.message.role !== "assistant") return;
    answers += 1;
    if (answers === 2) soon(context);
  });
  agent.on("tool_execution_start", (event, context) => {
    if (event.toolName === "bash") soon(context);
  });
}
