// Elements and figures. A text of an execution only ever becomes a text node: markup in it is shown, never run.

export function element(name, fields = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function duration(seconds) {
  if (seconds < 0) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const words = [];
  let rest = Math.round(seconds);
  for (const [unit, size] of units) {
    if (rest >= size) {
      words.push(`${Math.floor(rest / size)} ${unit}`);
      rest %= size;
    } else if (words.length) break;
  }
  return words.slice(0, 2).join(" ");
}

export const dollars = (usd) => (usd === null || usd === undefined ? "$?" : `$${Number(usd).toFixed(4)}`);
export const count = (number) => Number(number).toLocaleString("en");
export const clock = (text) => (text ? new Date(text).toLocaleString("sv-SE", { timeZone: "UTC" }) : "");
export const at = (text) => (text ? Date.parse(text) : null);
export const tookOf = (one, now) => (at(one.started) === null ? "" : duration(((at(one.ended) ?? now) - at(one.started)) / 1000));

export const STATUS = {
  SUCCEEDED: "good", FAILED: "bad", TIMED_OUT: "bad", RUNNING: "busy", PAUSED: "held", PAUSING: "held", STOPPED: "held",
};
