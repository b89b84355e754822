// A certified OpenID provider (npm: oidc-provider) on a free port of loopback, for the scenario of
// sign-in through a provider. Its own development pages are the sign-in form: any password is good.
//
//   node provider.mjs CONFIG.json
//
// CONFIG: {"client": {client_id, client_secret, redirect_uris, …}, "accounts": {LOGIN: CLAIMS},
// "alg": "RS256"}. Prints {"issuer": …} when it listens. A line "rotate ALG" on standard input makes
// new keys and answers "rotated"; the end of input ends it.
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const cookieKeys = [randomBytes(32).toString("hex")];
let handler = (req, res) => res.writeHead(503).end();

async function key(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig", kid: randomUUID() };
}

async function makeProvider(issuer, alg) {
  const other = alg === "RS256" ? "ES256" : "RS256";
  return new Provider(issuer, {
    clients: [{ ...config.client, id_token_signed_response_alg: alg }],
    jwks: { keys: [await key(alg), await key(other)] },
    cookies: { keys: cookieKeys },
    pkce: { required: () => true, methods: ["S256"] },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    findAccount: (ctx, id) =>
      config.accounts[id] && {
        accountId: id,
        claims: () => ({ sub: `subject-${id}`, ...config.accounts[id] }),
      },
  });
}

const server = createServer((req, res) => handler(req, res));
server.listen(0, "127.0.0.1", async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handler = (await makeProvider(issuer, config.alg)).callback();
  console.log(JSON.stringify({ issuer }));
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, alg] = line.split(" ");
    if (word !== "rotate") continue;
    handler = (await makeProvider(issuer, alg)).callback();
    console.log("rotated");
  }
  process.exit(0);
});
