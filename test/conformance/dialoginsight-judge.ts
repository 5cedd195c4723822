/**
 * What Dialog Insight's web services must do, as cases anybody can run against an address and a key. Written from
 * recorded calls and the vendor's articles (wire: Dialog Insight 4.1 to 4.6), not from the simulator: each case uses the
 * wire only, and what nobody documents is asked for in no more than its effect.
 */
import { assert } from './expectations.ts';

export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown> | undefined;
}

export interface Bench {
  /** `method` is `Contacts.Merge` and so on; with the right key unless the body has one. */
  call(method: string, body: Record<string, unknown>): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** The key that works. */
  readonly key: { readonly idKey: number; readonly Key: string };
  /** Two source projects and the unified one. */
  readonly projects: readonly [number, number, number];
  admin(method: string, path: string, body: unknown): Promise<void>;
}

export interface Case {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

interface Merged {
  readonly IdRecord: number | null;
  readonly Status: string;
  readonly ValidationResult: string;
}

type Contact = Readonly<Record<string, unknown>> & { readonly idContact: number };

const both = { AllowInsert: true, AllowUpdate: true };
const rest = {
  SkipDuplicateRecords: false,
  SkipUnmatchedRecords: false,
  ReturnRecordsOnSuccess: false,
  ReturnRecordsOnError: false,
  FieldOptions: null,
};

function record(email: string, data: object = {}): object {
  return { ID: { key_f_EMail: email }, Data: { f_EMail: email, ...data } };
}

async function merge(
  bench: Bench,
  records: readonly object[],
  options: object = both,
  project: number = bench.projects[0],
): Promise<Answer & { merged: readonly Merged[] }> {
  const body = { idProject: project, Records: records, MergeOptions: { ...rest, ...options } };
  const answer = await bench.call('Contacts.Merge', body);
  return { ...answer, merged: (answer.json?.Records ?? []) as Merged[] };
}

function clause(field: string, value: string): object {
  return { $type: 'FieldClause', Field: { Name: field }, TypeOperator: 'Equal', ComparisonValue: value };
}

async function find(
  bench: Bench,
  value: string,
  field = 'f_EMail',
  project: number = bench.projects[0],
): Promise<readonly Contact[]> {
  const answer = await bench.call('Contacts.Get', { idProject: project, Clause: clause(field, value), Tag: null });
  assert.equal(answer.json?.Success, true);
  return (answer.json?.Records ?? []) as Contact[];
}

async function remove(bench: Bench, value: string, more: object, project: number = bench.projects[0]): Promise<number> {
  const body = { idProject: project, Clause: clause('f_EMail', value), ...more };
  const answer = await bench.call('Contacts.Delete', body);
  assert.equal(answer.json?.Success, true);
  return answer.json?.DeletedRecords as number;
}

export const cases: readonly Case[] = [
  {
    name: 'says that a key is wrong with status 200 and Success false, and shows nothing',
    async run(bench) {
      await merge(bench, [record('a@one.example')]);
      for (const AuthKey of [
        { ...bench.key, Key: 'wrong' },
        { ...bench.key, Key: bench.key.Key.toUpperCase() },
        { ...bench.key, idKey: bench.key.idKey + 1 },
        {},
      ]) {
        const body = { AuthKey, idProject: bench.projects[0], Clause: clause('f_EMail', 'a@one.example') };
        const answer = await bench.call('Contacts.Get', body);
        assert.equal(answer.status, 200);
        assert.equal(answer.json?.Success, false);
        assert.equal(answer.json?.Records, undefined);
      }
    },
  },
  {
    name: 'has a code, a message, a number and a trace in every answer',
    async run(bench) {
      const good = await merge(bench, [record('a@one.example')]);
      const bad = await bench.call('Contacts.Get', { idProject: 4711, Clause: clause('f_EMail', 'a@one.example') });
      for (const { json } of [good, bad]) {
        for (const name of ['Success', 'ErrorCode', 'ErrorMessage', 'idRequest', 'Trace']) {
          assert.isTrue(json !== undefined && Object.hasOwn(json, name), name);
        }
        assert.equal(typeof json?.idRequest, 'number');
      }
      assert.equal(bad.json?.Success, false, 'a project that the key does not have');
    },
  },
  {
    name: 'knows no other path, and no other method',
    async run(bench) {
      assert.equal((await bench.post('/people.ashx?method=Get', {})).status, 404);
      assert.equal((await bench.call('Contacts.Purge', { idProject: bench.projects[0] })).json?.Success, false);
    },
  },
  {
    name: 'inserts and updates by the key, whatever its capitals, and says which',
    async run(bench) {
      const first = await merge(bench, [record('a@one.example', { f_FirstName: 'Ann' }), record('b@one.example')]);
      const again = await merge(bench, [record('A@One.example', { f_City: 'Ghent' })]);
      assert.equal(first.json?.CreatedRecords, 2);
      assert.equal(again.json?.UpdatedRecords, 1);
      assert.equal(again.merged[0]?.Status, 'Updated');
      assert.equal(again.merged[0]?.ValidationResult, 'OK');
      assert.equal(again.merged[0]?.IdRecord, first.merged[0]?.IdRecord);
      const [found] = await find(bench, 'a@one.example');
      assert.equal(found?.idContact, first.merged[0]?.IdRecord);
      assert.equal(found?.f_FirstName, 'Ann', 'what is not named stays');
      assert.equal(found?.f_City, 'Ghent');
    },
  },
  {
    name: 'creates nobody where only updating is allowed, and changes nobody where only inserting is',
    async run(bench) {
      await merge(bench, [record('a@one.example', { f_FirstName: 'Ann', optin_Newsletter: '0' })]);
      const insert = await merge(bench, [record('a@one.example', { optin_Newsletter: '1' })], {
        AllowInsert: true,
        AllowUpdate: false,
      });
      const update = await merge(bench, [record('b@one.example')], { AllowInsert: false, AllowUpdate: true });
      for (const { merged } of [insert, update]) {
        const wrote = merged.some(({ Status }) => Status === 'Updated' || Status === 'Inserted');
        assert.isTrue(!wrote, 'it wrote what it may not');
      }
      assert.equal(String((await find(bench, 'a@one.example'))[0]?.optin_Newsletter), '0');
      assert.deepEqual(await find(bench, 'b@one.example'), []);
    },
  },
  {
    name: 'refuses what a project does not have, record by record',
    async run(bench) {
      const { json, merged } = await merge(bench, [
        record('a@one.example', { f_Nickname: 'x' }),
        record('b@one.example', { optin_Nothing: '1' }),
        record('c@one.example', { f_BirthDate: '2000-01-31' }),
        record('nobody'),
        record('d@one.example', { f_BirthDate: '2000.01.31' }),
      ]);
      assert.equal(json?.Success, true);
      assert.equal(merged.length, 5);
      assert.deepEqual(
        merged.map(({ ValidationResult }) => ValidationResult === 'OK'),
        [false, false, false, false, true],
      );
      assert.deepEqual(await find(bench, 'a@one.example'), []);
      assert.equal((await find(bench, 'd@one.example')).length, 1);
    },
  },
  {
    name: 'takes consents as 1 and 0, and an empty text clears a field',
    async run(bench) {
      await merge(bench, [record('a@one.example', { f_City: 'Ghent', optin_Newsletter: '1', optin_events: '1' })]);
      await merge(bench, [record('a@one.example', { f_City: '', optin_Newsletter: '0' })]);
      const [found] = await find(bench, 'a@one.example');
      assert.equal(String(found?.optin_Newsletter), '0');
      assert.equal(String(found?.optin_Events), '1');
      assert.isTrue(found?.f_City === null || found?.f_City === '', 'the field is not empty');
    },
  },
  {
    name: 'finds by a field and by the id, nobody with an empty list, and wants $type first',
    async run(bench) {
      const { merged } = await merge(bench, [record('a@one.example', { f_D365Id: 'guid-1' }), record('b@one.example')]);
      assert.equal((await find(bench, 'guid-1', 'f_D365Id')).length, 1);
      assert.equal((await find(bench, String(merged[1]?.IdRecord), 'idContact'))[0]?.f_EMail, 'b@one.example');
      assert.deepEqual(await find(bench, 'c@one.example'), []);
      const { $type, ...others } = clause('f_EMail', 'a@one.example') as Record<string, unknown>;
      for (const Clause of [{ ...others, $type }, { ...others }, { $type, ...others, Field: { Name: 'f_Nickname' } }]) {
        const answer = await bench.call('Contacts.Get', { idProject: bench.projects[0], Clause });
        assert.equal(answer.json?.Success, false, JSON.stringify(Clause));
      }
    },
  },
  {
    name: 'deletes by a clause at most as many as are asked for, counts them, and takes them in again as new',
    async run(bench) {
      const { merged } = await merge(bench, [
        record('a@one.example', { f_City: 'Ghent' }),
        record('b@one.example', { f_City: 'Ghent' }),
        record('c@one.example', { f_City: 'Ghent' }),
      ]);
      assert.equal(await remove(bench, 'A@one.example', { MaxRows: 1 }), 1);
      assert.equal(await remove(bench, 'a@one.example', { MaxRows: 1 }), 0);
      assert.deepEqual(await find(bench, 'a@one.example'), []);
      const wide = { idProject: bench.projects[0], Clause: clause('f_City', 'Ghent'), MaxRows: 1 };
      assert.equal((await bench.call('Contacts.Delete', wide)).json?.DeletedRecords, 1);
      assert.equal((await find(bench, 'Ghent', 'f_City')).length, 1);
      const back = await merge(bench, [record('a@one.example')]);
      assert.equal(back.json?.CreatedRecords, 1);
      assert.isTrue(back.merged[0]?.IdRecord !== merged[0]?.IdRecord, 'it has the former id');
    },
  },
  {
    name: 'deletes everybody who matches when no number is given: the clause alone protects nobody',
    async run(bench) {
      await merge(bench, [
        record('a@one.example', { f_City: 'Ghent' }),
        record('b@one.example', { f_City: 'Ghent' }),
        record('c@one.example', { f_City: 'Lyon' }),
      ]);
      const all = { idProject: bench.projects[0], Clause: clause('f_City', 'ghent') };
      assert.equal((await bench.call('Contacts.Delete', all)).json?.DeletedRecords, 2);
      assert.equal((await find(bench, 'c@one.example')).length, 1);
    },
  },
  {
    name: 'pushes into the unified project, and back into it while a source has somebody',
    async run(bench) {
      const [source, other, unified] = bench.projects;
      await merge(bench, [record('a@one.example', { f_FirstName: 'Ann', optin_Newsletter: '1' })]);
      const [copy] = await find(bench, 'a@one.example', 'f_EMail', unified);
      assert.equal(copy?.f_FirstName, 'Ann');
      assert.deepEqual(await find(bench, 'a@one.example', 'f_EMail', other), []);
      assert.equal(await remove(bench, 'a@one.example', { MaxRows: 1 }, unified), 1);
      assert.equal((await find(bench, 'a@one.example', 'f_EMail', unified)).length, 1, 'it was pushed back');
      await remove(bench, 'a@one.example', { MaxRows: 1 }, source);
      assert.equal((await find(bench, 'a@one.example', 'f_EMail', unified)).length, 1, 'it stays there by itself');
      assert.equal(await remove(bench, 'a@one.example', { MaxRows: 1 }, unified), 1);
      assert.deepEqual(await find(bench, 'a@one.example', 'f_EMail', unified), []);
    },
  },
  {
    name: 'tells fields and opt-ins of a project by their codes, and the projects of the key',
    async run(bench) {
      const { json } = await bench.call('Projects.Get', { idProject: bench.projects[0] });
      const info = json?.ProjectInfo as Record<string, readonly { Code: string }[]>;
      assert.isTrue(info.ProjectFields?.some(({ Code }) => Code === 'EMail') ?? false, 'no address');
      assert.deepEqual(info.OptinFields?.map(({ Code }) => Code) ?? [], ['Newsletter', 'Events']);
      const list = await bench.call('Projects.List', {});
      const ids = ((list.json?.Records ?? []) as { idProject: number }[]).map(({ idProject }) => idProject);
      assert.deepEqual(ids, [...bench.projects]);
    },
  },
  {
    name: 'keeps somebody on the kill file as a contact',
    async run(bench) {
      await merge(bench, [record('a@one.example')]);
      await bench.admin('POST', '/kill-file', { email: 'a@one.example' });
      assert.equal((await find(bench, 'a@one.example')).length, 1);
      assert.equal((await merge(bench, [record('a@one.example')])).merged[0]?.Status, 'Updated');
    },
  },
  {
    name: 'says in the body that there were too many calls',
    async run(bench) {
      await bench.admin('POST', '/faults', [{ kind: '429', times: 1 }]);
      const answer = await bench.call('Projects.Get', { idProject: bench.projects[0] });
      assert.equal(answer.status, 200);
      assert.equal(answer.json?.Success, false);
      assert.match(String(answer.json?.ErrorMessage), /calls/);
    },
  },
];
