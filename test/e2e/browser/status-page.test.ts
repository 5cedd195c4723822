/**
 * The status page of a running worker, in a real browser. What is read is read with scripts switched off; a second window
 * with scripts is for the judges: axe-core, and whether anything would have to be scrolled sideways on a phone.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { describeWithBrowser, logIn, openBrowser, openPage, seriousViolations } from '../../support/browser.ts';
import { connector } from '../../support/connector.ts';
import {
  addJob,
  addPeople,
  anonymizedCount,
  contactOf,
  edit,
  type Person,
  remove,
  spoil,
} from '../../support/crm-people.ts';

const token = 'admin-token-of-the-browser';

async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await delay(100);
  }
}

const nameOf = (person: Person): string => `${person.table}/${person.id}`;

describeWithBrowser('the status page while the worker runs', () => {
  const c = connector();
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  /** A worker that has somebody for every list, and a hold of five. */
  async function aBusyWorker() {
    const people = addPeople(c.world, 12);
    await c.configure({
      server: { adminToken: token, port: 0 },
      dataverse: { pollSeconds: 1 },
      marketingJobs: { pollSeconds: 1 },
      brake: { minCount: 2, maxPercent: 1 },
      worker: { sweepSeconds: 1 },
    });
    const worker = c.start('start');
    const { health: origin } = JSON.parse(await worker.said(/"msg":"ready"/)) as { health: string };
    await until(() => people.every((person) => contactOf(c.world, person.email)));
    const [fine, optedOut, broken, erased, ...others] = people as [Person, Person, Person, Person, ...Person[]];
    edit(c.world, optedOut, { donotbulkemail: true });
    spoil(c.world, broken, { emailaddress1: 7 });
    addJob(c.world, 'anonymize', erased);
    await until(() => anonymizedCount(c.world) === 1);
    const gone = others.slice(0, 5);
    for (const person of gone) remove(c.world, person);
    return { worker, origin, people, fine, optedOut, broken, erased, gone };
  }

  /** Looks at the page again until it says so. */
  const says = (page: Page, path: string, text: string | RegExp) =>
    until(async () => {
      await page.goto(path);
      return (await page.getByText(text).count()) > 0;
    });

  it('tells how everything stands, takes a decision, and is fit for everybody', async () => {
    const { worker, origin, people, fine, optedOut, broken, erased, gone } = await aBusyWorker();
    const { page, complaints, expectStatus } = await openPage(browser, origin, { scripts: false });

    // Nobody gets in without the token.
    expectStatus(401);
    await page.goto('/holds');
    await page.getByLabel('Admin token').fill('not-the-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('This is not the admin token.').waitFor();
    await page.getByLabel('Admin token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Holds' }).waitFor();

    // Overview and lists.
    await says(page, '/', /automatic anonymizations are held/);
    expect(await page.getByRole('heading', { level: 3 }).allTextContents()).toEqual([
      'main running',
      'contact reading',
      'lead reading',
      'account reading',
    ]);
    await says(page, '/in-sync', nameOf(fine));
    await says(page, `/excluded?search=${nameOf(optedOut)}`, 'The record says that this person wants no bulk email.');
    await says(page, '/failing', nameOf(broken));
    expect(await page.getByText('FIELD_WRONG_TYPE').count()).toBe(1);
    await says(page, '/erasures', `${nameOf(erased)}`);
    await page.goto('/in-sync');
    await page.getByLabel('Record id').fill(fine.id.slice(0, 13));
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/search=/);
    expect(await page.locator('tbody tr').count()).toBe(1);

    // A record says what the command says.
    await page.getByRole('link', { name: nameOf(fine) }).click();
    await page.getByRole('heading', { name: nameOf(fine) }).waitFor();
    const told = ((await page.locator('pre').textContent()) ?? '').trimEnd();
    const { stdout } = await c.run('explain', nameOf(fine));
    expect(told.split('\n')).toEqual(stdout.trimEnd().split('\n'));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^id,at,target,.*\r\n/);

    // The judges look at everything narrow and dark, and at every kind of page wide and light.
    await page.goto('/holds');
    await page
      .getByRole('link', { name: /^Hold \d+$/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Approve for 24 hours' }).waitFor();
    const hold = new URL(page.url()).pathname;
    const record = `/records/${nameOf(broken)}`;
    const some = ['/', '/failing', hold, '/parked', record];
    const all = [...some, '/in-sync', '/excluded', '/holds', '/erasures', '/evidence'];
    const seen: string[] = [];
    for (const { paths, ...look } of [
      { width: 1280, paths: some },
      { width: 360, height: 740, dark: true, paths: all },
    ]) {
      const judged = await openPage(browser, origin, look);
      await judged.page.goto('/log-in');
      expect(await seriousViolations(judged.page)).toEqual([]);
      await logIn(judged.page, token);
      for (const path of paths) {
        await judged.page.goto(path);
        expect([path, await seriousViolations(judged.page)]).toEqual([path, []]);
        const wide = await judged.page.evaluate<number>('document.documentElement.scrollWidth');
        expect([path, wide <= look.width]).toEqual([path, true]);
        seen.push(await judged.page.content());
      }
      expect(judged.complaints).toEqual([]);
      await judged.page.context().close();
    }
    for (const person of people) expect(seen.join()).not.toContain(person.email);
    expect(seen.join()).not.toMatch(/First\d|Last\d|people\.example/);

    // Approving needs a word; then the five go, and it is known who said so.
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Approve for 24 hours' }).click();
    await page.getByText(/^Approved for 24 hours/).waitFor();
    await until(() => anonymizedCount(c.world) === 6);
    const { stdout: evidence } = await c.run('holds');
    expect(evidence).toContain('approved by status page');
    for (const person of gone) expect(contactOf(c.world, person.email)).toBeUndefined();

    // Taken up again, and mended.
    edit(c.world, broken, { emailaddress1: broken.email });
    await page.goto('/parked');
    const retry = page.getByRole('button', { name: `Retry ${nameOf(broken)}` });
    if ((await retry.count()) > 0) {
      await retry.click();
      await page.getByRole('status').waitFor();
    }
    await says(page, '/parked', 'None.');

    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Admin token').waitFor();
    await page.goto('/in-sync');
    await page.getByLabel('Admin token').waitFor();
    expect(complaints).toEqual([]);
    worker.process.kill('SIGTERM');
    const { code, stderr } = await worker.finished;
    expect(code).toBe(0);
    expect(stderr).not.toContain(token);
  });
});
