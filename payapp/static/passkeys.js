// Passkeys: the server says what to ask, the device answers, and the answer goes back in an ordinary form. Forms that
// need this script are hidden in the page and shown here; without it pages offer codes.
(() => {
  const d = document;
  if (!window.PublicKeyCredential) return;

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const toText = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

  const ask = async (form) => {
    const token = d.querySelector("meta[name=csrf-token]").content;
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    const answer = await fetch(form.dataset.options, { method: "POST", headers });
    const body = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(body.detail), { code: body.code });
    return { ...body, challenge: toBytes(body.challenge) };
  };
  const create = (options) => navigator.credentials.create({ publicKey: {
    ...options,
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: named(options.excludeCredentials),
  } });
  const get = (options) => navigator.credentials.get({ publicKey: {
    ...options, allowCredentials: named(options.allowCredentials),
  } });

  // What the device has said, with its bytes as texts.
  const written = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = toText(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response });
  };

  const reasons = {
    InvalidStateError: "This device has a passkey for your account already.",
    NotAllowedError: "The passkey was not used. Try again when you are ready.",
    SecurityError: "Passkeys do not work at this address of the site.",
  };
  const tell = (form, text) => {
    const error = form.querySelector("[data-passkey-error]");
    error.textContent = text;
    error.hidden = false;
  };

  d.querySelectorAll("form[data-passkey]").forEach((form) => { form.hidden = false; });
  d.querySelectorAll("[data-no-passkeys]").forEach((each) => { each.hidden = true; });
  d.addEventListener("submit", async (e) => {
    const form = e.target;
    if (!form.matches("[data-passkey]")) return;
    e.preventDefault();
    if (form.dataset.busy) return;
    // A name that is missing is the server's to tell, before a device makes a key that nobody keeps.
    if (form.elements.name?.value.trim() === "") return form.submit();
    const button = form.querySelector("button");
    form.dataset.busy = "1";
    button.setAttribute("aria-disabled", "true");
    try {
      const options = await ask(form);
      const credential = await (form.dataset.passkey === "create" ? create(options) : get(options));
      form.elements.answer.value = written(credential);
      form.submit();
    } catch (error) {
      // An old login: the form sent as it is leads to the page that asks for the password.
      if (error.code === "recent_login_required" || error.code === "login_required") return form.submit();
      tell(form, reasons[error.name] || error.message || "That did not work. Reload the page and try again.");
      delete form.dataset.busy;
      button.removeAttribute("aria-disabled");
    }
  });
})();
