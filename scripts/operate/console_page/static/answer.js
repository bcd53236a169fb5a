// The form for whoever is asked: a review, or the question of an agent.

import { send } from "./api.js";
import { clock, element } from "./words.js";

const CHOICES = [
  ["approve", "Approve", "the text is used as it is", null],
  ["edit", "Edit", "your version is used instead", ["text", "Your version", 14]],
  ["revise", "Send back", "the agent writes again with your comments", ["comments", "What to change", 4]],
  ["reject", "Reject", "the execution ends without a report", ["reason", "Reason", 3]],
];

function area(name, label, rows, value = "") {
  const id = `answer-${name}`;
  return element("div", { className: "field" }, element("label", { htmlFor: id }, label), element("textarea", { id, name, rows, value }));
}

function choices(text) {
  return element("fieldset", {}, element("legend", {}, "Your decision"),
    ...CHOICES.map(([value, label, note, field]) => {
      const id = `decision-${value}`;
      return element("div", { className: "choice" },
        element("input", { type: "radio", name: "decision", value, id, required: true }),
        element("label", { htmlFor: id }, label, element("span", {}, `: ${note}`)),
        field ? area(...field, value === "edit" ? text : "") : null);
    }));
}

// The form, and where it says why an answer was not taken: what was written stays.
export function answerForm(arn, waits, text, done) {
  const said = element("p", { role: "alert", className: "error", hidden: true });
  const question = waits.kind === "question";
  const form = element("form", { className: "answer", onsubmit: submit },
    question ? area("text", "Your answer", 3) : choices(text),
    question ? null : element("div", { className: "field" }, element("label", { htmlFor: "reviewer" }, "Your name (kept in the result)"), element("input", { id: "reviewer", name: "reviewer", autocomplete: "name" })),
    said, element("button", {}, "Send the answer"),
    waits.until ? element("span", { className: "note" }, ` until ${clock(waits.until)} UTC`) : null);

  async function submit(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    const field = CHOICES.find(([value]) => value === fields.decision)?.[3]?.[0];
    const answer = { decision: fields.decision };
    if (field && (fields[field] || field !== "reason")) answer[field] = fields[field];
    if (fields.reviewer) answer.reviewer = fields.reviewer;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await send("answer", question ? { arn, name: waits.name, text: fields.text } : { arn, name: waits.name, answer });
      done();
    } catch (error) {
      said.textContent = error.message;
      said.hidden = false;
      button.disabled = false;
    }
  }
  return form;
}
