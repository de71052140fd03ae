import { upgradeTests } from "../upgrade/upgrade-tests.ts";
import { makeCliProject } from "./cli-project.ts";
import { startCluster } from "./cluster.ts";
import { preparePlatform } from "./project.ts";

upgradeTests("Postgres 15, by the Supabase CLI", async () => {
  const cluster = await startCluster([]);
  await preparePlatform(cluster, "none");
  const ownerUrl = cluster.url("postgres");
  const project = await makeCliProject(ownerUrl);
  return {
    sql: cluster.sql,
    ownerUrl,
    async applyMigrations(upTo) {
      await project.push(upTo);
    },
    async stop() {
      await project.remove();
      await cluster.stop();
    },
  };
});
