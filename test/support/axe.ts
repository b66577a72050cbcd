// Checks a page with axe-core, which finds what people with a keyboard or a screen reader cannot use.

import type { Page } from "playwright-core";

const AXE = await Bun.file(require.resolve("axe-core/axe.min.js")).text();

/** Returns what is wrong on the page: the rule, and the elements that break it. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = (await page.evaluate("axe.run()")) as { violations: { id: string; nodes: { html: string }[] }[] };
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}
