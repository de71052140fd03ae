import { toss } from "./commands.ts";
import { enter } from "./door/enter.ts";

// Every task of deno.json comes through here; a task of its own adds its name.
await enter(toss, Deno.args);
