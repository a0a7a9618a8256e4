// A relying party made with openid-client.
import * as client from "openid-client";
import { brought, dialogue } from "./dialogue.mjs";

const METHODS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  none: () => client.None(),
};
let config;
let checks;
let subject;
let device;

const plain = (tokens) => ({ ...tokens, claims: tokens.claims?.() });

await dialogue({
  async discover({ issuer, client_id, client_secret, method, algorithm, oauth }) {
    config = await client.discovery(
      new URL(issuer),
      client_id,
      { client_secret, id_token_signed_response_alg: algorithm },
      METHODS[method ?? "client_secret_basic"](client_secret),
      { execute: [client.allowInsecureRequests], algorithm: oauth ? "oauth2" : "oidc" },
    );
    // The signature of ID tokens too, which a client that has them from the token endpoint need not check.
    client.enableNonRepudiationChecks(config);
    return config.serverMetadata();
  },

  async authorize(parameters) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
    if (parameters.max_age !== undefined) checks.maxAge = Number(parameters.max_age);
    const address = client.buildAuthorizationUrl(config, {
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
      nonce: expectedNonce,
      ...parameters,
    });
    return address.href;
  },

  async redeem(answer) {
    const tokens = await client.authorizationCodeGrant(config, brought(answer), checks);
    subject = tokens.claims().sub;
    return plain(tokens);
  },

  userinfo: ({ token }) => client.fetchUserInfo(config, token, subject),
  refresh: async ({ token }) => plain(await client.refreshTokenGrant(config, token)),
  credentials: (parameters) => client.clientCredentialsGrant(config, parameters),
  introspect: ({ token, hint }) => client.tokenIntrospection(config, token, { token_type_hint: hint }),
  revoke: ({ token }) => client.tokenRevocation(config, token),

  async device(parameters) {
    device = await client.initiateDeviceAuthorization(config, parameters);
    return device;
  },

  async poll() {
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 });
    return plain(tokens);
  },

  logout: (parameters) => client.buildEndSessionUrl(config, parameters).href,
});
