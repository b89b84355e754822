// A certified OpenID provider (npm: oidc-provider) on a free port of loopback, for the scenario of
// sign-in through a provider. Its own development pages are the sign-in form: any password is good.
//
//   node provider.mjs CONFIG.json
//
// CONFIG: {"client": {client_id, client_secret, redirect_uris, …}, "accounts": {LOGIN: CLAIMS},
// "alg": "RS256"}. Prints {"issuer": …} when it listens. Lines of JSON on standard input change it,
// each is answered with "done"; the end of input ends it:
//
//   {"rotate": "ES256"}          new keys, and tokens signed with that algorithm
//   {"account": {LOGIN: CLAIMS}} people whose claims are others now
//   {"forge": "nonce"}           what its token endpoint gives from now on is forged: see below
import { createPublicKey, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { SignJWT, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

console.info = console.warn = console.error; // its notices: standard output is for answers

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const cookieKeys = [randomBytes(32).toString("hex")];
let handler = (req, res) => res.writeHead(503).end();
let forge = null;
let keys = [];

async function key(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...(await exportJWK(privateKey)), alg, use: "sig", kid: randomUUID() }, privateKey };
}

// ---- forgeries of the ID token ------------------------------------------------------------------

const coded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const flipped = (text) => (text[9] === "A" ? "B" : "A") + text.slice(1, 9) + (text[0] === "A" ? "B" : "A") + text.slice(10);

// Claims changed, then signed with the provider's true key.
const claims = {
  right: (c) => c,
  issuer: (c) => ({ ...c, iss: "https://evil.example.org" }),
  audience: (c) => ({ ...c, aud: "another client" }),
  party: (c) => ({ ...c, aud: [c.aud, "another client"], azp: "another client" }),
  nonce: (c) => ({ ...c, nonce: "another nonce" }),
  "no nonce": ({ nonce, ...c }) => c,
  expired: (c) => ({ ...c, iat: c.iat - 7200, exp: c.iat - 3600 }),
  "no expiry": ({ exp, ...c }) => c,
  future: (c) => ({ ...c, iat: c.iat + 3600, exp: c.exp + 3600 }),
  "access token": (c) => ({ ...c, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }),
  "no subject": ({ sub, ...c }) => c,
};

// The token itself changed.
const tokens = {
  signature: (h, c, [header, payload, signature]) => [header, payload, flipped(signature)].join("."),
  payload: (h, c, [header, , signature]) => [header, coded({ ...c, sub: "subject-noa" }), signature].join("."),
  header: (h, c, [, payload, signature]) => [coded({ ...h, typ: "JWT+" }), payload, signature].join("."),
  none: (h, c, [, payload]) => [coded({ alg: "none" }), payload, ""].join("."),
  "none, signed": (h, c, [, payload, signature]) => [coded({ ...h, alg: "none" }), payload, signature].join("."),
  // The public key, which everybody knows, taken for a shared secret.
  "shared secret": (h, c) => {
    const pem = createPublicKey({ key: keys[0].jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
    return new SignJWT(c).setProtectedHeader({ ...h, alg: "HS256" }).sign(Buffer.from(pem));
  },
  "another key": async (h, c) =>
    new SignJWT(c).setProtectedHeader(h).sign((await generateKeyPair(h.alg)).privateKey),
  "own key": async (h, c) => {
    const { privateKey, publicKey } = await generateKeyPair(h.alg);
    const header = { alg: h.alg, kid: h.kid, jwk: await exportJWK(publicKey) };
    return new SignJWT(c).setProtectedHeader(header).sign(privateKey);
  },
};

async function forged(token) {
  const header = decodeProtectedHeader(token);
  const said = decodeJwt(token);
  if (forge === "somebody else") return token;
  if (tokens[forge]) return tokens[forge](header, said, token.split("."));
  const { privateKey } = keys.find((k) => k.jwk.kid === header.kid);
  return new SignJWT(claims[forge](said)).setProtectedHeader(header).sign(privateKey);
}

// ---- the provider -------------------------------------------------------------------------------

async function makeProvider(issuer, alg) {
  keys = [await key(alg), await key(alg === "RS256" ? "ES256" : "RS256")];
  const provider = new Provider(issuer, {
    clients: [{ ...config.client, id_token_signed_response_alg: alg }],
    jwks: { keys: keys.map((k) => k.jwk) },
    cookies: { keys: cookieKeys },
    pkce: { required: () => true, methods: ["S256"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    findAccount: (ctx, id) =>
      config.accounts[id] && {
        accountId: id,
        claims: () => ({ sub: `subject-${id}`, ...config.accounts[id] }),
      },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (!forge) return;
    if (ctx.oidc?.route === "token" && ctx.body?.id_token) ctx.body = { ...ctx.body, id_token: await forged(ctx.body.id_token) };
    if (ctx.oidc?.route === "userinfo" && forge === "somebody else") ctx.body = { ...ctx.body, sub: "subject-noa" };
  });
  return provider;
}

const server = createServer((req, res) => handler(req, res));
server.listen(0, "127.0.0.1", async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handler = (await makeProvider(issuer, config.alg)).callback();
  console.log(JSON.stringify({ issuer }));
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    if (order.rotate) handler = (await makeProvider(issuer, order.rotate)).callback();
    Object.assign(config.accounts, order.account);
    if ("forge" in order) forge = order.forge;
    console.log("done");
  }
  process.exit(0);
});
