import { openShop } from "./support/shop.ts";
import { buy } from "./support/buy.ts";
const shop = await openShop({});
const tot = () => {
  const u = Deno.readTextFileSync(`/proc/self/stat`).split(") ")[1].split(" ");
  return (Number(u[11]) + Number(u[12])) * 10;
};
for (let k = 0; k < 5; k++) {
  let b = tot();
  let t = performance.now();
  for (let i = 0; i < 20; i++) await buy(shop);
  console.log("20 buys own", tot() - b, performance.now() - t);
}
await shop.stack.stop();
