/**
 * Passkeys: a form with `data-passkey="get|create"` asks the browser for a credential, and is sent with it.
 *
 * The options come from a data block of the page (`data-passkey-data`, its id) or from the server
 * (`data-passkey-options`, an address). Without this script the form stays hidden, and `data-no-passkey` says so.
 */

/** @param {string} text base64url @returns {ArrayBuffer} */
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0)).buffer;

/** @param {ArrayBuffer | null} buffer @returns {string | null} base64url */
const text = (buffer) =>
  buffer &&
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** @param {any} list */
const described = (list) => (list ?? []).map((/** @type {any} */ one) => ({ ...one, id: bytes(one.id) }));

/** @param {any} options what the server wrote, in JSON */
function create(options) {
  const key = options.publicKey;
  return navigator.credentials.create({
    publicKey: {
      ...key,
      challenge: bytes(key.challenge),
      user: { ...key.user, id: bytes(key.user.id) },
      excludeCredentials: described(key.excludeCredentials),
    },
  });
}

/** @param {any} options what the server wrote, in JSON */
function get(options) {
  const key = options.publicKey;
  return navigator.credentials.get({
    publicKey: { ...key, challenge: bytes(key.challenge), allowCredentials: described(key.allowCredentials) },
  });
}

/** @param {any} credential as the browser gave it @returns {object} as the server reads it */
function written(credential) {
  const answer = credential.response;
  const response = { clientDataJSON: text(answer.clientDataJSON) };
  if (answer.attestationObject) {
    Object.assign(response, {
      attestationObject: text(answer.attestationObject),
      transports: answer.getTransports?.() ?? [],
    });
  } else {
    Object.assign(response, {
      authenticatorData: text(answer.authenticatorData),
      signature: text(answer.signature),
      userHandle: text(answer.userHandle),
    });
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

/** @param {HTMLFormElement} form @returns {Promise<any>} */
async function optionsFor(form) {
  const block = form.dataset.passkeyData && document.getElementById(form.dataset.passkeyData);
  if (block) return JSON.parse(block.textContent ?? "");
  const answer = await fetch(String(form.dataset.passkeyOptions), { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`no options: ${answer.status}`);
  return answer.json();
}

/** @param {HTMLFormElement} form */
async function prove(form) {
  const wrong = form.querySelector("[data-passkey-wrong]");
  wrong?.setAttribute("hidden", "");
  try {
    const options = await optionsFor(form);
    const credential = await (form.dataset.passkey === "create"
      ? create(options.creation_options)
      : get(options.request_options));
    const shared = form.dataset.passkeyShared && document.getElementById(form.dataset.passkeyShared);
    if (shared instanceof HTMLInputElement && shared.checked) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "shared", value: "on" }));
    }
    /** @type {HTMLInputElement} */ (form.elements.namedItem("credential")).value = JSON.stringify(written(credential));
    form.submit();
  } catch {
    // Called off, timed out, or unknown to this device: all of it is said in one sentence.
    wrong?.removeAttribute("hidden");
  }
}

if (window.PublicKeyCredential) {
  for (const note of document.querySelectorAll("[data-no-passkey]")) note.setAttribute("hidden", "");
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!(form instanceof HTMLFormElement)) continue;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      prove(form);
    });
  }
}
