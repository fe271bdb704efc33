// What the libraries do where SIP is difficult: one table for all three. node benches/behaviour.mjs [row ...] prints it.
import { pathToFileURL } from "node:url";
import { LIBRARIES, judgeAll, rows } from "./behaviour/run.mjs";
import { table } from "./stats.mjs";

const word = ({ verdict, why }) => (why ? `${verdict}: ${why}` : verdict);

/** The verdicts in the order of the rows. */
export async function measureBehaviour(options) {
  const verdicts = await judgeAll(options);
  return rows.filter(({ id }) => verdicts[id]).map(({ id, area, rfc, title }) => ({ id, area, rfc, title, verdicts: verdicts[id] }));
}

/** The table for people. */
export function behaviourTable(judged) {
  return table(["", "RFC", ...LIBRARIES], judged.map(({ title, rfc, verdicts }) => [title, rfc, ...LIBRARIES.map((library) => (verdicts[library] ? word(verdicts[library]) : undefined))]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const only = process.argv.slice(2);
  const started = Date.now();
  const judged = await measureBehaviour({
    ...(only.length ? { only } : {}),
    tell: ({ id }, library, verdict) => {
      console.error(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s ${id} ${library}: ${word(verdict)}`);
      if (verdict.trace && process.env.VERBOSE) console.error(verdict.trace.join("\n"));
    },
  });
  console.log(behaviourTable(judged));
}
