// A certified identity provider for the tests: node provider.mjs <port> <client secret> <redirect URI>
//
// Whoever signs in with any password is who he says he is. An address that begins with "unsure-" is told as one that
// has not been verified, and "nameless" has none.
import Provider from "oidc-provider";

const [port, clientSecret, redirectUri] = process.argv.slice(2);

const claimsOf = (login) => ({
  sub: `subject of ${login}`,
  email: login === "nameless" ? undefined : login.replace("unsure-", ""),
  email_verified: !login.startsWith("unsure-"),
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "syntopen", client_secret: clientSecret, redirect_uris: [redirectUri] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  cookies: { keys: ["for tests alone"] },
  pkce: { required: () => true },
  findAccount: (_, login) => ({ accountId: login, claims: async () => claimsOf(login) }),
});
provider.listen(Number(port), "127.0.0.1");
