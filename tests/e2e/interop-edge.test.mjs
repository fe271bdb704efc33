import { interopTests } from "./interop.mjs";

interopTests("edge");
