// Every page works without this file; it only adds comfort. No inline handlers: the CSP forbids them.
(() => {
  const d = document;
  const live = d.getElementById("live");
  const announce = (text) => { if (live) live.textContent = text; };

  // A plain form is sent once: the first submit wins, its button turns.
  d.addEventListener("submit", (e) => {
    const form = e.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.busy) { e.preventDefault(); return; }
    form.dataset.busy = "1";
    const button = e.submitter || form.querySelector("button");
    if (button) button.setAttribute("aria-disabled", "true");
  });
  // Back from the payment page: the browser restores the busy button, so set it free.
  addEventListener("pageshow", (e) => {
    if (!e.persisted) return;
    d.querySelectorAll("[data-busy]").forEach((form) => {
      delete form.dataset.busy;
      form.querySelectorAll("[aria-disabled]").forEach((b) => b.removeAttribute("aria-disabled"));
    });
    refresh();
  });

  // Buttons that need this script are hidden in the page and shown here.
  const showButtons = (root) => root.querySelectorAll("[data-print],[data-reveal]").forEach((b) => { b.hidden = false; });
  showButtons(d);
  d.addEventListener("click", (e) => {
    if (e.target.closest("[data-print]")) print();
    const reveal = e.target.closest("[data-reveal]");
    if (reveal) {
      const input = d.getElementById(reveal.dataset.reveal);
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      reveal.setAttribute("aria-pressed", shown);
    }
    d.querySelectorAll("details.menu[open]").forEach((m) => { if (!m.contains(e.target)) m.open = false; });
  });
  d.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    const menu = d.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // htmx: the token for unsafe requests, and no questions from a page that nobody looks at.
  const refresh = () => { if (window.htmx) htmx.trigger(d.body, "credits-changed"); };
  d.addEventListener("visibilitychange", () => { if (!d.hidden) refresh(); });
  addEventListener("focus", refresh);
  d.addEventListener("htmx:configRequest", (e) => {
    if (e.detail.verb !== "get") e.detail.headers["X-CSRFToken"] = d.querySelector("meta[name=csrf-token]").content;
  });
  d.addEventListener("htmx:beforeRequest", (e) => {
    if (d.hidden && e.detail.requestConfig.verb === "get") e.preventDefault();
  });

  // A balance that changed under the reader's eyes lights up, is spoken once, and what explains it is fetched.
  const balance = () => d.querySelector("[data-balance]");
  let seen = balance()?.dataset.balance;
  d.addEventListener("htmx:afterSettle", (e) => {
    const figure = balance();
    if (figure && figure.dataset.balance !== seen) {
      seen = figure.dataset.balance;
      figure.classList.add("flash");
      announce("Balance: " + figure.textContent.trim());
      if (e.detail.requestConfig.elt.id === "balance") {
        htmx.trigger(d.querySelector("#purchase-status[hx-trigger]") || d.getElementById("entries"), "balance-changed");
      }
    }
    const root = e.detail.elt;
    showButtons(root);
    const said = root.matches("[data-announce]") ? root : root.querySelector("[data-announce]");
    if (said) announce(said.dataset.announce || said.textContent);
  });

  // A request that failed says so above the page's content; the next one that works takes it away.
  const reasons = {
    0: "We cannot reach payapp just now. This page keeps trying.",
    400: "This page has been open for too long. Reload it and try again.",
    401: "You have been logged out. Reload the page to log in again.",
    403: "You may not do this.",
    413: "That is too much to send at once.",
    429: "That was too often in a short time. Wait a little and try again.",
  };
  const clear = () => d.querySelectorAll(".request-failed").forEach((n) => n.remove());
  const fail = (e) => {
    const status = e.detail.xhr ? e.detail.xhr.status : 0;
    const box = d.getElementById("request-failed").content.firstElementChild.cloneNode(true);
    const reason = d.createElement("p");
    if (!status) box.querySelector(".notice-title").textContent = "No connection";
    reason.textContent = reasons[status] || "Something went wrong on our side. Nothing is lost; try again in a moment.";
    if (d.querySelector(".request-failed")?.textContent.includes(reason.textContent)) return;
    clear();
    box.classList.add("request-failed");
    box.querySelector(".notice-body").append(reason);
    d.getElementById("notices").append(box);
  };
  // A form that answers with a file: sent once, the file is saved, the page stays and tells. Refused, it is sent as a
  // plain form, whose page says why; led elsewhere (an old page, whose list is the worker's by now), we go there; after
  // anything else nobody knows what was charged, so it is not sent again.
  const save = (blob, name) => {
    const link = d.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  d.addEventListener("submit", async (e) => {
    const form = e.target;
    if (!form.matches("[data-download]")) return;
    e.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    form.querySelector("button").setAttribute("aria-disabled", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      if ([402, 409, 422].includes(answer.status)) return form.submit();
      if (answer.redirected) return location.assign(answer.url);
      if (!answer.ok) return fail({ detail: { xhr: answer } });
      save(await answer.blob(), form.dataset.download);
      const done = form.nextElementSibling;
      done.hidden = false;
      form.parentElement.querySelector("[data-before]").remove();
      form.remove();
      done.focus();
      refresh();
    } catch {
      fail({ detail: {} });
    } finally {
      delete form.dataset.busy;
      form.querySelector("button").removeAttribute("aria-disabled");
    }
  });

  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => d.addEventListener(name, fail));
  d.addEventListener("htmx:afterRequest", (e) => { if (e.detail.successful) clear(); });
})();
