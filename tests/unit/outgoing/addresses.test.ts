import assert from "node:assert/strict";
import { classifyIp } from "../../../supabase/functions/_shared/outgoing/address/classify-ip.ts";
import {
  checkTarget,
  checkUrl,
} from "../../../supabase/functions/_shared/outgoing/address/check-target.ts";

const NEVER = [
  ..."0.0.0.0 0.1.2.3 100.64.0.1 100.100.100.200 100.127.255.255 169.254.0.1 169.254.169.254 169.254.170.2"
    .split(" "),
  ..."192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255"
    .split(" "),
  ..."240.0.0.1 255.255.255.255".split(" "),
  // Unspecified, documentation, link-local, site-local, multicast, AWS's credentials, 6to4, Teredo, ORCHID, reserved.
  ...":: 2001:db8::1 3fff::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 fd00:ec2::254 2002:7f00:1:: 2001::1"
    .split(" "),
  ..."2001:20::1 100::1 4000::1 5f00::1".split(" "),
  // IPv4 inside IPv6: mapped, mapped in hex, translated, NAT64, and NAT64 for a network of its own.
  ..."::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:0:169.254.169.254 64:ff9b::169.254.169.254 64:ff9b:1::1"
    .split(" "),
  // Compatible, deprecated.
  ..."::7f00:1 ::127.0.0.1 ::10.0.0.1".split(" "),
  "no address",
  "",
];
const LOCAL = [
  ..."127.0.0.1 127.255.255.254 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 ::1"
    .split(" "),
  ..."fc00::1 fdff::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.1.2.3 64:ff9b::10.0.0.1 ::ffff:0:127.0.0.1"
    .split(" "),
  "0:0:0:0:0:0:0:1",
];
const PUBLIC = [
  ..."1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1"
    .split(" "),
  ..."169.253.255.255 169.255.0.1 172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.255.255"
    .split(" "),
  ..."198.20.0.1 223.255.255.255 2606:4700:4700::1111 2a00:1450::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8"
    .split(" "),
];

Deno.test("classifyIp() knows what is public, what is local and where nobody can be", () => {
  for (
    const [addresses, reach] of [
      [NEVER, "never"],
      [LOCAL, "local"],
      [PUBLIC, "public"],
    ] as const
  ) {
    for (const address of addresses) {
      assert.equal(classifyIp(address), reach, address);
    }
  }
});

const PRIVATE_URLS = [
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.0.0.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://127.0.0.1./",
  "https://0/",
  "https://%31%32%37.0.0.1/",
  "https://①②⑦.⓪.⓪.①/",
  "https://127。0。0。1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://0xA9FEA9FE/",
  "https://2852039166/",
  "https://10.0.0.1:8443/",
  "https://192.168.1.1/",
  "https://172.20.0.1/",
  "https://100.100.100.200/",
  "https://[::1]/",
  "https://[::]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b::a9fe:a9fe]/",
  "https://[fe80::1]/",
  "https://[fd00:ec2::254]/",
  "https://[fc00::1]/",
  "https://[::127.0.0.1]/",
  "https://localhost/",
  "https://LOCALHOST./",
  "https://a.localhost/",
  "https://printer.local/",
  "https://metadata.google.internal/",
  "https://kong/",
  "https://db.lan/",
];

Deno.test("checkUrl() sees through every spelling of a private address", () => {
  for (const url of PRIVATE_URLS) {
    const checked = checkUrl(url, false);
    assert.equal(checked.ok, false, url);
  }
});

Deno.test("checkUrl() refuses what is no plain https address", () => {
  for (
    const url of [
      "http://receiver.example/",
      "ftp://receiver.example/",
      "file:///etc/passwd",
      "gopher://receiver.example/",
      "javascript:alert(1)",
      "https://user@receiver.example/",
      "https://user:password@receiver.example/",
      "https://receiver.example/#part",
      "https://",
      "receiver.example",
      "//receiver.example",
      "",
      `https://receiver.example/${"a".repeat(2048)}`,
    ]
  ) {
    assert.equal(checkUrl(url, false).ok, false, url);
  }
  assert.ok(checkUrl("https://receiver.example/events?a=b", false).ok);
  assert.ok(checkUrl("https://1.1.1.1:8443/", false).ok);
});

Deno.test("checkUrl() with private addresses allowed takes this machine and never the link-local ones", () => {
  for (
    const url of [
      "http://127.0.0.1:3000/",
      "http://localhost:3000/",
      "https://10.0.0.1/",
      "http://[::1]:3000/",
      "http://kong/",
    ]
  ) assert.ok(checkUrl(url, true).ok, url);
  for (
    const url of [
      "http://169.254.169.254/",
      "https://[fe80::1]/",
      "http://0.0.0.0/",
      "https://[::ffff:169.254.169.254]/",
    ]
  ) assert.equal(checkUrl(url, true).ok, false, url);
});

const resolving = (...addresses: string[]) => () => Promise.resolve(addresses);

Deno.test("checkTarget() refuses a name that leads to one private address among others", async () => {
  for (
    const addresses of [
      ["127.0.0.1"],
      ["93.184.216.34", "10.0.0.1"],
      ["93.184.216.34", "::1"],
      ["::ffff:192.168.0.1"],
      ["64:ff9b::7f00:1"],
      ["169.254.169.254"],
      ["fd00:ec2::254"],
      [],
    ]
  ) {
    const target = await checkTarget("https://receiver.example/", {
      allowPrivate: false,
      resolve: resolving(...addresses),
    });
    assert.equal(target.ok, false, addresses.join());
  }
  assert.deepEqual(
    await checkTarget("https://receiver.example/", {
      allowPrivate: false,
      resolve: resolving("2606:4700::1", "93.184.216.34"),
    }),
    {
      ok: true,
      url: new URL("https://receiver.example/"),
      addresses: ["93.184.216.34", "2606:4700::1"],
    },
  );
});

Deno.test("checkTarget() lets nothing public be sent in plain text, whatever is allowed", async () => {
  const policy = { allowPrivate: true, resolve: resolving("93.184.216.34") };
  assert.equal(
    (await checkTarget("http://receiver.example/", policy)).ok,
    false,
  );
  assert.ok((await checkTarget("https://receiver.example/", policy)).ok);
});
