import { interopCallTests } from "./interop-calls.mjs";

interopCallTests("jssip");
