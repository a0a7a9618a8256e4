// The frame of OpenID Session Management 3.2: told "client_id session_state", it says whether that is still so.
(() => {
  const cookieName = document.currentScript.dataset.cookie;

  function browserState() {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(cookieName + "="));
    return found ? found.slice(cookieName.length + 1) : "";
  }

  async function answer(message, origin) {
    const [, clientId, sessionState, salt] = /^(\S+) ([0-9a-f]{64}\.([\w-]+))$/.exec(message) || [];
    // Without https there is no digest to be had, and nothing to say.
    if (!clientId || !globalThis.crypto || !crypto.subtle) return "error";
    const state = browserState();
    // Kept from the cookie as a frame of another site, there is nothing to compare. "changed" would have the application
    // ask the provider again and again; after "error" it must not (3.1).
    if (!state && document.hasStorageAccess && !(await document.hasStorageAccess())) return "error";
    const text = new TextEncoder().encode([clientId, origin, state, salt].join(" "));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex}.${salt}` === sessionState ? "unchanged" : "changed";
  }

  addEventListener("message", async (event) => {
    // A page that may not hold this frame can't send it anything. One without an origin gets no answer.
    if (!event.source || !/^https?:/.test(event.origin)) return;
    const text = typeof event.data === "string" ? event.data : "";
    event.source.postMessage(await answer(text, event.origin), event.origin);
  });
})();
