import { fieldTests } from "./field.mjs";

fieldTests("edge");
