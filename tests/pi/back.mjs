// `/back`: to before the person's last prompt, as if it were to be edited.
export default function (agent) {
  agent.registerCommand("back", {
    description: "Go back to before the last prompt",
    handler: async (_, context) => {
      const prompts = context.sessionManager
        .getBranch()
        .filter((entry) => entry.type === "message" && entry.message.role === "user");
      await context.navigateTree(prompts[prompts.length - 1].id, { summarize: false });
    },
  });
}
