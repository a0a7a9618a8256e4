// OpenID providers made with oidc-provider, each over TLS on a port of this machine.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { exportJWK, generateKeyPair } from "jose";
import { dialogue } from "./dialogue.mjs";

// Standard output is for answers; the library writes its warnings there.
console.info = console.log = console.warn = console.error;
// It asks for Node.js 22, and of what that has beyond 20 it uses this alone.
URL.parse ??= (...given) => {
  try {
    return new URL(...given);
  } catch {
    return null;
  }
};
const { Provider } = await import("oidc-provider");

const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
const keys = await Promise.all(ALGORITHMS.map(async (alg) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig" };
}));

const configuration = (clients) => ({
  clients,
  jwks: { keys },
  cookies: { keys: ["a key of tests"] },
  scopes: ["openid", "offline_access", "profile", "email"],
  claims: { profile: ["name", "nickname"], email: ["email", "email_verified"] },
  enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
  pkce: { required: () => true },
  // Without prompt=consent too.
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"),
  rotateRefreshToken: true,
  findAccount: (ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: `Name of ${sub}`, nickname: `Nick ${sub}`, email: `${sub}@example.com` }),
  }),
  // Its guard against special addresses would keep it from this machine.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource(ctx, form) {
        const button = '<button type="submit" id="sign_out" name="logout" value="yes">Sign out</button>';
        ctx.body = `<!doctype html><title>Sign out</title>${form.replace("</form>", `${button}</form>`)}`;
      },
    },
  },
});

let events = [];

await dialogue({
  async start({ clients, certificate, key }) {
    const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const provider = new Provider(`https://localhost:${server.address().port}`, configuration(clients));
    provider.on("backchannel.success", () => events.push("backchannel.success"));
    provider.on("backchannel.error", (ctx, error) => events.push(`backchannel.error ${error.message}`));
    provider.on("grant.success", (ctx) => events.push(`${ctx.oidc.params.grant_type} ${ctx.oidc.client.clientAuthMethod}`));
    provider.on("grant.error", (ctx, error) => events.push(`grant.error ${error.error_detail ?? error.message}`));
    server.on("request", provider.callback());
    return { issuer: provider.issuer };
  },

  // What happened since the last time.
  events() {
    const since = events;
    events = [];
    return since;
  },
});
process.exit();
