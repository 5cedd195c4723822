import { describe, expect, it } from '@jest/globals';
import type { Pace } from '../../../../src/http/pace.ts';
import { dialogInsightSettings, projectsOf } from '../../../../src/platforms/dialoginsight/settings.ts';
import {
  address,
  answersRaw,
  clause,
  discovers,
  fails,
  failureOf,
  gets,
  main,
  open,
  other,
  sent,
  signal,
  table,
  watchCalls,
} from './support.ts';

function looksUp(): void {
  for (let search = 0; search < 3; search += 1) gets();
}

function wrong(findings: readonly { ok: boolean; subject: string; mend: string }[]): string[] {
  const bad = findings.filter(({ ok }) => !ok);
  for (const { mend } of bad) expect(mend).toMatch(/\w+ \w+.*\.$/);
  return bad.map(({ subject }) => subject);
}

describe('the check', () => {
  watchCalls();

  it('reads every project and tries every search, for somebody who cannot exist', async () => {
    discovers();
    looksUp();
    discovers();
    looksUp();

    const { findings } = await open({ otherProjects: [other] }).check(signal);

    expect(wrong(findings)).toEqual([]);
    expect(findings.map(({ subject }) => subject)).toContain('permission Newsletter');
    expect(findings.find(({ subject }) => subject === 'kill file')?.message).toMatch(/no web service/);
    expect(sent.map(({ call }) => call)).not.toContain('contacts.Merge');
    expect(sent.slice(1, 4).map(({ body }) => body.Clause)).toEqual([
      clause('idContact', '0'),
      clause('f_D365Id', '00000000-0000-0000-0000-000000000000'),
      clause('f_EMail', 'connector-check@nobody.invalid'),
    ]);
  });

  it('names a project that the key may not read, and looks at the others', async () => {
    fails('projects.Get', 'MissingPermission', 'no');
    discovers();
    looksUp();

    const { findings } = await open({ otherProjects: [other] }).check(signal);

    expect(wrong(findings)).toEqual([`Dialog Insight project ${main}`]);
  });

  it('names what is missing in a project', async () => {
    discovers(['Partners'], [{ Code: 'email' }, { Code: 'FirstName' }]);

    const { findings } = await open({ killFile: 'unused' }).check(signal);

    expect(wrong(findings)).toEqual([`field D365Id of project ${main}`, 'property BirthDate', 'permission Newsletter']);
    expect(findings.some(({ message }) => message.includes('it has Partners'))).toBe(true);
    expect(findings.some(({ subject }) => subject === 'kill file')).toBe(false);
  });

  it('names fields that the connector itself writes', async () => {
    discovers();
    looksUp();
    const fields = { ...table.fields, d365id: table.fields.FirstName!, EMAIL: table.fields.FirstName! };

    const { findings } = await open({}, { tables: { contact: { ...table, fields } } }).check(signal);

    expect(wrong(findings)).toEqual(['property d365id', 'property EMAIL']);
  });

  it('names a search that is refused', async () => {
    discovers();
    fails('contacts.Get', 'X', 'x');
    discovers();

    expect(wrong((await open().check(signal)).findings)).toEqual([
      `Dialog Insight look-up in project ${main} by id, record id and address`,
    ]);
  });

  it('throws only when Dialog Insight cannot be reached', async () => {
    answersRaw('projects.Get', 503, 'busy');

    expect((await failureOf(open().check(signal))).kind).toBe('retry');
  });
});

const byId = { contactKeys: [`dialoginsight:${main}:5`], recordIds: [] };

describe('a refusal', () => {
  watchCalls();

  it.each([
    ['InvalidKey', 'Invalid key', 'config', 'DIALOGINSIGHT_NOT_AUTHORIZED'],
    [null, "La clé d'API est expirée", 'config', 'DIALOGINSIGHT_NOT_AUTHORIZED'],
    [12, 'The key has no permission for this endpoint', 'config', 'DIALOGINSIGHT_NOT_AUTHORIZED'],
    ['CallsExceeded', null, 'wait', 'DIALOGINSIGHT_QUOTA'],
    [null, "Nombre d'appels dépassé", 'wait', 'DIALOGINSIGHT_QUOTA'],
    ['InternalError', 'Unexpected error', 'retry', 'DIALOGINSIGHT_FAILED'],
  ])('with %j %j is %s', async (code, message, kind, expected) => {
    const waits: number[] = [];
    const pace: Pace = {
      acquire: async () => undefined,
      async throttled(ms) {
        waits.push(ms);
      },
    };
    fails('contacts.Get', code, message === null ? null : `${message} ${address}`);

    const failure = await failureOf(open({}, { pace }).find(byId, signal));

    expect(failure).toMatchObject({ kind, code: expected, requestId: '78' });
    expect(waits).toEqual(kind === 'wait' ? [60_000] : []);
    expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain('@');
  });

  it.each([
    ['The value exceeds the length of the field.'],
    ['Le texte dépasse la limite de 100 caractères.'],
    ['Invalid email.'],
    [null],
  ])('that says %j is the content when the key proves good', async (message) => {
    fails('contacts.Get', 2001, message);
    discovers();

    expect(await failureOf(open().find(byId, signal))).toMatchObject({ kind: 'park', code: 'DIALOGINSIGHT_REFUSED' });
    expect(sent.map(({ call }) => call)).toEqual(['contacts.Get', 'projects.Get']);
  });

  it('that says nothing is the key when it proves bad', async () => {
    fails('contacts.Get', 1002, null);
    fails('projects.Get', 1002, null);

    expect((await failureOf(open().find(byId, signal))).kind).toBe('config');
  });

  it('that says nothing is nothing while the key cannot be proven', async () => {
    fails('contacts.Get', 1002, null);
    answersRaw('projects.Get', 502, 'bad gateway');

    expect((await failureOf(open().find(byId, signal))).kind).toBe('retry');
  });
});

describe('an answer from somebody on the way', () => {
  watchCalls();

  it.each([
    [400, 'Bad Request', 'retry', 'HTTP_400'],
    [401, '', 'config', 'HTTP_401'],
    [403, '<html>', 'config', 'HTTP_403'],
    [404, '<html>', 'config', 'DIALOGINSIGHT_WRONG_PATH'],
    [405, '', 'config', 'DIALOGINSIGHT_WRONG_PATH'],
    [410, '', 'config', 'DIALOGINSIGHT_WRONG_PATH'],
    [500, '', 'retry', 'HTTP_500'],
    [200, '<html>', 'retry', 'HTTP_NOT_JSON'],
    [200, '{"Records":[]}', 'retry', 'DIALOGINSIGHT_UNEXPECTED_ANSWER'],
    [200, '{"Success":true,"Records":[{}]}', 'retry', 'DIALOGINSIGHT_UNEXPECTED_ANSWER'],
  ])('with status %d and %j is %s', async (status, text, kind, code) => {
    answersRaw('contacts.Get', status, text);

    expect(await failureOf(open().find(byId, signal))).toMatchObject({ kind, code });
  });

  it('is waited for as long as it says', async () => {
    answersRaw('contacts.Get', 429, 'slow down', { 'retry-after': '7' });

    expect(await failureOf(open().find(byId, signal))).toMatchObject({ kind: 'wait', retryAfterMs: 7_000 });
  });
});

describe('the settings', () => {
  const good = {
    baseUrl: 'https://app.dialoginsight.com/webservices/ofc4/',
    keyId: 5335,
    apiKey: 'hidden',
    project: main,
    recordIdField: 'D365Id',
  };

  it('get their defaults, and stay as they are when parsed again', () => {
    const once = dialogInsightSettings.parse(good);

    expect(once).toMatchObject({
      baseUrl: 'https://app.dialoginsight.com/webservices/ofc4',
      otherProjects: [],
      emailField: 'EMail',
      clearWith: 'empty',
      recordsPerCall: 100,
      killFile: 'byHand',
    });
    expect(dialogInsightSettings.parse(once)).toEqual(once);
    expect(JSON.stringify(once)).not.toContain('hidden');
  });

  it.each([
    [{}, [1]],
    [{ otherProjects: [2, 1, 2] }, [1, 2]],
    [{ otherProjects: [9, 2], unifiedProject: 9 }, [1, 2, 9]],
    [{ unifiedProject: 1 }, [1]],
  ])('name each project once, the unified one last: %j', (more, expected) => {
    expect(projectsOf({ project: 1, otherProjects: [], unifiedProject: undefined, ...more })).toEqual(expected);
  });

  it('tell what the account is and can do, without the key', () => {
    const one = open();
    const more = open({ otherProjects: [other], recordsPerCall: 7 });

    expect(one.account).toBe(`dialoginsight dialog.example:443 ${main}`);
    expect(one.capabilities).toMatchObject({ erase: { mode: 'delete', reversible: false }, pauseReversible: true });
    expect(more.capabilities).toMatchObject({ bulkSize: 7, pauseReversible: false, addressMutable: false });
    expect(one.capabilities.sideEffects.join(' ')).toMatch(/Only one project/);
    expect(JSON.stringify([one.account, one.capabilities])).not.toContain('hidden');
  });
});
