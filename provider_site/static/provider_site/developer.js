/* Redirect URIs checked while they are typed. Without this script the server says the same when the form is sent. */

const WAIT = 400;

for (const area of document.querySelectorAll("textarea[data-check-uri]")) {
  const fine = area.form.dataset.fine;
  const answers = new Map();
  const list = document.createElement("ul");
  list.className = "uri-checks";
  list.id = `${area.id}_checks`;
  list.setAttribute("aria-live", "polite");
  area.after(list);
  area.setAttribute("aria-describedby", `${area.getAttribute("aria-describedby") ?? ""} ${list.id}`.trim());

  const ask = async (uri) => {
    if (!answers.has(uri)) {
      const response = await fetch(`${area.dataset.checkUri}?${new URLSearchParams({ uri })}`);
      // Signed out meanwhile, for example: the server speaks when the form is sent.
      if (!response.ok || response.redirected) return null;
      answers.set(uri, await response.json());
    }
    return answers.get(uri);
  };

  const row = (uri, answer) => {
    const item = document.createElement("li");
    item.className = answer.reason ? "refused" : answer.warning ? "warned" : "fine";
    const code = document.createElement("code");
    code.dir = "ltr";
    code.textContent = uri;
    item.append(code, ` ${answer.reason ?? answer.warning ?? fine}`);
    return item;
  };

  let shown = "";
  let refused = document.getElementById(`${area.id}_error`);
  const check = async () => {
    const text = area.value;
    const uris = [...new Set(text.split(/\s+/).filter(Boolean))].slice(0, 50);
    try {
      const found = await Promise.all(uris.map(ask));
      if (area.value !== text) return;
      const rows = uris.flatMap((uri, index) => (found[index] ? [row(uri, found[index])] : []));
      const words = rows.map((item) => item.outerHTML).join("");
      refused?.remove(); // what the server said of the text as it was before
      refused = null;
      if (words !== shown) list.replaceChildren(...rows);
      shown = words;
    } catch {
      // Offline: the server speaks when the form is sent.
    }
  };

  let timer;
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, WAIT);
  });
  if (area.value.trim() && !refused) check();
}
