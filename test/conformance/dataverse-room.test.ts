/**
 * The Dataverse room against the Dataverse and Entra ID simulators: what the unit tests take from a queue of answers
 * comes here from servers that were written from the vendor's description by somebody else.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { Personal, parseRecordId, type RecordId, type TableName } from '../../config/words.ts';
import { startWorld, type World } from '../../fixtures/simulators/world.ts';
import type { ChangePage } from '../../src/dataverse/crm.ts';
import { type ClosableCrm, type CrmSettings, createCrm } from '../../src/dataverse/index.ts';
import { column, failureOf, lookup, marketingJobs, tableOf } from '../unit/dataverse/samples.ts';

const signal = new AbortController().signal;
let world: World;
let crm: ClosableCrm;

function open(some: Partial<CrmSettings> = {}, maxResponseBytes = 33_554_432): ClosableCrm {
  const { entra, dataverse } = world.describe();
  const settings: CrmSettings = {
    dataverse: {
      url: dataverse.url,
      apiVersion: 'v9.2',
      auth: {
        kind: 'secret',
        authority: entra.authority,
        clientId: dataverse.clientId,
        clientSecret: new Personal(dataverse.clientSecret),
      },
      pageSize: 50,
      pollSeconds: 10,
      callTimeoutSeconds: 20,
    },
    tables: {
      contact: tableOf({
        fields: {
          firstName: column('firstname'),
          gender: column('gendercode', 'label'),
          company: lookup('parentcustomerid', 'name'),
        },
      }),
      lead: tableOf(),
      account: tableOf(),
    },
    targets: [],
    marketingJobs,
    ...some,
  };
  return createCrm({
    settings,
    logger: pino({ level: 'silent' }),
    now: Date.now,
    proxyFor: () => '',
    retryDelayMs: 0,
    maxResponseBytes,
  });
}

function idOf(text: string): RecordId {
  return parseRecordId(text)!;
}

/** Every change from a full tracked read, and the delta link at its end. */
async function readAll(table: TableName): Promise<{ ids: RecordId[]; delta: string; pages: number }> {
  let page: ChangePage = await crm.startChanges(table, 50, signal);
  const ids = page.changes.map(({ id }) => id);
  let pages = 1;
  while (page.nextLink !== undefined) {
    page = await crm.followChanges(table, page.nextLink, signal);
    ids.push(...page.changes.map(({ id }) => id));
    pages += 1;
  }
  return { ids, delta: page.deltaLink ?? '', pages };
}

async function faults(): Promise<[string, string][]> {
  const findings = await crm.check(signal);
  return findings.filter(({ ok }) => !ok).map(({ subject, mend }) => [subject, mend]);
}

beforeEach(async () => {
  world = await startWorld({ people: 200 });
  crm = open();
});

afterEach(async () => {
  crm.close();
  await world.close();
});

describe('the change feed', () => {
  test('gives every row once over its pages, then what changed', async () => {
    const { ids, delta, pages } = await readAll('contact');
    const [first, second] = ids;
    const contacts = world.dataverse.crm;
    contacts.update('contact', first!, { firstname: 'Ada' });
    contacts.delete('contact', second!);
    const made = contacts.create('contact', { emailaddress1: 'new@person.example' });

    const { changes } = await crm.followChanges('contact', delta, signal);

    expect([new Set(ids).size, pages]).toEqual([150, 3]);
    expect(new Map(changes.map(({ id, deleted }) => [id, deleted]))).toEqual(
      new Map([
        [first, false],
        [idOf(made), false],
        [second, true],
      ]),
    );
  });

  test('is expired after the table was customized, and lost when the position makes no sense', async () => {
    const { delta } = await readAll('lead');
    const nonsense = await failureOf(
      crm.followChanges('lead', delta.replace(/deltatoken=.*/, 'deltatoken=what'), signal),
    );
    world.dataverse.changeMetadata('lead');

    const expired = await failureOf(crm.followChanges('lead', delta, signal));

    expect(expired).toMatchObject({ kind: 'gone', code: 'DELTA_EXPIRED' });
    expect(nonsense).toMatchObject({ kind: 'gone', code: 'DELTA_LOST' });
  });

  test('of a table without change tracking is a configuration error', async () => {
    world.dataverse.setChangeTracking('account', false);

    const error = await failureOf(readAll('account'));

    expect(error).toMatchObject({ kind: 'config', code: 'FEED_WITHOUT_DELTA_LINK' });
  });

  test('fails with too little privilege instead of filtering', async () => {
    world.dataverse.access.setPrivileges('contact', { read: 'Basic' });

    const error = await failureOf(readAll('contact'));

    expect(error).toMatchObject({ kind: 'config', code: 'DATAVERSE_PRIVILEGE_MISSING' });
    expect(error.message).toContain('prvReadContact');
  });
});

describe('reading rows', () => {
  test('gives all of them with labels and lookups, and names the missing', async () => {
    const { ids } = await readAll('contact');
    const gone = idOf('00000000-0000-4000-8000-000000000000');

    const read = await crm.readRows('contact', [...ids, gone], signal);

    const lookups = read.rows.map((row) => row.lookups.reveal()['parentcustomerid.name']);
    expect([read.rows.length, read.malformed, read.missing]).toEqual([150, [], [gone]]);
    expect(lookups.some((name) => typeof name === 'string')).toBe(true);
    expect(read.rows.some((row) => typeof row.labels.reveal().gendercode === 'string')).toBe(true);
  });

  test('parks a row that alone is too large, and reads the others', async () => {
    const { ids } = await readAll('contact');
    crm.close();
    crm = open({ tables: { contact: tableOf({ fields: { note: column('new_notes') } }) } }, 200_000);
    world.dataverse.changeMetadata('contact', { name: 'new_notes', maxLength: 1_000_000 });
    world.dataverse.crm.update('contact', ids[7]!, { new_notes: 'x'.repeat(300_000) });

    const read = await crm.readRows('contact', ids, signal);

    expect(read.malformed).toMatchObject([{ ref: { id: ids[7] }, code: 'ROW_TOO_LARGE' }]);
    expect([read.rows.length, read.missing]).toEqual([149, []]);
  });

  test('knows a merged row and a deleted one', async () => {
    const { ids } = await readAll('contact');
    const [target, subordinate, deleted] = ids;
    world.dataverse.crm.merge('contact', target!, subordinate!, {});
    world.dataverse.crm.delete('contact', deleted!);

    const merged = await crm.readRow({ table: 'contact', id: subordinate! }, signal);

    expect(merged).toMatchObject({ merged: true, masterId: target, state: 'inactive' });
    expect(await crm.readRow({ table: 'contact', id: deleted! }, signal)).toBeUndefined();
  });

  test('never takes a missing privilege for a missing row', async () => {
    const { ids } = await readAll('contact');
    world.dataverse.access.setPrivileges('contact', { read: 'None' });

    const bulk = await failureOf(crm.readRows('contact', ids, signal));
    const single = await failureOf(crm.readRow({ table: 'contact', id: ids[0]! }, signal));

    expect([bulk.kind, single.kind]).toEqual(['config', 'config']);
  });

  test('finds the rows with an address, a quote in it included', async () => {
    const address = "Sinéad.O'Neil+news@person.example";
    const lead = world.dataverse.crm.create('lead', { emailaddress1: address.toUpperCase() });

    expect(await crm.findByAddress(new Personal(address), signal)).toEqual([{ table: 'lead', id: idOf(lead) }]);
  });
});

describe('faults', () => {
  test.each(['500', 'html', 'cut', 'truncated', 'truncatedJson'] as const)('%s once is not noticed', async (kind) => {
    await crm.organizationId(signal);
    world.dataverse.setFaults([{ kind, times: 1 }]);

    const { ids } = await readAll('account');

    expect(ids).toHaveLength(10);
  });

  test('an expired token is replaced', async () => {
    await crm.organizationId(signal);
    world.dataverse.access.expireTokens();

    expect(await crm.organizationId(signal)).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(['requests', 'execution', 'concurrent'] as const)(
    'service protection of %s asks to wait',
    async (facet) => {
      await crm.organizationId(signal);
      world.dataverse.protection.arm({ facet, retryAfterSeconds: 7 });

      const error = await failureOf(crm.organizationId(signal));

      expect(error).toMatchObject({ kind: 'wait', code: 'DATAVERSE_THROTTLED', retryAfterMs: 7_000 });
    },
  );
});

describe('marketing jobs', () => {
  function job(values: object = {}): string {
    return world.dataverse.crm.create('mkt_marketingjob', {
      mkt_operation: 140000000,
      mkt_status: 140000000,
      ...values,
    });
  }

  test('are read, started once and answered', async () => {
    const id = idOf(job({ mkt_recordid: 'a', mkt_recordtable: 'contact' }));
    const [open] = await crm.openJobs(signal);
    const etag = open?.etag ?? '';

    const started = await crm.updateJob(id, etag, { status: 'inProgress' }, signal);
    const again = await crm.updateJob(id, etag, { status: 'inProgress' }, signal);
    const ended = await crm.updateJob(id, '*', { status: 'succeeded', resultCode: 'HTTP 410 Gone' }, signal);

    expect(open).toMatchObject({ id, operation: 'anonymizeContact', status: 'pending', recordId: 'a' });
    expect([started, again, ended]).toEqual(['done', 'changed', 'done']);
    expect(await crm.openJobs(signal)).toEqual([]);
    expect(await crm.readJob(id, signal)).toMatchObject({ status: 'succeeded' });
  });

  test('that were deleted are never created again', async () => {
    const id = idOf(job());
    world.dataverse.crm.delete('mkt_marketingjob', id);

    expect(await crm.updateJob(id, '*', { status: 'failed' }, signal)).toBe('gone');
    expect(await crm.readJob(id, signal)).toBeUndefined();
    expect(await crm.openJobs(signal)).toEqual([]);
  });
});

describe('the check', () => {
  test('has nothing to say about an organization that is set up', async () => {
    expect(await faults()).toEqual([]);
  });

  const broken: [string, () => void, string, string][] = [
    [
      'the secret',
      () => world.entra.setSecrets(world.describe().dataverse.clientId, ['other']),
      'credentials',
      'client secret',
    ],
    [
      'the application user',
      () => Object.assign(world.dataverse.access, { applicationUser: false }),
      'application user',
      'application user',
    ],
    [
      'change tracking',
      () => world.dataverse.setChangeTracking('lead', false),
      'change tracking of lead',
      'Track changes',
    ],
    [
      'reading as a whole',
      () => world.dataverse.access.setPrivileges('lead', { read: 'Basic' }),
      'changes of lead',
      'prvReadLead',
    ],
    [
      'reading at all',
      () => world.dataverse.access.setPrivileges('lead', { read: 'None' }),
      'changes of lead',
      'prvReadLead',
    ],
    [
      'a hidden address',
      () => world.dataverse.secureColumn('contact', 'emailaddress1'),
      'secured column contact.emailaddress1',
      'security profile',
    ],
    [
      'the job table',
      () => void world.dataverse.crm.store.removeTable('mkt_marketingjob'),
      'table mkt_marketingjob',
      'connector setup',
    ],
    [
      'writing jobs',
      () => world.dataverse.access.setPrivileges('mkt_marketingjob', { write: 'None' }),
      'writing mkt_marketingjob',
      'prvWrite',
    ],
  ];

  test.each(broken)('names %s when it alone is broken', async (_name, breakIt, subject, mend) => {
    breakIt();

    expect(await faults()).toEqual([[subject, expect.stringContaining(mend)]]);
  });

  test('names a column and a lookup that are not there', async () => {
    crm.close();
    crm = open({
      tables: { contact: tableOf({ fields: { a: column('new_none'), b: lookup('parentcustomerid', 'name') } }) },
    });

    expect(await faults()).toEqual([['column contact.new_none', expect.stringContaining('Correct')]]);
  });
});
