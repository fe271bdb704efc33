import { fieldTests } from "./field.mjs";

fieldTests("kamailio");
