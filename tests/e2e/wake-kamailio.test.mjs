import { wakeTests } from "./wake.mjs";

wakeTests("kamailio");
