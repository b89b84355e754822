/* What a spec file works in: one service for the file, a browser, a fresh browser profile for each
 * page that a test asks for. A test fails, too, when its page threw or broke the security policy. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { BUILD } from './process';
import type { Role } from './service';
import { EMAILS, PASSWORD, Service } from './service';

export const PICTURES = join(BUILD, 'pictures');
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
/** How long anything may take; a bound for a machine that is busy with other things. */
export const PATIENCE_MS = Number(process.env.KOLCAST_PATIENCE_MS ?? 60_000);

interface PageOptions {
  /** Who is signed in. */
  role?: Role;
  language?: 'en' | 'he';
  size?: { width: number; height: number };
}

export class World {
  service = new Service();
  browser!: Browser;
  private contexts: BrowserContext[] = [];
  private faults: string[] = [];

  /** A page of a new browser profile, at the start page unless a path is given. */
  async open(path = '/', options: PageOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({
      baseURL: this.service.url,
      locale: options.language === 'he' ? 'he-IL' : 'en-GB',
      timezoneId: 'Asia/Jerusalem',
      viewport: options.size ?? DESKTOP,
      reducedMotion: 'reduce',
      colorScheme: 'light',
      permissions: ['clipboard-read', 'clipboard-write', 'microphone'],
      acceptDownloads: true,
    });
    this.contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    context.setDefaultNavigationTimeout(PATIENCE_MS);
    if (options.role) await this.signIn(context, options.role);
    const page = await context.newPage();
    this.watch(page);
    await page.goto(path);
    return page;
  }

  /** Cookies for this browser profile, without the sign-in page. */
  async signIn(context: BrowserContext, role: Role): Promise<void> {
    await this.service.token(role);
    const answer = await context.request.post('/api/sessions', {
      data: { email: EMAILS[role], password: PASSWORD, cookies: true },
    });
    expect(answer.status()).toBe(201);
  }

  private watch(page: Page): void {
    page.on('pageerror', (error) => this.faults.push(`page error: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) this.faults.push(message.text());
    });
  }

  /** What is seen where a test failed: pictures/failed-….png. */
  async keepPictures(test: string): Promise<void> {
    const name = test.replace(/\W+/g, '-').slice(0, 60);
    for (const [i, page] of this.contexts.flatMap((context) => context.pages()).entries())
      await page.screenshot({ path: join(PICTURES, `failed-${name}-${i}.png`) }).catch(() => null);
  }

  async closePages(): Promise<void> {
    for (const context of this.contexts) await context.close();
    this.contexts = [];
    const faults = this.faults;
    this.faults = [];
    expect(faults).toEqual([]);
  }
}

/** For the top of a spec file. setUp false: nobody has made the first administrator. carrier: the
 * simulated one is the trunk "simulated", and campaigns call at any hour. */
export function useWorld({
  setUp = true,
  carrier = false,
}: { setUp?: boolean; carrier?: boolean } = {}): World {
  const world = new World();
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    await world.service.start(...(carrier ? ['--ignore-windows'] : []));
    if (setUp) await world.service.setUp();
    if (carrier) await world.service.startCarrier();
    world.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        // Inside of containers, and as root, it has no sandbox of its own; it sees our pages only.
        '--no-sandbox',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        '--font-render-hinting=none',
      ],
      timeout: PATIENCE_MS,
    });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.keepPictures(task.name);
    await world.closePages();
  });
  afterAll(async () => {
    await world.browser.close();
    await world.service.end();
  });
  return world;
}
