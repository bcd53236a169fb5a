// Speaks to the console's own server. The token came behind the # of the address and is taken away from there.

const KEY = "console-token";
const given = new URLSearchParams(location.hash.slice(1));
if (given.has("token")) {
  sessionStorage.setItem(KEY, given.get("token"));
  history.replaceState(null, "", `${location.pathname}#/${encodeURIComponent(given.get("execution") ?? "")}`);
}

const token = () => sessionStorage.getItem(KEY) ?? "";

async function answerOf(response) {
  const document = await response.json().catch(() => ({ message: `the console answered ${response.status}` }));
  if (!response.ok) throw new Error(document.message);
  return document;
}

export async function read(path, fields = {}) {
  const query = new URLSearchParams(fields);
  return answerOf(await fetch(`/api/${path}?${query}`, { headers: { authorization: `Bearer ${token()}` } }));
}

export async function send(path, document) {
  return answerOf(await fetch(`/api/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token()}`, "content-type": "application/json" },
    body: JSON.stringify(document),
  }));
}

// Follows one execution; the browser reconnects by itself and names the last change that it has seen.
export function follow(arn, { look, lost, ended, broken, again }) {
  const source = new EventSource(`/api/events?${new URLSearchParams({ arn, token: token() })}`);
  const over = (tell) => (event) => { source.close(); tell(JSON.parse(event.data)); };
  source.addEventListener("look", (event) => look(JSON.parse(event.data)));
  source.addEventListener("lost", over(lost));
  source.addEventListener("end", over(ended));
  source.addEventListener("error", () => broken(source.readyState === EventSource.CLOSED));
  source.addEventListener("open", () => again());
  return () => source.close();
}
