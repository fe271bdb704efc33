// The package in Node against the embedded server, which checks with arithmetic of its own: every digest algorithm and
// protection, hashed names, tokens, credentials by callback. What left is read off the server's own trace.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, test } from "node:test";
import WebSocket from "ws";
import init, { Endpoint } from "../../pkg/node.js";
import { startEdge } from "../e2e/support/edge.mjs";
import { until } from "../e2e/support/process.mjs";

before(() => init());

/** Runs `body` with a server of these options, an endpoint, and the SIP that the server sees. */
async function withEdge(args, body) {
  const edge = await startEdge(args);
  const endpoint = await Endpoint.start({ WebSocket });
  try {
    const seen = await edge.follow();
    const all = (method) => seen.filter(({ dir, text }) => dir === "in" && text.startsWith(`${method} `)).map(({ text }) => text);
    // The trace comes on a way of its own.
    const sent = async (method, count) => {
      await until(`${count} ${method}`, () => all(method).length >= count);
      assert.equal(all(method).length, count);
      return all(method);
    };
    const options = (more) => ({ username: "alice", domain: edge.domain, servers: [edge.wsUrl], ...more });
    await body({ endpoint, edge, sent, options });
  } finally {
    await endpoint.stop();
    await edge.stop();
  }
}

/** The account's registration, once it is settled. */
function settled(endpoint) {
  return new Promise((resolve) => {
    const off = endpoint.on("registration_changed", (event) => {
      if (event.state !== "registered" && event.state !== "failed") return;
      off();
      resolve(event);
    });
  });
}

const answer = (text) => /^(?:Proxy-)?Authorization: (.*)$/im.exec(text)?.[1].trimEnd();
const password = "alice-secret";

test("every algorithm and protection is taken by a server, for REGISTER and for a MESSAGE with a body", async () => {
  for (const algorithm of ["md5", "md5-sess", "sha-256", "sha-256-sess", "sha-512-256", "sha-512-256-sess"]) {
    for (const qop of ["auth", "auth-int"]) {
      await withEdge(["--digest", algorithm, "--qop", qop, "--auth-info"], async ({ endpoint, sent, options }) => {
        const problems = [];
        endpoint.on("problem", ({ error }) => problems.push(error.code));
        const registration = settled(endpoint);
        const account = await endpoint.createAccount(options({ password }));
        assert.equal((await registration).state, "registered", `${algorithm} ${qop}`);
        // The server announced another nonce: no challenge any more.
        await account.register();
        const registers = await sent("REGISTER", 3);
        const { status } = await endpoint.sendMessage(account, "alice", "to myself");
        assert.equal(status, 200);
        const messages = await sent("MESSAGE", 2);
        for (const text of [...registers.slice(1), messages[1]]) {
          assert.match(answer(text), new RegExp(`algorithm=${algorithm}, qop=${qop}, nc=0000000\\d`, "i"));
        }
        assert.deepEqual(problems, []);
      });
    }
  }
});

test("a list is answered from its top, without MD5 where that is forbidden", async () => {
  for (const [list, forbidMd5, expected] of [["md5,sha-256", false, "MD5"], ["md5,sha-512-256,sha-256", true, "SHA-512-256"]]) {
    await withEdge(["--digest", list], async ({ endpoint, sent, options }) => {
      const registration = settled(endpoint);
      await endpoint.createAccount(options({ password, forbidMd5 }));
      assert.equal((await registration).state, "registered");
      assert.match(answer((await sent("REGISTER", 2))[1]), new RegExp(`algorithm=${expected},`));
    });
  }
});

test("a hashed name and an HA1 need no password, and no name on the wire", async () => {
  await withEdge(["--digest", "sha-512-256", "--userhash"], async ({ endpoint, edge, sent, options }) => {
    const sha512256 = createHash("sha512-256").update(`alice:${edge.domain}:${password}`).digest("hex");
    const registration = settled(endpoint);
    await endpoint.createAccount(options({ ha1: { sha512256 } }));
    assert.equal((await registration).state, "registered");
    assert.match(answer((await sent("REGISTER", 2))[1]), /username="[0-9a-f]{64}", userhash=true/);
  });
});

test("a token takes the place of a password", async () => {
  await withEdge(["--token", "alice:abc.def"], async ({ endpoint, sent, options }) => {
    const registration = settled(endpoint);
    await endpoint.createAccount(options({ bearerToken: "abc.def" }));
    assert.equal((await registration).state, "registered");
    assert.equal(answer((await sent("REGISTER", 2))[1]), "Bearer abc.def");
  });
});

test("the application is asked, told what would do, and asked anew after a wrong answer", async () => {
  await withEdge(["--digest", "sha-256", "--token", "alice:abc.def"], async ({ endpoint, edge, sent, options }) => {
    const asked = [];
    const answers = [{ bearerToken: "worn.out" }, { password }];
    const credentials = async ({ account, ...challenge }) => {
      asked.push({ name: account.name, ...challenge });
      await new Promise((resolve) => setTimeout(resolve, 20));
      return answers.shift();
    };
    const registration = settled(endpoint);
    await endpoint.createAccount(options({ credentials }));
    assert.equal((await registration).state, "registered");
    const challenge = { name: `alice@${edge.domain}`, realm: edge.domain, kind: "bearer", algorithms: ["SHA-256"], scope: "sip" };
    assert.deepEqual(asked, [{ ...challenge, rejected: false }, { ...challenge, rejected: true }]);
    assert.deepEqual((await sent("REGISTER", 3)).map((text) => answer(text)?.split(" ")[0]), [undefined, "Bearer", "Digest"]);
  });
});

test("an application that throws or has nothing has no credentials", async (t) => {
  const reported = t.mock.method(console, "error", () => {});
  const fails = () => {
    throw new Error("no vault");
  };
  for (const credentials of [() => undefined, async () => null, fails, async () => fails()]) {
    await withEdge([], async ({ endpoint, options }) => {
      const registration = settled(endpoint);
      await endpoint.createAccount(options({ credentials }));
      const { state, error } = await registration;
      assert.deepEqual([state, error.code], ["failed", "noCredentials"]);
    });
  }
  assert.deepEqual(reported.mock.calls.map(({ arguments: [error] }) => error.message), ["no vault", "no vault"]);
});
