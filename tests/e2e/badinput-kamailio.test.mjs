import { badInputTests } from "./badinput.mjs";

badInputTests("kamailio");
