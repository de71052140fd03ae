import assert from "node:assert/strict";
import { toKoreanTime } from "../../simulator/korean-time.ts";
import { confirm, issueAccount, read, refusal } from "./toss-client.ts";
import { MINUTE, ORDER, withSimulator } from "./with-simulator.ts";

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time as request fields carry it: Korean, without offset. */
function local(time: number): string {
  return toKoreanTime(time).slice(0, 19);
}

Deno.test("simulator §12.7 issues a virtual account that waits for its deposit", async () => {
  await withSimulator(async (simulator) => {
    const { status, json } = await issueAccount(simulator, {
      taxFreeAmount: 4000,
      customerEmail: "buyer@shop.example",
      customerMobilePhone: "01012345678",
      useEscrow: true,
      cashReceipt: { type: "소득공제", registrationNumber: "01012345678" },
      escrowProducts: [
        { id: "1", name: "Book", code: "b", unitPrice: 15_000, quantity: 1 },
      ],
    });

    assert.equal(status, 200);
    assert.equal(json.status, "WAITING_FOR_DEPOSIT");
    assert.equal(json.method, "가상계좌");
    assert.match(json.secret ?? "", /^ps_[a-z0-9]{20}$/);
    assert.match(json.lastTransactionKey, /^txrd_/);
    assert.deepEqual([json.approvedAt, json.receipt, json.card], [
      null,
      null,
      null,
    ]);
    assert.equal(json.useEscrow, true);
    assert.equal(json.balanceAmount, json.totalAmount);
    assert.equal(json.taxFreeAmount, 4000);
    // round((15,000 − 4,000) / 11)
    assert.deepEqual([json.vat, json.suppliedAmount], [1000, 10_000]);
    const { accountNumber, dueDate, ...account } = json.virtualAccount;
    assert.match(accountNumber, /^X\d{1,19}$/);
    assert.match(dueDate ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00$/);
    assert.deepEqual(account, {
      accountType: "일반",
      bankCode: "20",
      customerName: "김토스",
      depositorName: "",
      refundStatus: "NONE",
      expired: false,
      settlementStatus: "INCOMPLETED",
      refundReceiveAccount: null,
    });
    assert.deepEqual(await read(simulator, json.paymentKey), json);
  });
});

Deno.test("simulator §2.1 sets the deadline by hours, by date, or at 168 hours", async () => {
  await withSimulator(async (simulator) => {
    const dueIn = async (wish: Record<string, unknown>) => {
      const orderId = crypto.randomUUID();
      const { json } = await issueAccount(simulator, { orderId, ...wish });
      return Date.parse(json.virtualAccount.dueDate ?? "") - simulator.now();
    };
    const inTwoDays = local(simulator.now() + 2 * DAY);
    const cases: [Record<string, unknown>, number][] = [
      [{}, 168 * HOUR],
      [{ validHours: 1 }, HOUR],
      [{ validHours: 2160 }, 90 * DAY],
      [{ dueDate: inTwoDays }, 2 * DAY],
    ];
    for (const [wish, expected] of cases) {
      // Toss's times have no fractions of a second.
      const difference = Math.abs(await dueIn(wish) - expected);
      assert.ok(difference < 5000, `${JSON.stringify(wish)}: ${difference}`);
    }
  });
});

Deno.test("simulator §10 takes a bank by its code and by its Korean name", async () => {
  await withSimulator(async (simulator) => {
    const cases = { "88": "88", "신한": "88", "농협": "11", "iM": "31" };
    for (const [bank, bankCode] of Object.entries(cases)) {
      const orderId = crypto.randomUUID();
      const { json } = await issueAccount(simulator, { orderId, bank });
      assert.equal(json.virtualAccount.bankCode, bankCode);
    }
  });
});

Deno.test("simulator §5.6 refuses a virtual account with Toss's codes", async () => {
  await withSimulator(async (simulator) => {
    const now = simulator.now();
    const dueDate = local(now + DAY);
    const cases: [Record<string, unknown>, string][] = [
      [{ bank: "99" }, "INVALID_BANK"],
      [{ bank: "우리은행이 아님" }, "INVALID_BANK"],
      // A securities firm keeps no virtual accounts.
      [{ bank: "S2" }, "INVALID_BANK"],
      [{ bank: undefined }, "INVALID_REQUEST"],
      [{ dueDate: local(now + 91 * DAY) }, "EXCEED_MAX_DUE_DATE"],
      [{ dueDate: local(now - MINUTE) }, "INVALID_DATE"],
      [{ dueDate: `${dueDate}+09:00` }, "INVALID_DATE"],
      [{ dueDate: "2027-02-30T00:00:00" }, "INVALID_DATE"],
      [
        { dueDate, validHours: 24 },
        "INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE",
      ],
      [{ validHours: 2161 }, "EXCEED_MAX_VALID_HOURS"],
      [{ validHours: 0 }, "INVALID_REQUEST"],
      [{ validHours: 1.5 }, "INVALID_REQUEST"],
      [{ amount: 199 }, "BELOW_MINIMUM_AMOUNT"],
      [{ amount: 0 }, "BELOW_ZERO_AMOUNT"],
      [{ amount: "15000" }, "INVALID_REQUEST"],
      [{ taxFreeAmount: 15_001 }, "INVALID_REQUEST"],
      [{ orderId: "short" }, "INVALID_REQUEST"],
      [{ orderName: "n".repeat(101) }, "INVALID_REQUEST"],
      [{ customerName: undefined }, "INVALID_REQUEST"],
      [{ customerName: "n".repeat(101) }, "INVALID_REQUEST"],
      [{ customerEmail: "nobody" }, "INVALID_REQUEST"],
      [{ customerMobilePhone: "010-1234-5678" }, "INVALID_REQUEST"],
      [{ cashReceipt: { type: "영수증" } }, "INVALID_REQUEST"],
      [
        {
          cashReceipt: { type: "지출증빙", registrationNumber: "9".repeat(31) },
        },
        "INVALID_REGISTRATION_NUMBER_TYPE",
      ],
    ];
    for (const [change, code] of cases) {
      const result = await issueAccount(simulator, change);
      assert.equal(refusal(result), `400 ${code}`, JSON.stringify(change));
    }
    assert.deepEqual(simulator.books(), []);
    assert.equal((await issueAccount(simulator, { amount: 200 })).status, 200);
  });
});

Deno.test("simulator §2.0 issues one account per order", async () => {
  await withSimulator(async (simulator) => {
    const duplicated = "400 DUPLICATED_ORDER_ID";
    const { json } = await issueAccount(simulator);
    assert.equal(refusal(await issueAccount(simulator)), duplicated);
    simulator.deposit(json.paymentKey);
    assert.equal(refusal(await issueAccount(simulator)), duplicated);
    const orderId = "order-0002";
    const card = simulator.createPayment({ ...ORDER, orderId });
    simulator.decline(card.paymentKey, "REJECT_CARD_PAYMENT");
    await confirm(simulator, card);
    assert.equal((await issueAccount(simulator, { orderId })).status, 200);
  });
});

Deno.test("simulator §3.1 keeps the number of a fixed account", async () => {
  await withSimulator(async (simulator) => {
    const accounts = [];
    for (const accountKey of ["buyer-1", "buyer-1", "buyer-2"]) {
      const orderId = crypto.randomUUID();
      const { json } = await issueAccount(simulator, { orderId, accountKey });
      accounts.push(json.virtualAccount);
    }
    const [first, second, other] = accounts;
    assert.equal(first?.accountType, "고정");
    assert.equal(second?.accountNumber, first?.accountNumber);
    assert.notEqual(other?.accountNumber, first?.accountNumber);
  });
});

Deno.test("simulator §5 confirms a virtual account of the window with 200 and waits", async () => {
  await withSimulator(async (simulator) => {
    const payment = simulator.createPayment({
      ...ORDER,
      method: "가상계좌",
      virtualAccount: { bank: "국민", customerName: "이토스", validHours: 24 },
    });
    const early = await read(simulator, payment.paymentKey);
    assert.deepEqual([early.virtualAccount, early.secret], [null, null]);

    const { status, json } = await confirm(simulator, payment);

    assert.equal(status, 200);
    assert.equal(json.status, "WAITING_FOR_DEPOSIT");
    assert.equal(json.approvedAt, null);
    assert.match(json.secret ?? "", /^ps_/);
    assert.equal(json.virtualAccount.bankCode, "06");
    assert.equal(json.virtualAccount.customerName, "이토스");
    const again = await confirm(simulator, payment);
    assert.equal(refusal(again), "400 ALREADY_PROCESSED_PAYMENT");
    // The 10 minutes to confirm are over; the deposit has longer.
    await simulator.advance(HOUR);
    const later = await read(simulator, payment.paymentKey);
    assert.equal(later.status, "WAITING_FOR_DEPOSIT");
    const small = { ...ORDER, amount: 199, method: "가상계좌" } as const;
    const refused = await confirm(simulator, simulator.createPayment(small));
    assert.equal(refusal(refused), "400 BELOW_MINIMUM_AMOUNT");
  });
});

Deno.test("simulator §3.3 books a deposit, its reversal and the next deposit", async () => {
  await withSimulator(async (simulator) => {
    const { json: issued } = await issueAccount(simulator);
    const { paymentKey } = issued;
    assert.equal(simulator.books()[0]?.takenAmount, 0);

    simulator.deposit(paymentKey, { depositorName: "박토스" });
    const paid = await read(simulator, paymentKey);
    assert.equal(paid.status, "DONE");
    assert.match(paid.approvedAt, /\+09:00$/);
    assert.equal(paid.virtualAccount.depositorName, "박토스");
    assert.equal(simulator.books()[0]?.takenAmount, 15_000);

    simulator.reverseDeposit(paymentKey);
    const reversed = await read(simulator, paymentKey);
    assert.equal(reversed.status, "WAITING_FOR_DEPOSIT");
    assert.equal(reversed.approvedAt, null);
    assert.equal(reversed.virtualAccount.depositorName, "");
    assert.equal(reversed.virtualAccount.expired, false);
    assert.equal(simulator.books()[0]?.takenAmount, 0);

    simulator.deposit(paymentKey);
    const again = await read(simulator, paymentKey);
    assert.equal(again.status, "DONE");
    assert.equal(again.virtualAccount.depositorName, "김토스");
    assert.equal(simulator.books()[0]?.approvals, 1);
    const states = [issued, paid, reversed, again];
    assert.deepEqual(new Set(states.map(({ secret }) => secret)).size, 1);
    const keys = states.map(({ lastTransactionKey }) => lastTransactionKey);
    assert.equal(new Set(keys).size, 4);
  });
});

Deno.test("simulator §3.3 marks an account as expired at its deadline and takes a late deposit", async () => {
  await withSimulator(async (simulator) => {
    const { json } = await issueAccount(simulator, { validHours: 1 });
    await simulator.advance(HOUR - 5000);
    const before = await read(simulator, json.paymentKey);
    assert.equal(before.virtualAccount.expired, false);
    await simulator.advance(5000);
    const late = await read(simulator, json.paymentKey);
    assert.equal(late.status, "WAITING_FOR_DEPOSIT");
    assert.equal(late.virtualAccount.expired, true);
    simulator.deposit(json.paymentKey);
    assert.equal((await read(simulator, json.paymentKey)).status, "DONE");
  });
});

Deno.test("simulator §3.3 looks at the deadline again when a deposit is reversed", async () => {
  await withSimulator(async (simulator) => {
    const { json } = await issueAccount(simulator, { validHours: 1 });
    simulator.deposit(json.paymentKey);
    await simulator.advance(HOUR);
    const paid = await read(simulator, json.paymentKey);
    assert.equal(paid.virtualAccount.expired, false);
    simulator.reverseDeposit(json.paymentKey);
    const reversed = await read(simulator, json.paymentKey);
    assert.equal(reversed.virtualAccount.expired, true);
  });
});

Deno.test("simulator books every virtual account with its state", async () => {
  await withSimulator(async (simulator) => {
    const { json } = await issueAccount(simulator);
    const [book] = simulator.books();
    assert.equal(book?.method, "가상계좌");
    assert.equal(book?.status, "WAITING_FOR_DEPOSIT");
    assert.deepEqual(book?.virtualAccount, json.virtualAccount);
    simulator.createPayment(ORDER);
    assert.equal(simulator.books()[1]?.virtualAccount, null);
  });
});

const SHOWN = { flag: true, never: false, absent: undefined, text: "Y" };

for (const [accountExpiry, expired] of Object.entries(SHOWN)) {
  Deno.test(`simulator §14 shows a passed deadline as told: ${accountExpiry}`, async () => {
    await withSimulator(async (simulator) => {
      simulator.changeSettings(
        JSON.parse(JSON.stringify({ accountExpiry, showDueDate: false })),
      );
      const { json } = await issueAccount(simulator, { validHours: 1 });
      assert.equal(json.virtualAccount.dueDate, undefined);
      await simulator.advance(HOUR);
      const late = await read(simulator, json.paymentKey);
      assert.equal(late.status, "WAITING_FOR_DEPOSIT");
      assert.equal(late.virtualAccount.expired, expired);
    });
  });
}
