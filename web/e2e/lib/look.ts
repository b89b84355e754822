/* Accessibility and pictures of a page: both languages, desktop and phone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Result } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { DESKTOP, PHONE, PICTURES } from './world';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeWindow {
  axe?: { run: (options: object) => Promise<{ violations: Result[] }> };
}

/** axe finds nothing on the page as it is. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  const there = await page.evaluate(() => (window as AxeWindow).axe !== undefined);
  if (!there) await page.evaluate(axe);
  const { violations } = await page.evaluate(async () => {
    const found = await (window as AxeWindow).axe?.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return { violations: found?.violations ?? [] };
  });
  const faults = violations.map(
    (v) =>
      `${v.id}: ${v.help}\n${v.nodes.map((n) => `    ${n.html}\n    ${n.failureSummary ?? ''}`).join('\n')}`,
  );
  expect(faults, where).toEqual([]);
}

/** Nothing sticks out at the side. */
export async function expectNoSideScroll(page: Page, where: string): Promise<void> {
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(wide, `${where}: wider than the screen by so many pixels`).toBeLessThanOrEqual(0);
}

/** Changes the language by the button that every page has. */
export async function setLanguage(page: Page, language: 'en' | 'he'): Promise<void> {
  const name = { en: 'English', he: 'עברית' }[language];
  if ((await page.locator('html').getAttribute('lang')) !== language) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
  }
}

/** The page in both languages and at both sizes: axe finds nothing, nothing sticks out, and there is
 * a picture of each (pictures/NAME-he-phone.png). settled: what must be seen before the picture. */
export async function everyLook(page: Page, name: string, settled?: () => Promise<unknown>): Promise<void> {
  for (const language of ['en', 'he'] as const) {
    await page.setViewportSize(DESKTOP);
    await setLanguage(page, language);
    for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await settled?.();
      await page.evaluate(() => document.fonts.ready);
      const where = `${name}-${language}-${size}`;
      await page.screenshot({ path: join(PICTURES, `${where}.png`) });
      await expectNoSideScroll(page, where);
      await expectAccessible(page, where);
    }
  }
  await page.setViewportSize(DESKTOP);
  await setLanguage(page, 'en');
}
