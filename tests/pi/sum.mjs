// `/sum`: sums the conversation up, as `/compact` does.
export default function (agent) {
  agent.registerCommand("sum", {
    description: "Sum the conversation up",
    handler: (_, context) =>
      new Promise((resolve, reject) =>
        context.compact({ onComplete: resolve, onError: reject }),
      ),
  });
}
