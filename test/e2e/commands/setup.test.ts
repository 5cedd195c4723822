import { setTimeout as delay } from 'node:timers/promises';
import { runConnector } from '../../support/command.ts';
import { connector } from '../../support/connector.ts';
import { addJob, addPerson, contactOf, jobState } from '../../support/crm-people.ts';

interface Result {
  readonly changes: readonly { readonly id: string; readonly state: string; readonly message?: string }[];
  readonly role: readonly { readonly ok: boolean; readonly subject: string }[];
  readonly byHand: readonly { readonly what: string; readonly where: string }[];
}

const secret = 'webhook-secret-0123456789';
const webhook = { url: 'https://connector.example/hooks/dataverse', secret };

describe('connector setup', () => {
  const c = connector({ marketingJobs: false, emptyDatabase: true });

  function writes(): number {
    const counted = Object.entries(c.world.dataverse.counts()).filter(([kind]) =>
      /^(customize|create|update|delete) /.test(kind),
    );
    return counted.reduce((sum, [, count]) => sum + count, 0);
  }

  function inState(result: Result, state: string): string[] {
    return result.changes.filter((change) => change.state === state).map(({ id }) => id);
  }

  it('leads from nothing to the result of a marketing job, and changes nothing the second time', async () => {
    c.world.dataverse.setChangeTracking('lead', false);
    await c.configure({ server: { port: 0, webhook } });
    const before = await c.run('check', '--json');

    const first = await c.run('setup', '--yes');
    const made = writes();
    const second = await c.run('setup', '--yes');
    const unchanged = writes();
    const after = await c.run('check');
    const person = addPerson(c.world);
    await c.run('sync');
    const known = contactOf(c.world, person.email);
    const job = addJob(c.world, 'anonymize', person);
    const synced = await c.run('sync');

    expect(before.code).toBe(1);
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain('done           create the table mkt_marketingjob (Marketing Job)');
    expect(first.stdout).toContain('next: connector check');
    expect(first.stdout + second.stdout).not.toContain(secret);
    expect(first.code).toBe(0);
    expect(made).toBeGreaterThan(20);
    expect(unchanged).toBe(made);
    expect(second.stdout).toContain('0 made, 0 to do, 0 to be mended');
    expect(second.code).toBe(0);
    expect(after.stdout).toContain('everything is as it should be');
    expect(known).toBeDefined();
    expect(synced.code).toBe(0);
    expect(jobState(c.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
    expect(contactOf(c.world, person.email)).toBeUndefined();
  });

  it('is completed by another run however often it is killed', async () => {
    await c.configure({ server: { port: 0, webhook } });
    let kills = 0;
    for (; ; kills += 1) {
      // The seventh write takes effect, and its answer never comes.
      const before = writes();
      c.world.dataverse.setFaults([
        { kind: 'slow', match: '^(customize|create|update) ', skip: 6, times: 1, delayMs: 600_000 },
      ]);
      const run = c.start('setup', '--yes');
      const ended = run.finished.then(() => true);
      while (writes() < before + 7 && !(await Promise.race([ended, delay(20, false)])));
      if (writes() < before + 7) break;
      run.process.kill('SIGKILL');
      await run.finished;
    }
    c.world.dataverse.setFaults([]);
    const done = writes();

    const last = await c.run('setup', '--yes', '--json');
    const check = await c.run('check', '--json');

    expect(kills).toBeGreaterThan(2);
    expect(new Set(last.json<Result>().changes.map(({ state }) => state))).toEqual(new Set(['there']));
    expect(writes()).toBe(done);
    expect(check.code).toBe(0);
  });

  it('shows every change and makes none with --dry-run', async () => {
    const text = await c.run('setup', '--dry-run');
    const json = await c.run('setup', '--dry-run', '--json');

    expect(text.stdout).toContain('to do          create the table mkt_marketingjob (Marketing Job)');
    expect(text.stdout).toContain('make.powerapps.com → Apps');
    expect(text.code).toBe(3);
    expect(inState(json.json<Result>(), 'declined')).toContain('column customer');
    expect(json.json<Result>().role.every(({ ok }) => ok)).toBe(true);
    expect(json.json<Result>().byHand.length).toBeGreaterThan(0);
    expect(json.code).toBe(3);
    expect(writes()).toBe(0);
  });

  it('asks before each change, and takes silence for no', async () => {
    const config = await c.run('setup', '--json');
    const path = c.path;
    const answered = await runConnector(['setup', '--json', '--config', path], { input: 'what?\ny\nyes\nn\nq\n' });

    expect(inState(config.json<Result>(), 'made')).toEqual([]);
    expect(config.code).toBe(3);
    expect(answered.stderr.match(/create the publisher/g)).toHaveLength(2);
    expect(answered.stderr).toContain('create the table mkt_marketingjob (Marketing Job)? [y]es, [n]o, [a]ll, [q]uit');
    expect(inState(answered.json<Result>(), 'made')).toEqual(['publisher', 'solution']);
    expect(inState(answered.json<Result>(), 'declined')).toEqual(['table']);
    expect(answered.code).toBe(3);
  });

  it('waits for a customization lock and for metadata that lags, in an organization that speaks German', async () => {
    const { adminUrl } = c.world.dataverse;
    const trouble = { lock: { times: 2, status: 400, retryAfterSeconds: 1, skip: 3 }, lagReads: 3, failingLookups: 1 };
    const set = await fetch(`${adminUrl}/customization`, {
      method: 'POST',
      body: JSON.stringify({ ...trouble, baseLanguage: 1031 }),
    });

    const result = await c.run('setup', '--yes');
    const made = (await (await fetch(`${adminUrl}/customization`)).json()) as {
      readonly views: { readonly name: string }[];
    };

    expect(set.ok).toBe(true);
    expect(result.stderr).toContain('waiting: Another customization of this environment is running.');
    expect(result.code).toBe(0);
    expect(made.views.map(({ name }) => name)).toContain('Fehlgeschlagene Marketingaufträge');
  });

  it('says what is missing, and ends with 1: a privilege of the role, or that to make changes', async () => {
    c.world.dataverse.access.setPrivileges('contact', { read: 'Basic' });
    c.world.dataverse.organization.customization.allowed = false;

    const result = await c.run('setup', '--yes');

    expect(result.stdout).toMatch(/failed +create the publisher/);
    expect(result.stdout).toContain('System Customizer');
    expect(result.stdout).toMatch(/✗ +prvReadContact/);
    expect(result.stdout).toContain("Grant prvReadContact to the application user's role at organization level.");
    expect(result.code).toBe(1);
  });

  it('ends with 2 when it cannot sign in, and for a name that is none', async () => {
    const name = await c.run('setup', '--solution', 'No Such Name');
    await c.configure({ dataverse: { auth: { clientSecret: 'not-the-secret' } } });
    const signIn = await c.run('setup', '--yes');

    expect(name.stderr).toContain('A unique name is expected');
    expect(name.code).toBe(2);
    expect(signIn.stderr).toContain('ENTRA_INVALID_CLIENT');
    expect(signIn.code).toBe(2);
  });
});
