// The panel with the controls of a camera, for example brightness.

import type { Control, Controls, SetControl } from "../../protocol/controls.ts";

/** Fills the panel with the controls. `set` is called when the user changes one. */
export function fillPanel(
  panel: HTMLFormElement,
  { controls, trouble, areSettable }: Controls,
  set: (set: SetControl) => void,
): void {
  const remark =
    trouble !== ""
      ? trouble
      : controls.length === 0
        ? "This camera has no settings."
        : areSettable
          ? ""
          : "Viewers may not change the settings of this camera.";
  const rows = controls.map((control) => createRow(control, areSettable, set));
  panel.replaceChildren(...(remark === "" ? [] : [createText(remark)]), ...rows);
}

/** Adds or replaces a line about the last change. */
export function showOutcome(panel: HTMLFormElement, text: string): void {
  panel.querySelector("[role=alert]")?.remove();
  if (text === "") return;
  const line = createText(text);
  line.setAttribute("role", "alert");
  panel.prepend(line);
}

function createText(text: string): HTMLElement {
  const line = document.createElement("p");
  line.textContent = text;
  return line;
}

function createRow(control: Control, isEnabled: boolean, set: (set: SetControl) => void): HTMLElement {
  const { name, value } = control;
  const label = document.createElement("label");
  const title = document.createElement("span");
  title.textContent = name.replaceAll("_", " ");
  const output = document.createElement("span");
  output.ariaHidden = "true"; // the field says its value
  output.textContent = control.kind === "integer" ? String(value) : "";
  const field = createField(control);
  field.disabled = !isEnabled;
  field.addEventListener("input", () => {
    if (control.kind === "integer") output.textContent = field.value;
  });
  field.addEventListener("change", () => {
    const isSwitch = field instanceof HTMLInputElement && field.type === "checkbox";
    set({ name, value: isSwitch ? (field.checked ? "on" : "off") : field.value });
  });
  label.append(title, output, field);
  return label;
}

function createField({ kind, min, max, step, value, items }: Control): HTMLInputElement | HTMLSelectElement {
  if (kind === "menu") {
    const select = document.createElement("select");
    for (const item of items) {
      select.add(new Option(item.label, String(item.value), item.value === value, item.value === value));
    }
    return select;
  }
  const input = document.createElement("input");
  if (kind === "boolean") {
    input.type = "checkbox";
    input.checked = value !== 0;
    return input;
  }
  Object.assign(input, { type: "range", min: String(min), max: String(max), step: String(Math.max(1, step)) });
  input.value = String(value); // after the limits, which would change it
  return input;
}
