// What is made of the one definition of the bridge's messages (src/bridge, printed by examples/vocabulary.rs): the tables in
// docs/bridge.md, the JSON Schema docs/bridge.schema.json, the types src/browser/types/bridge.d.ts. `make docs` writes them; with
// --check they are only compared.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const MARK = "<!-- From here on: written by `make docs`. -->";
const printed = execFileSync("cargo", ["run", "--quiet", "--example", "vocabulary"], { encoding: "utf8", maxBuffer: 1 << 24, stdio: ["ignore", "pipe", "inherit"] });
const { version, envelope, error, families } = JSON.parse(printed);
const messages = families.flatMap((family) => family.messages);

/** Every record and every list of names, once, in the order in which they are met. */
const records = new Map();
const lists = new Map();
const meet = (shape) => {
  if (shape.list) meet(shape.list);
  if (shape.names) lists.set(shape.names.name, shape.names);
  if (shape.record) take(shape.record);
};
function take(record) {
  if (records.has(record.name)) return;
  records.set(record.name, record);
  for (const field of record.fields) meet(field.shape);
}
take(error);
for (const { record } of messages) take(record);
const payloads = new Set(messages.map(({ record }) => record.name));
const isReply = (message) => message.answers !== undefined;

// ---------------------------------------------------------------- the schema

const simple = { text: { type: "string" }, secret: { type: "string" }, integer: { type: "integer", minimum: 0 }, boolean: { type: "boolean" }, any: {} };
const ref = (name) => ({ $ref: `#/$defs/${name}` });
const schemaOf = (shape) => simple[shape] ?? (shape.list ? { type: "array", items: schemaOf(shape.list) } : ref((shape.names ?? shape.record).name));
/** Absent and null are the same. */
const orNull = (schema) => (schema.$ref || Object.keys(schema).length === 0 ? { anyOf: [schema, { type: "null" }] } : { ...schema, type: [schema.type, "null"] });
const property = ({ doc, required, shape }) => ({ description: doc, ...(required ? schemaOf(shape) : orNull(schemaOf(shape))) });
const objectOf = ({ doc, fields }) => ({
  description: doc,
  type: "object",
  properties: Object.fromEntries(fields.map((field) => [field.name, property(field)])),
  required: fields.filter(({ required }) => required).map(({ name }) => name),
});

function schemaOfMessage(message) {
  const { type, kind, record } = message;
  const value = ref(record.name);
  const p = isReply(message)
    ? {
        oneOf: [
          { properties: { ok: { const: true }, value }, required: ["ok", "value"] },
          { properties: { ok: { const: false }, error: ref(error.name) }, required: ["ok", "error"] },
        ],
      }
    : value;
  const session = type === "hello" ? { type: "null" } : { type: "string" };
  return {
    description: record.doc,
    $ref: "#/$defs/Envelope",
    properties: { type: { const: type }, kind: { const: kind }, session, p, ...(isReply(message) ? { re: { type: "string" } } : {}) },
    required: [...(isReply(message) ? ["re"] : []), "p"],
  };
}

const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: `urn:sipwake:bridge:${version}`,
  title: `The sipwake bridge, version ${version}`,
  description:
    "What this version sends. Fields that are not named here, types and names that are not listed may be added within a version: who reads ignores the fields, reads a name as unknown, and answers an unknown request with the error unknownType.",
  anyOf: messages.map(({ type, kind }) => ref(`${type}.${kind}`)),
  $defs: {
    ...Object.fromEntries(messages.map((message) => [`${message.type}.${message.kind}`, schemaOfMessage(message)])),
    Envelope: { ...objectOf(envelope), properties: { ...objectOf(envelope).properties, v: { const: version }, kind: { enum: ["event", "request", "reply"] } }, required: [...objectOf(envelope).required, "session"] },
    ...Object.fromEntries([...records.values()].map((record) => [record.name, objectOf(record)])),
    ...Object.fromEntries([...lists.values()].map(({ name, doc, values }) => [name, { description: doc, enum: values.map((value) => value.name) }])),
  },
};

// ---------------------------------------------------------------- the types

const typeOf = (shape) =>
  ({ text: "string", secret: "string", integer: "number", boolean: "boolean", any: "unknown" })[shape] ?? (shape.list ? `${typeOf(shape.list)}[]` : (shape.names ?? shape.record).name);
const comment = (text, indent) => `${indent}/** ${text.replaceAll("*/", "*\\/")} */\n`;
const interfaceOf = ({ name, doc, fields }) =>
  `${comment(doc, "  ")}  interface ${name} {${fields.map((field) => `\n${comment(field.doc, "    ")}    ${field.name}${field.required ? "" : "?"}: ${typeOf(field.shape)}${field.required ? "" : " | null"};`).join("")}${fields.length ? "\n  " : ""}}`;
const listOf = ({ name, doc, values }) => `${comment(`${doc} ${values.map((value) => `\`${value.name}\`: ${value.doc}`).join(" ")}`, "  ")}  type ${name} = ${values.map((value) => JSON.stringify(value.name)).join(" | ")};`;
const memberOf = (message) => `    | ${{ event: "Event", request: "Request", reply: "Reply" }[message.kind]}<${JSON.stringify(message.type)}, ${message.record.name}>`;
const union = (doc, name, chosen) => `${comment(doc, "  ")}  type ${name} =\n${chosen.map(memberOf).join("\n")};`;
const from = (who) => messages.filter((message) => message.from === who || message.from === "both");

const types = `// What travels between page and host, for who writes a host or a port of it. Written by \`make docs\` from src/bridge.

/**
 * The messages of the bridge between page and host, as \`JSON.parse\` gives them: docs/bridge.md says what each is for. A port carries them as
 * text. Within a version fields, types and names may be added, so a reader ignores what it does not know.
 */
export declare namespace bridge {
  /** What is around every message. */
  interface Envelope {
${envelope.fields
  .filter(({ name }) => !["type", "kind", "session", "re", "deadlineMs", "p", "v"].includes(name))
  .map((field) => `${comment(field.doc, "    ")}    ${field.name}: ${typeOf(field.shape)};`)
  .join("\n")}
    /** Version of the bridge. */
    v: ${version};
    /** The session; null in \`hello\` only. */
    session: string | null;
  }

  /** Told, not answered. */
  interface Event<Type extends string, P> extends Envelope { type: Type; kind: "event"; p: P }
  /** Answered by one reply. */
  interface Request<Type extends string, P> extends Envelope { type: Type; kind: "request"; deadlineMs?: number | null; p: P }
  /** The answer to the request with the id \`re\`. */
  interface Reply<Type extends string, Value> extends Envelope { type: Type; kind: "reply"; re: string; p: { ok: true; value: Value } | { ok: false; error: ${error.name} } }

${[...records.values()].map(interfaceOf).join("\n\n")}

${[...lists.values()].map(listOf).join("\n\n")}

${union("What the page sends.", "FromPage", from("page"))}

${union("What the host sends.", "FromHost", from("host"))}
}

/** Any message of the bridge, told apart by \`type\` and \`kind\`. */
export type BridgeMessage = bridge.FromPage | bridge.FromHost;
`;

// ---------------------------------------------------------------- the tables

const cell = (text) => text.replaceAll("|", "\\|");
const link = (name) => `[${name}](#${name.toLowerCase()})`;
const shown = (shape) => ({ text: "text", secret: "secret", integer: "number", boolean: "truth", any: "any JSON" })[shape] ?? (shape.list ? `list of ${shown(shape.list)}` : link((shape.names ?? shape.record).name));
const fieldTable = (fields) => (fields.length ? ["| field | is | meaning |", "| --- | --- | --- |", ...fields.map(({ name, doc, required, shape }) => `| \`${name}\`${required ? "" : "?"} | ${shown(shape)} | ${cell(doc)} |`)] : ["Nothing is in it."]);
const way = { page: "page → host", host: "host → page", both: "both ways" };
const heading = (message) => `${message.type} (${message.kind})`;
const anchor = (message) => heading(message).toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-");
const inner = [...records.values()].filter(({ name }) => !payloads.has(name) || [...records.values()].some(({ fields }) => fields.some(({ shape }) => holds(shape, name))));
function holds(shape, name) {
  return shape.list ? holds(shape.list, name) : shape.record?.name === name;
}
const tables = [
  "",
  "## Every message",
  "",
  `${messages.length} messages; a question mark: the field may be missing, or null. Of a reply the fields are those of its \`value\`.`,
  ...families.flatMap((family) => [
    "",
    `### ${family.title}`,
    "",
    "| from | message | what it says |",
    "| --- | --- | --- |",
    ...family.messages.map((message) => `| ${way[message.from]} | [\`${message.type}\`](#${anchor(message)}) ${message.kind} | ${cell(message.record.doc)} |`),
    ...family.messages.flatMap((message) => ["", `#### ${heading(message)}`, "", `${message.record.doc}${isReply(message) && message.answers !== message.type ? ` Answers \`${message.answers}\`.` : ""}`, "", ...fieldTable(message.record.fields)]),
  ]),
  "",
  "## Objects inside messages",
  ...inner.flatMap((record) => ["", `### ${record.name}`, "", record.doc, "", ...fieldTable(record.fields)]),
  "",
  "## Names",
  "",
  "One that is not listed reads as unknown.",
  ...[...lists.values()].flatMap(({ name, doc, values }) => ["", `### ${name}`, "", doc, "", "| name | meaning |", "| --- | --- |", ...values.map((value) => `| \`${value.name}\` | ${cell(value.doc)} |`)]),
  "",
].join("\n");

const manual = readFileSync("docs/bridge.md", "utf8").split(MARK)[0].trimEnd();
const files = {
  "docs/bridge.md": `${manual}\n\n${MARK}\n${tables}`,
  "docs/bridge.schema.json": `${JSON.stringify(schema, null, 1)}\n`,
  "src/browser/types/bridge.d.ts": types,
};

for (const [file, text] of Object.entries(files)) {
  let there = "";
  try {
    there = readFileSync(file, "utf8");
  } catch {
    // Not written yet.
  }
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (there !== text) {
    console.error(`${file} is out of date: run make docs`);
    process.exitCode = 1;
  }
}
if (!process.argv.includes("--check")) console.log(`docs/bridge.md: ${messages.length} messages`);
