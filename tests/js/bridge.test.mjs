// The bridge's vocabulary as others get it: the schema is right about the pinned messages, and about what is no message.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";

const schema = JSON.parse(readFileSync("docs/bridge.schema.json", "utf8"));
const pinned = JSON.parse(readFileSync("tests/bridge/messages.json", "utf8"));
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: false });
ajv.addSchema(schema);
const one = ({ type, kind }) => ajv.getSchema(`${schema.$id}#/$defs/${type}.${kind}`);
const any = ajv.getSchema(schema.$id);

test("every pinned message is valid by its own schema, and by the whole", () => {
  for (const entry of pinned) {
    const validate = one(entry);
    assert.ok(validate, `${entry.type} ${entry.kind} has a schema`);
    assert.ok(validate(entry.message), `${entry.type} ${entry.kind}: ${JSON.stringify(validate.errors)}`);
    assert.ok(any(entry.message), `${entry.type} ${entry.kind}`);
  }
});

test("every message of the schema is pinned", () => {
  const names = schema.anyOf.map(({ $ref }) => $ref.replace("#/$defs/", ""));
  assert.deepEqual(names.sort(), pinned.map(({ type, kind }) => `${type}.${kind}`).sort());
});

test("a message is of one type", () => {
  for (const entry of pinned) {
    const matching = pinned.filter((other) => one(other)(entry.message)).map(({ type, kind }) => `${type}.${kind}`);
    assert.deepEqual(matching, [`${entry.type}.${entry.kind}`]);
  }
});

test("a required field that is missing, or any field of a wrong type, is invalid", () => {
  let tried = 0;
  for (const entry of pinned) {
    const valid = one(entry);
    const path = entry.kind === "reply" ? (message) => message.p.value : (message) => message.p;
    for (const field of Object.keys(path(entry.message))) {
      const missing = structuredClone(entry.message);
      delete path(missing)[field];
      assert.equal(valid(missing), !entry.required.includes(field), `${entry.type} ${entry.kind} without ${field}`);
      if (field === "raw" || field === "fields") continue;
      const wrong = structuredClone(entry.message);
      path(wrong)[field] = typeof path(wrong)[field] === "object" ? "text" : { object: true };
      assert.ok(!valid(wrong), `${entry.type} ${entry.kind} with a wrong ${field}`);
      tried += 1;
    }
  }
  assert.ok(tried > 150);
});

test("a refusal is valid as the reply to every request", () => {
  for (const entry of pinned.filter(({ kind }) => kind === "reply")) {
    const refused = { ...entry.message, p: { ok: false, error: { code: "unknownType", message: "", retryable: false } } };
    assert.ok(one(entry)(refused), entry.type);
    assert.ok(!one(entry)({ ...refused, p: { ok: true, error: refused.p.error } }), entry.type);
  }
});
