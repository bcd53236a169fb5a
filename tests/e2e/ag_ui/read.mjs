// Reads runs by the AG-UI client of others: node read.mjs URL TOKEN TOPIC [ANSWER]. Prints what it came to, as JSON.
import { HttpAgent } from "@ag-ui/client";

const [url, token, topic, answer] = process.argv.slice(2);
const agent = new HttpAgent({ url, headers: { authorization: `Bearer ${token}` }, threadId: "a-thread" });
const types = [];
const results = [];
const subscriber = {
  onEvent: ({ event }) => { types.push(event.type); },
  onRunFinishedEvent: ({ event }) => { results.push({ outcome: event.outcome, result: event.result }); },
  onRunErrorEvent: ({ event }) => { results.push({ error: event.message, code: event.code }); },
};
agent.addMessage({ id: "asked", role: "user", content: topic });
const forwardedProps = answer ? { event: { review: true } } : {};
await agent.runAgent({ runId: `run-${process.pid}-1`, forwardedProps }, subscriber).catch((error) => results.push({ failed: String(error) }));
if (answer) {
  const interrupts = results.at(-1).outcome?.interrupts ?? [];
  const resume = interrupts.map(({ id }) => ({ interruptId: id, status: "resolved", payload: JSON.parse(answer) }));
  await agent.runAgent({ runId: `run-${process.pid}-2`, resume }, subscriber).catch((error) => results.push({ failed: String(error) }));
}
console.log(JSON.stringify({ types, results, messages: agent.messages, state: agent.state }));
