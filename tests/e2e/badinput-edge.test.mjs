import { badInputTests } from "./badinput.mjs";

badInputTests("edge");
