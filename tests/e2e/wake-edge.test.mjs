import { wakeTests } from "./wake.mjs";

wakeTests("edge");
