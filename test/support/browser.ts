/**
 * Debian's Chromium, driven by playwright-core. Guarantees: whatever a page prints as an error, loads from another host or
 * throws is remembered in `complaints`; what was opened is closed. Accessibility is judged by axe-core, which somebody else
 * wrote.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Left out where there is no Chromium; with REQUIRE_CHROMIUM=1 that is a failure. */
export const describeWithBrowser =
  existsSync(chromiumPath) || process.env.REQUIRE_CHROMIUM === '1' ? globalThis.describe : globalThis.describe?.skip;

export function openBrowser(): Promise<Browser> {
  // The sandbox needs rights that a container does not have; nothing but our own pages is loaded.
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What an error of the browser is about: our own page, or another host. */
export interface Watched {
  readonly page: Page;
  /** Console errors, exceptions, refused loads, and requests to another host. */
  readonly complaints: string[];
  /** Answers 4xx and 5xx that the test asked for are no complaint. */
  expectStatus(status: number): void;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** False: as for somebody who switched scripts off. */
  readonly scripts?: boolean;
}

export async function openPage(browser: Browser, origin: string, look: Look = {}): Promise<Watched> {
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width: look.width ?? 1280, height: look.height ?? 900 },
    colorScheme: look.dark ? 'dark' : 'light',
    javaScriptEnabled: look.scripts ?? true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const expected = new Set<number>();
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const status = /status of (\d+)/.exec(message.text())?.[1];
    if (status === undefined || !expected.has(Number(status))) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`request to ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // A page that becomes a download is given up as a page.
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`);
  });
  return { page, complaints, expectStatus: (status) => expected.add(status) };
}

export async function logIn(page: Page, token: string): Promise<void> {
  await page.goto('/');
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

const require = createRequire(import.meta.url);

/** Violations that axe calls serious or critical, each with what it is about. */
export async function seriousViolations(page: Page): Promise<string[]> {
  const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
  // Past the policy of the page, which lets no script run: `evaluate` is the debugger's.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe: judge } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    return (await judge.run()).violations;
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
}
