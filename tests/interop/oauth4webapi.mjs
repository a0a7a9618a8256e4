// A relying party, and a protected resource, made with oauth4webapi.
import * as oauth from "oauth4webapi";
import { brought, dialogue } from "./dialogue.mjs";

const METHODS = {
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
  none: () => oauth.None(),
};
const insecure = { [oauth.allowInsecureRequests]: true };
let server;
let client;
let proof;
let sent;
let subject;
let device;

const plain = (tokens) => ({ ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) });

async function callback(answer) {
  const from = brought(answer);
  return from instanceof Request ? new URLSearchParams(await from.text()) : from;
}

await dialogue({
  async discover({ issuer, client_id, client_secret, method, algorithm, oauth: alone }) {
    const options = { ...insecure, algorithm: alone ? "oauth2" : "oidc" };
    const response = await oauth.discoveryRequest(new URL(issuer), options);
    server = await oauth.processDiscoveryResponse(new URL(issuer), response);
    client = { client_id, id_token_signed_response_alg: algorithm };
    proof = METHODS[method ?? "client_secret_basic"](client_secret);
    return server;
  },

  async authorize(parameters) {
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    sent = { verifier, state, nonce, redirect: parameters.redirect_uri };
    const address = new URL(server.authorization_endpoint);
    const all = {
      client_id: client.client_id,
      response_type: "code",
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
      ...parameters,
    };
    for (const [name, value] of Object.entries(all)) address.searchParams.set(name, value);
    return address.href;
  },

  async redeem(answer) {
    const parameters = oauth.validateAuthResponse(server, client, await callback(answer), sent.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server, client, proof, parameters, sent.redirect, sent.verifier, insecure,
    );
    const checks = { expectedNonce: sent.nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, checks);
    await oauth.validateApplicationLevelSignature(server, response, insecure);
    subject = oauth.getValidatedIdTokenClaims(tokens).sub;
    return plain(tokens);
  },

  async userinfo({ token }) {
    const response = await oauth.userInfoRequest(server, client, token, insecure);
    return oauth.processUserInfoResponse(server, client, subject, response);
  },

  async refresh({ token }) {
    const response = await oauth.refreshTokenGrantRequest(server, client, proof, token, insecure);
    return plain(await oauth.processRefreshTokenResponse(server, client, response));
  },

  async credentials(parameters) {
    const response = await oauth.clientCredentialsGrantRequest(server, client, proof, parameters, insecure);
    return oauth.processClientCredentialsResponse(server, client, response);
  },

  async introspect({ token, hint }) {
    const options = { ...insecure, additionalParameters: hint ? { token_type_hint: hint } : {} };
    const response = await oauth.introspectionRequest(server, client, proof, token, options);
    return oauth.processIntrospectionResponse(server, client, response);
  },

  async revoke({ token }) {
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, proof, token, insecure));
  },

  async device(parameters) {
    const response = await oauth.deviceAuthorizationRequest(server, client, proof, parameters, insecure);
    device = await oauth.processDeviceAuthorizationResponse(server, client, response);
    return device;
  },

  async poll() {
    const response = await oauth.deviceCodeGrantRequest(server, client, proof, device.device_code, insecure);
    return plain(await oauth.processDeviceCodeResponse(server, client, response));
  },

  async accept({ token, audience }) {
    const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } });
    return oauth.validateJwtAccessToken(server, request, audience, insecure);
  },
});
