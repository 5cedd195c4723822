import { setTimeout as delay } from 'node:timers/promises';
import { connector } from '../../support/connector.ts';
import { addPerson, contactOf } from '../../support/crm-people.ts';

/** Looks until it is so; the test's own time limit ends it otherwise. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
}

const quick = { dataverse: { pollSeconds: 1 }, worker: { sweepSeconds: 1 } };

describe('connector start', () => {
  const c = connector({ emptyDatabase: true });

  async function startWorker() {
    const worker = c.start('start');
    const ready = JSON.parse(await worker.said(/"msg":"ready"/)) as { health: string };
    return { worker, ready };
  }

  it('applies what changes, serves its health, and drains on SIGTERM', async () => {
    await c.configure(quick);
    const { worker, ready } = await startWorker();
    const person = addPerson(c.world);

    await until(() => contactOf(c.world, person.email));
    const readyz = await fetch(`${ready.health}/readyz`);
    // The platform has them a moment before the ledger knows it.
    const metrics = await until(async () => {
      const text = await (await fetch(`${ready.health}/metrics`)).text();
      // And counts them a moment after that.
      return text.includes('connector_owed{target="main"} 0') && /^connector_applied_total\{/m.test(text)
        ? text
        : undefined;
    });
    worker.process.kill('SIGTERM');
    const { code, stdout, stderr } = await worker.finished;

    expect(readyz.status).toBe(200);
    // Twice where the first read was still under way: it shows them, and the feed after it.
    expect(metrics).toMatch(/^connector_applied_total\{target="main",action="sync",rule="eligible"\} [12]$/m);
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).not.toContain(person.email);
  });

  it('keeps its configuration when the new one is wrong, and takes a right one over', async () => {
    await c.configure(quick);
    const { worker } = await startWorker();

    await c.configure({ ...quick, log: { level: 'loud' } });
    worker.process.kill('SIGHUP');
    const refused = await worker.said(/former one stays in force/);
    await c.configure({ ...quick, rules: { anonymizeContactWhenInactive: true } });
    worker.process.kill('SIGHUP');
    await worker.said(/"epoch":2.*"msg":"ready"/);
    worker.process.kill('SIGTERM');
    const { code } = await worker.finished;

    expect(JSON.parse(refused)).toMatchObject({ level: 'error', path: 'log.level' });
    expect(code).toBe(0);
  });

  it('says so, and is not ready, when another configuration took over', async () => {
    await c.configure(quick);
    const { worker, ready } = await startWorker();
    await c.configure({ ...quick, rules: { anonymizeContactWhenInactive: true } });

    await c.run('sync');
    const alarm = await worker.said(/CONFIGURATION_SUPERSEDED/);
    const readyz = await fetch(`${ready.health}/readyz`);
    const body = (await readyz.json()) as object;
    worker.process.kill('SIGTERM');
    const { code } = await worker.finished;

    expect(JSON.parse(alarm)).toMatchObject({ level: 'error', code: 'CONFIGURATION_SUPERSEDED' });
    expect(readyz.status).toBe(503);
    expect(body).toMatchObject({ missing: [{ part: 'configuration', code: 'CONFIGURATION_SUPERSEDED' }] });
    expect(code).toBe(0);
  });

  it('ends with 2 when the configuration cannot be used', async () => {
    await c.configure({ dataverse: { auth: { clientSecret: 'not-the-secret' } } });

    const { code, stderr } = await c.start('start').finished;

    expect(stderr).toMatch(/ENTRA_INVALID_CLIENT/);
    expect(stderr).not.toContain('not-the-secret');
    expect(code).toBe(2);
  });

  it('does the work beside a sync', async () => {
    await c.configure(quick);
    const { worker } = await startWorker();
    const person = addPerson(c.world);

    const beside = await c.run('sync');
    worker.process.kill('SIGTERM');
    await worker.finished;

    expect(beside.code).toBe(0);
    expect(contactOf(c.world, person.email)).toBeDefined();
  });
});
