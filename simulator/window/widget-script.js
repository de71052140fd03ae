// Runs in a frame of the widget: tells the shop's page, where the SDK's script
// listens, how high the frame is and what the buyer has chosen.
(() => {
  const SOURCE = "toss-simulator-widget";
  const INSTALMENTS_FROM = 50_000;
  const methods = document.getElementById("methods");
  const agreement = document.getElementById("agreement");

  const tell = (message) =>
    parent.postMessage({ source: SOURCE, ...message }, "*");

  function tellHeight() {
    tell({
      type: "height",
      height: document.querySelector("main").scrollHeight,
    });
  }

  function chosen() {
    const values = new FormData(methods);
    const code = values.get("method");
    return code !== "CARD" ? { code } : {
      code,
      cardCompany: values.get("cardCompany"),
      cardInstallmentPlan: Number(values.get("cardInstallmentPlan")),
    };
  }

  function showSection() {
    const { code } = chosen();
    for (const section of document.querySelectorAll("section")) {
      section.hidden = section.id !== code;
    }
  }

  function takeAmount(amount) {
    const plan = methods.elements.cardInstallmentPlan;
    for (const option of plan.options) {
      option.disabled = option.value !== "0" && amount < INSTALMENTS_FROM;
    }
    if (plan.selectedOptions[0]?.disabled) plan.value = "0";
    tell({ type: "method", method: chosen() });
  }

  function tellState() {
    if (methods !== null) tell({ type: "method", method: chosen() });
    else tell({ type: "agreement", agreed: agreement.elements.agreed.checked });
  }

  (methods ?? agreement).addEventListener("change", () => {
    if (methods !== null) showSection();
    tellState();
    tellHeight();
  });
  addEventListener("resize", tellHeight);
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || data?.source !== SOURCE) return;
    if (data.type === "amount" && methods !== null) takeAmount(data.amount);
    if (data.type === "card") {
      methods.elements.cardCompany[0].closest("fieldset")
        .scrollIntoView({ block: "center" });
    }
  });
  // A browser that comes back to the page keeps what was chosen.
  if (methods !== null) showSection();
  tellState();
  tellHeight();
  tell({ type: "ready" });
})();
