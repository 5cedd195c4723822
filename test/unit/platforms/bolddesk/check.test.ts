import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { boldDeskSettings } from '../../../../src/platforms/bolddesk/settings.ts';
import {
  answers,
  contact,
  failureOf,
  missing,
  open,
  reads,
  refusal,
  searches,
  signal,
  table,
  watchCalls,
} from './support.ts';

const nobody = 'connector-check@nobody.invalid';

function looks(contacts: readonly Record<string, unknown>[] = [contact(5)]): void {
  searches({}, contacts);
  reads(0, undefined);
  reads(nobody, undefined);
  searches({ Filter: nobody }, []);
}

async function wrongs(settings: Record<string, unknown> = {}, tables = { contact: table }): Promise<string[]> {
  const { findings } = await open(settings, { tables }).check(signal);
  const wrong = findings.filter(({ ok }) => !ok);
  for (const { mend } of wrong) expect(mend).toMatch(/\w+ \w+/);
  return wrong.map(({ subject }) => subject);
}

describe('check', () => {
  watchCalls();

  it('finds nothing wrong where everything is right', async () => {
    looks();
    expect(await wrongs()).toEqual([]);
  });

  it('says that erasures wait where the loss of tickets is not allowed', async () => {
    looks();
    expect(await wrongs({ allowTicketLoss: false })).toEqual(['erasing in BoldDesk']);
  });

  it.each(['soft', 'blank'])('says what %s means', async (eraseMode) => {
    looks();
    const { findings } = await open({ eraseMode, allowTicketLoss: false }).check(signal);
    const message = findings.find(({ subject }) => subject === 'erasing in BoldDesk')?.message;
    expect(message).toMatch(eraseMode === 'soft' ? /reported as not erased/ : /tickets stay/);
  });

  it('knows custom fields from the contacts that are there', async () => {
    looks([contact(5, { contactCustomFields: { cf_newsletter: null } })]);
    expect(await wrongs()).toEqual(['property cf_colour']);
    looks([]);
    const { findings } = await open().check(signal);
    expect(findings.find(({ subject }) => subject === 'permission cf_newsletter')).toMatchObject({
      ok: true,
      message: expect.stringContaining('cannot be looked up'),
    });
  });

  it('names what is mapped twice, is not there, or is written already', async () => {
    looks();
    const column = { kind: 'column', column: 'x', as: 'value' } as const;
    const fields = { cf_newsletter: column, noSuchName: column, contactExternalReferenceId: column };
    const tables = { contact: { ...table, fields, permissions: { ...table.permissions, Events: 'new_events' } } };
    expect(await wrongs({}, tables)).toEqual([
      'property cf_newsletter',
      'property noSuchName',
      'property contactExternalReferenceId',
      'permission Events',
    ]);
  });

  it('names a view that BoldDesk does not have', async () => {
    looks();
    answers(
      'GET',
      '/contacts?Page=1&PerPage=100&RequiresCounts=true&Filter=connector-check%40nobody.invalid&view=trash',
      400,
      refusal('InvalidValue', 'view'),
    );
    expect(await wrongs({ deletedView: 'trash' })).toEqual(['view trash']);
  });

  it.each([
    [401, 'Make an API key'],
    [403, 'Give the agent'],
    [404, 'Set baseUrl'],
  ])('names the mend for %d', async (status, mend) => {
    answers('GET', '/contacts?Page=1&PerPage=100&RequiresCounts=true', status, '<html>no</html>');
    const { findings } = await open().check(signal);
    expect(findings).toMatchObject([{ ok: false, mend: expect.stringContaining(mend) }]);
  });

  it('names a look-up that is refused, and throws what passes by itself', async () => {
    searches({}, [contact(5)]);
    answers('GET', '/contacts/0', 403, refusal('AccessDenied', '', 403));
    expect(await wrongs()).toEqual(['BoldDesk look-up by id and by address']);
    answers('GET', '/contacts?Page=1&PerPage=100&RequiresCounts=true', 500, missing);
    expect((await failureOf(open().check(signal))).kind).toBe('retry');
  });
});

describe('the settings of BoldDesk', () => {
  const good = { baseUrl: 'https://acme.bolddesk.com/api/v1/', apiKey: 'hidden' };

  it('get their defaults, lose a slash at the end and mask the secret', () => {
    const settings = boldDeskSettings.parse(good);
    expect(settings).toMatchObject({
      baseUrl: 'https://acme.bolddesk.com/api/v1',
      eraseMode: 'permanent',
      allowTicketLoss: false,
      blankDomain: 'erased.invalid',
      clearWith: 'null',
      writeRecordId: true,
    });
    expect(`${inspect(settings)} ${JSON.stringify(settings)}`).not.toContain('hidden');
    expect(boldDeskSettings.parse(settings)).toEqual(settings);
  });

  it.each(['https://acme.bolddesk.com/api/v1.0', 'http://127.0.0.1:8080/api/v1', 'https://help.acme.example/api/v1'])(
    'take %s',
    (baseUrl) => {
      expect(boldDeskSettings.safeParse({ ...good, baseUrl }).success).toBe(true);
    },
  );

  it('tell the site without the key', () => {
    const adapter = open();
    expect(adapter.account).toBe('bolddesk desk.example:443');
    expect(inspect(adapter, { depth: 9 })).not.toContain('hidden');
    adapter.close();
  });
});
