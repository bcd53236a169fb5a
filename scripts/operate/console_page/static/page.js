// The list, one execution, and what can be done to it. Addresses: #/ and #/ARN.

import { answerForm } from "./answer.js";
import { follow, read, send } from "./api.js";
import { Timeline } from "./timeline.js";
import { STATUS, clock, count, dollars, element, tookOf } from "./words.js";

const find = (id) => document.getElementById(id);
const LIST_SECONDS = 4;
let pages = 1;
let close = () => {};
let opened = null;

function say(message) {
  find("message").textContent = message ?? "";
  find("message").hidden = !message;
}

async function attempt(act) {
  try {
    say(null);
    return await act();
  } catch (error) {
    say(error.message);
    return null;
  }
}

// ---- the list

const chip = (status) => element("span", { className: `chip ${STATUS[status] ?? ""}` }, status.toLowerCase().replace("_", " "));

async function list() {
  const { status, text } = Object.fromEntries(new FormData(find("filter")));
  const found = await read("executions", { status, text, pages });
  const now = Date.now();
  const active = document.activeElement?.dataset?.arn;
  find("executions").replaceChildren(...found.executions.map((one) => element("tr", { className: one.arn === opened ? "chosen" : "" },
    element("td", {}, element("a", { href: `#/${encodeURIComponent(one.arn)}`, "data-arn": one.arn }, one.name), one.waits ? element("span", { className: "chip held" }, "asks you") : null),
    element("td", {}, chip(one.status)), element("td", {}, clock(one.started)),
    element("td", { className: "figure" }, tookOf(one, now)), element("td", { className: "figure" }, one.usd === null ? "" : dollars(one.usd)))));
  find("executions").querySelector(`[data-arn="${CSS.escape(active ?? "")}"]`)?.focus();
  find("none").hidden = found.executions.length > 0;
  find("more").hidden = !found.more;
}

async function refresh() {
  if (!document.hidden) await list().catch((error) => say(error.message));
  setTimeout(refresh, LIST_SECONDS * 1000);
}

// ---- one execution

class Opened {
  constructor(arn) {
    this.arn = arn;
    this.timeline = new Timeline((id, line) => attempt(() => this.toggleText(id, line)));
    this.asked = null;
    this.told = { state: element("p", { className: "note", role: "status" }), top: element("div"), ask: element("div"), report: element("div") };
    this.box = element("div", {}, this.told.top, this.told.state, this.told.ask, this.legend(), element("div", { className: "wide" }, this.timeline.table), this.told.report);
    this.stop = follow(arn, {
      look: (told) => this.look(told),
      lost: ({ message }) => this.state(`it can be read no more: ${message}. What was read stays here.`),
      ended: () => this.ended(),
      broken: (forGood) => this.state(forGood ? "it cannot be read: does it exist?" : "the console does not answer; trying again"),
      again: () => this.state(""),
    });
    this.tick = setInterval(() => this.draw(), 500);
  }

  close() {
    this.stop();
    clearInterval(this.tick);
  }

  state(words) {
    this.told.state.textContent = words;
  }

  look(told) {
    this.head = told.head;
    this.timeline.take(told);
    this.drawTop();
    this.ask().catch((error) => say(error.message));
    this.draw();
  }

  draw() {
    if (!this.head) return;
    this.timeline.draw(this.head, Date.now());
    const age = this.told.top.querySelector(".age");
    if (age) age.textContent = tookOf(this.head, Date.now());
    if (this.head.over) clearInterval(this.tick);
  }

  drawTop() {
    const { head } = this;
    const { cost } = head;
    const focused = document.activeElement?.dataset?.act;
    const fact = (word, ...value) => element("div", {}, element("dt", {}, word), element("dd", {}, ...value));
    const act = (word) => element("button", { type: "button", className: "plain", "data-act": word, onclick: () => this.act(word) }, word[0].toUpperCase() + word.slice(1));
    const acts = head.over ? [] : ["PAUSED", "PAUSING"].includes(head.status) ? [act("resume"), act("stop")] : [act("pause"), act("stop")];
    this.told.top.replaceChildren(
      element("h2", { id: "name", tabIndex: -1 }, head.name, " ", chip(head.status)),
      head.query ? element("p", { className: "query" }, head.query) : "",
      element("p", { className: `verdict ${STATUS[head.status] ?? ""}` }, head.verdict),
      element("dl", { className: "facts" },
        fact("Took", element("span", { className: "age" }, tookOf(head, Date.now()))),
        fact(cost.exact ? "Cost" : "Cost so far, at list prices", dollars(cost.usd)),
        fact("Tokens in, out", `${count(cost.input_tokens)}, ${count(cost.output_tokens)}`),
        head.saved_usd ? fact("Saved by checkpoints", dollars(head.saved_usd)) : "",
        fact("Started (UTC)", clock(head.started)), fact("Version", head.version ?? "?")),
      acts.length ? element("p", { className: "acts" }, ...acts) : "",
      ...head.resumes.map((resume) => element("p", { className: resume.died ? "resume died" : "resume" },
        `${clock(resume.at)} ${resume.died ? "the process died; the next one" : "the next invocation"} took ${count(resume.replayed)} finished ${resume.replayed === 1 ? "call" : "calls"} from checkpoints: ${resume.kept_usd === null ? "nothing" : dollars(resume.kept_usd)} not paid again`)));
    if (focused) this.told.top.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  legend() {
    return element("ul", { className: "legend", "aria-label": "Legend" }, ...[["model", "model call, paid"], ["tool", "tool call"], ["context", "agent or branch"], ["wait", "waits, nothing is paid"], ["retrying", "retries"], ["failed", "failed"], ["line", "next invocation: what is left of the line is replayed, not paid"], ["line died", "a process died"]]
      .map(([kind, words]) => element("li", {}, element("span", { className: `bar ${kind}` }), words)));
  }

  async toggleText(id, line) {
    if (line.nextElementSibling?.classList.contains("text-of")) {
      line.nextElementSibling.remove();
      return;
    }
    const { text } = await read("text", { arn: this.arn, id });
    line.after(element("tr", { className: "text-of" }, element("td", { colSpan: 7 }, element("pre", { tabIndex: 0 }, text))));
  }

  async ask() {
    const waits = this.head.waits_for[0] ?? null;
    if (waits?.name === this.asked) return;
    this.asked = waits?.name ?? null;
    if (!waits) {
      this.told.ask.replaceChildren();
      return;
    }
    const { text, agent } = await read("asked", { arn: this.arn, name: waits.name });
    if (this.asked !== waits.name) return;
    this.told.ask.replaceChildren(element("section", { className: "ask", "aria-label": `${waits.name} waits for you` },
      element("h3", {}, waits.kind === "review" ? `${waits.name}: the latest text, of ${agent}` : `${waits.name} asks`),
      element("pre", { tabIndex: 0 }, text ?? "(its text is not in the history)"),
      answerForm(this.arn, waits, text ?? "", () => this.told.ask.replaceChildren(element("p", { role: "status" }, `${waits.name} is answered.`)))));
  }

  act(word) {
    if (word === "stop" && !confirm("Stop it for good? A stopped execution is never continued.")) return;
    attempt(async () => {
      await send("act", { arn: this.arn, act: word });
      this.state(`${word === "stop" ? "stopped" : word === "pause" ? "paused" : "resumed"}; the page follows`);
    });
  }

  async ended() {
    this.draw();
    if (!this.head?.has_result) return;
    await attempt(async () => {
      const result = await read("result", { arn: this.arn });
      const cited = result.citations;
      this.told.report.replaceChildren(
        element("h3", {}, "Report"), element("pre", { id: "report", tabIndex: 0 }, result.report),
        result.sources.length ? element("h3", {}, "Sources") : "",
        result.sources.length ? element("ul", { className: "sources" }, ...result.sources.map((source) => element("li", {}, element("b", {}, source.id), ` ${source.title ?? ""} `, this.address(source.url)))) : "",
        cited ? element("p", { className: "note" }, `${cited.verified} citations were found word for word in their sources, ${cited.dropped.length} were dropped.`) : "",
        element("h3", {}, "Ledger"), this.ledger());
    });
  }

  // Only an address of the web becomes a link: another scheme could run something.
  address(url) {
    return /^https?:\/\//i.test(url ?? "") ? element("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, url) : (url ?? "");
  }

  ledger() {
    const row = (name, cost) => element("tr", {}, element("th", { scope: "row" }, name), ...[count(cost.input_tokens), count(cost.output_tokens), dollars(cost.usd)].map((text) => element("td", { className: "figure" }, text)));
    return element("table", {}, element("thead", {}, element("tr", {}, ...["Agent", "Tokens in", "Tokens out", "USD"].map((word, place) => element("th", { scope: "col", className: place ? "figure" : "" }, word)))),
      element("tbody", {}, ...Object.entries(this.head.agents).map(([name, cost]) => row(name, cost)), row("total", this.head.cost)));
  }
}

// ---- where it is

function route() {
  const arn = decodeURIComponent(location.hash.slice(2));
  close();
  close = () => {};
  opened = arn || null;
  find("execution").hidden = !arn;
  document.body.classList.toggle("one", Boolean(arn));
  find("execution").replaceChildren();
  say(null);
  if (arn) {
    const shown = new Opened(arn);
    close = () => shown.close();
    find("execution").replaceChildren(element("a", { className: "back", href: "#/" }, "All executions"), shown.box);
  }
  attempt(list);
}

find("start").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const { arn } = await send("start", { topic: find("topic").value, new: true });
    find("start").reset();
    location.hash = `#/${encodeURIComponent(arn)}`;
  });
});
find("filter").addEventListener("input", () => attempt(list));
find("filter").addEventListener("submit", (event) => event.preventDefault());
find("more").addEventListener("click", () => { pages += 1; attempt(list); });
addEventListener("hashchange", route);
// j and k go through the list, Escape back to it, where no field has the keyboard
addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...find("executions").querySelectorAll("a")];
  const place = links.indexOf(document.activeElement);
  if (event.key === "j") links[Math.min(place + 1, links.length - 1)]?.focus();
  else if (event.key === "k") links[Math.max(place - 1, 0)]?.focus();
  else if (event.key === "Escape" && opened) location.hash = "#/";
});
route();
setTimeout(refresh, LIST_SECONDS * 1000);
