// Asks the user for the key of the server. The server answers with a cookie, and the page keeps no key.

import { BY_SCRIPT } from "../messages.ts";
import { find } from "./elements.ts";

/** Shows the question. `done` is called when the server has accepted the key. */
export function createLogin(done: () => void): () => void {
  const dialog = find(document, "#login", HTMLDialogElement);
  const form = find(document, "#login-form", HTMLFormElement);
  const input = find(document, "#login-key", HTMLInputElement);
  const trouble = find(document, "#login-trouble", HTMLElement);

  async function send(): Promise<void> {
    trouble.textContent = "";
    const answer = await fetch("login", {
      method: "POST",
      headers: { ...BY_SCRIPT, "content-type": "application/json" },
      body: JSON.stringify({ key: input.value }),
    }).catch(() => null);
    input.value = "";
    if (answer?.ok) {
      dialog.close();
      done();
      return;
    }
    const text = answer === null ? "The server cannot be reached." : await answer.text();
    trouble.textContent = text.split("\n")[0]?.slice(0, 200) || "The key is wrong.";
    input.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  // There is nothing to see behind the question.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  return () => {
    if (dialog.open) return;
    dialog.showModal();
    input.focus();
  };
}
