import { interopTests } from "./interop.mjs";

interopTests("kamailio");
