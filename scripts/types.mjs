// The package's types as one text: the files of src/browser/types, one after the other, without what each says of itself.
import { readFileSync } from "node:fs";

const parts = ["endpoint", "account", "call", "message", "bridge"];

export const types = () => {
  const read = (name) => readFileSync(`src/browser/types/${name}.d.ts`, "utf8").replace(/^(\/\/.*\n)+\n/, "").trimEnd();
  return `// The types of sipwake.\n\n${parts.map(read).join("\n\n")}\n`;
};
