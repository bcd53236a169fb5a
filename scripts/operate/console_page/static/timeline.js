// The waterfall: one row an operation, bars on a scale on which hours of waiting take little room.

import { at, count, dollars, element, tookOf } from "./words.js";

const IDLE_SHARE = 0.08; // of the busy time: how wide a gap may be in which nothing but a wait was open
const SECOND = 1000;

const kindOf = (row) => {
  if (row.kind === "Step") return /^model-\d/.test(row.name) ? "model" : /^tool-\d/.test(row.name) ? "tool" : "step";
  return { Context: "context", Wait: "wait", Callback: "wait", ChainedInvoke: "chained" }[row.kind] ?? "step";
};

function busyOf(rows, now) {
  const spans = rows
    .filter((row) => row.kind === "Step" && row.started)
    .map((row) => [at(row.started), at(row.ended) ?? now])
    .sort((one, other) => one[0] - other[0]);
  const joined = [];
  for (const [from, to] of spans) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

// A function from a moment to 0..1, and the gaps that it makes narrow.
export function scaleOf(rows, from, to, now) {
  const busy = busyOf(rows, now);
  const most = Math.max(SECOND, IDLE_SHARE * busy.reduce((sum, [start, end]) => sum + end - start, 0));
  const pieces = [];
  let last = from;
  for (const [start, end] of [...busy, [to, to]]) {
    if (start > last) pieces.push([last, start, Math.min(start - last, most)]);
    if (end > Math.max(start, last)) pieces.push([Math.max(start, last), end, end - Math.max(start, last)]);
    last = Math.max(last, end);
  }
  const whole = pieces.reduce((sum, piece) => sum + piece[2], 0) || 1;
  return (moment) => {
    let before = 0;
    for (const [start, end, width] of pieces) {
      if (moment >= end) before += width;
      else if (moment > start) return (before + (width * (moment - start)) / (end - start)) / whole;
      else break;
    }
    return Math.min(1, before / whole);
  };
}

export class Timeline {
  constructor(show) {
    this.show = show;
    this.rows = new Map();
    this.shown = new Map();
    this.body = element("tbody");
    this.table = element("table", { className: "timeline" },
      element("caption", { className: "unseen" }, "Operations, in the order in which they began"),
      element("thead", {}, element("tr", {}, ...[["Operation", ""], ["Status", ""], ["When", "when"], ["Took", "figure"], ["Tries", "figure"], ["Tokens", "figure"], ["USD", "figure"]]
        .map(([word, className]) => element("th", { scope: "col", className }, word)))),
      this.body);
  }

  take({ whole, operations }) {
    if (whole) {
      this.rows.clear();
      this.shown.clear();
      this.body.replaceChildren();
    }
    for (const row of operations) {
      this.rows.set(row.id, row);
      if (!this.shown.has(row.id)) this.place(row);
    }
  }

  // Rows are in the order of the tree: a new one comes behind the last one that is before it.
  place(row) {
    const bar = element("span", { className: `bar ${kindOf(row)}` });
    const cells = {
      name: element("td"), status: element("td", { className: "status" }), when: element("td", { className: "when" }, element("span", { className: "track" }, bar)),
      took: element("td", { className: "figure" }), tries: element("td", { className: "figure" }), tokens: element("td", { className: "figure" }), usd: element("td", { className: "figure" }),
    };
    const depth = row.id.split(".").length - 1;
    const open = element("button", { type: "button", className: "name", onclick: () => this.show(row.id, line) }, row.name);
    open.style.setProperty("--depth", depth);
    cells.name.append(open);
    const line = element("tr", {}, ...Object.values(cells));
    line.dataset.id = row.id;
    const order = (id) => id.split(".").map(Number);
    const before = (one, other) => {
      const [left, right] = [order(one), order(other)];
      for (let place = 0; place < Math.min(left.length, right.length); place += 1) {
        if (left[place] !== right[place]) return left[place] - right[place];
      }
      return left.length - right.length;
    };
    let next = this.body.lastElementChild;
    while (next && (!next.dataset.id || before(next.dataset.id, row.id) > 0)) next = next.previousElementSibling;
    if (next) {
      while (next.nextElementSibling && !next.nextElementSibling.dataset.id) next = next.nextElementSibling;
      next.after(line);
    } else this.body.prepend(line);
    this.shown.set(row.id, { line, bar, open, ...cells });
  }

  draw(head, now) {
    const rows = [...this.rows.values()];
    const from = at(head.started);
    const to = Math.max(from + SECOND, at(head.ended) ?? now);
    const scale = scaleOf(rows, from, to, now);
    for (const row of rows) this.drawRow(row, scale, now);
    const marks = head.resumes.map((resume) => {
      const mark = element("span", { className: resume.died ? "mark died" : "mark", title: resume.died ? "the process died" : "the next invocation" });
      mark.style.left = `${100 * scale(at(resume.at))}%`;
      return mark;
    });
    this.body.querySelectorAll(".mark").forEach((mark) => mark.remove());
    for (const { when } of this.shown.values()) when.firstElementChild.append(...marks.map((mark) => mark.cloneNode()));
  }

  drawRow(row, scale, now) {
    const shown = this.shown.get(row.id);
    const waits = ["Wait", "Callback"].includes(row.kind) && !row.ended;
    const status = waits ? "waits" : row.status === "succeeded" ? "ok" : row.status;
    shown.status.textContent = row.error_type && row.status !== "succeeded" ? `${status} ${row.error_type}` : status;
    shown.status.className = `status ${{ succeeded: "good", failed: "bad", "timed out": "bad", retrying: "held" }[row.status] ?? "busy"}`;
    shown.took.textContent = tookOf(row, now);
    shown.tries.textContent = row.attempts > 1 ? row.attempts : "";
    shown.tokens.textContent = row.tokens === null ? "" : count(row.tokens);
    shown.usd.textContent = row.model === null ? "" : dollars(row.usd);
    shown.open.disabled = !row.has_text;
    if (!row.started) return;
    const [start, end] = [scale(at(row.started)), scale(at(row.ended) ?? now)];
    shown.bar.className = `bar ${kindOf(row)} ${row.status.replace(" ", "-")}`;
    shown.bar.style.left = `${100 * start}%`;
    shown.bar.style.width = `${100 * Math.max(0.004, end - start)}%`;
  }
}
