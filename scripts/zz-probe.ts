import { startPostgres } from "./stack/postgres.ts";
import postgres from "postgres";
const dir = await Deno.makeTempDir();
let t = performance.now();
const server = await startPostgres({directory: dir, port: 55001, temporary: true, log: console.log});
console.log("start", performance.now()-t); t = performance.now();
const sql = postgres(server.url("supabase_admin"), {onnotice(){}});
console.log(await sql`select version()`, performance.now()-t);
t = performance.now(); await server.restart({crash:true}); console.log("restart", performance.now()-t);
try { console.log(await sql`select 1`); } catch(e) { console.log("err", e); }
await sql.end(); t = performance.now();
await server.stop(); console.log("stop", performance.now()-t);
