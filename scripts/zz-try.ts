import { startChaosStack } from "../tests/chaos/chaos-stack.ts";
import { describeRun, runSeed } from "../tests/chaos/run.ts";
const chaos = await startChaosStack(Deno.env.get("LOG")?{log:(l)=>console.error(l)}:{});
const [a,n]=Deno.args.map(Number);
let bad=0; const t=performance.now();
for(let s=a!;s<a!+n!;s++){ const r=await runSeed(chaos,s); console.log(s,Math.round(r.milliseconds),r.faults.join("; "),"|",r.answers.join(", ")); if(r.violations.length){bad++;console.log(describeRun(r)); if(bad>2)break;} }
console.log("avg",(performance.now()-t)/n!, "bad", bad);
await chaos.stop();
