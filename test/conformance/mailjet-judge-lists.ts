/** Cases about lists, subscriptions and jobs. wire: platforms.md 1.3, 1.4. */
import { assert } from './expectations.ts';
import type { Answer } from './mailjet-client.ts';
import { type Bench, type Case, create, read } from './mailjet-judge.ts';

const email = 'jan@one.example';

async function listId({ client }: Bench, name: string): Promise<number> {
  const lists = (await client.call('get', 'contactslist', { params: { Limit: 1000 } })).data;
  return Number(lists.find(({ Name }) => Name === name)?.ID);
}

function manage({ client }: Bench, id: number, list: number, action: string): Promise<Answer> {
  const body = { ContactsLists: [{ ListID: list, Action: action }] };
  return client.call('post', 'contact', { id, action: 'managecontactslists', body });
}

/** Lists of a contact by id, with whether the person unsubscribed. */
async function subscriptions({ client }: Bench, id: number): Promise<Record<string, unknown>> {
  const { data } = await client.call('get', 'contact', { id, action: 'getcontactslists' });
  return Object.fromEntries(data.map(({ ListID, IsUnsub }) => [String(ListID), IsUnsub]));
}

/** Starts a job and looks at it until it has ended. */
async function importMany({ client }: Bench, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const started = await client.call('post', 'contact', { action: 'managemanycontacts', body });
  const job = Number(started.data[0]?.JobID);
  assert.isTrue(job > 0, 'a job has a number');
  for (let looks = 0; looks < 10; looks += 1) {
    const [state] = (await client.call('get', 'contact', { action: 'managemanycontacts', actionId: job })).data;
    if (['Completed', 'Error', 'Abort'].includes(String(state?.Status))) return { ...state, JobID: job };
  }
  throw new Error('the job does not end');
}

export const listCases: readonly Case[] = [
  {
    name: 'subscribes by addnoforce and leaves by unsub and remove',
    async run(bench) {
      const id = await create(bench, email);
      const list = await listId(bench, 'Newsletter');
      assert.equal((await manage(bench, id, list, 'addnoforce')).status, 201);
      assert.deepEqual(await subscriptions(bench, id), { [list]: false });
      await manage(bench, id, list, 'unsub');
      assert.deepEqual(await subscriptions(bench, id), { [list]: true });
      await manage(bench, id, list, 'remove');
      assert.deepEqual(await subscriptions(bench, id), {});
    },
  },
  {
    name: 'keeps who unsubscribed unsubscribed under addnoforce; only addforce overrides it',
    async run(bench) {
      const id = await create(bench, email);
      const list = await listId(bench, 'Newsletter');
      await manage(bench, id, list, 'unsub');
      await manage(bench, id, list, 'addnoforce');
      assert.deepEqual(await subscriptions(bench, id), { [list]: true });
      await manage(bench, id, list, 'addforce');
      assert.deepEqual(await subscriptions(bench, id), { [list]: false });
    },
  },
  {
    name: 'refuses a list that is not there, and nobody, each in its way',
    async run(bench) {
      const id = await create(bench, email);
      const list = await listId(bench, 'Newsletter');
      // The vendor's client stumbles over a message that is an object.
      const actions = { ContactsLists: [{ ListID: 4711, Action: 'addnoforce' }] };
      const wrong = await bench.plain('POST', `/v3/REST/contact/${id}/managecontactslists`, actions);
      assert.equal(wrong.status, 400);
      assert.match(wrong.text, /listID missing or not valid/);
      const nobody = await manage(bench, 4711, list, 'addnoforce');
      assert.equal(nobody.status, 404);
      assert.equal(nobody.message, 'Object not found');
    },
  },
  {
    name: 'shows the properties with their types',
    async run({ client }) {
      const { data } = await client.call('get', 'contactmetadata', { params: { Limit: 1000 } });
      const types = Object.fromEntries(data.map(({ Name, Datatype }) => [String(Name), Datatype]));
      assert.equal(types.firstname, 'str');
      assert.equal(types.birthday, 'datetime');
    },
  },
  {
    name: 'writes many by a job, creates and updates by address, clears by null',
    async run(bench) {
      const id = await create(bench, email, { Name: 'Jan' });
      await bench.client.call('put', 'contactdata', { id, body: { Data: [{ Name: 'company', Value: 'ACME' }] } });
      const list = await listId(bench, 'Newsletter');
      const state = await importMany(bench, {
        Contacts: [
          { Email: 'Jan@one.example', Properties: { firstname: 'Jan', company: null } },
          { Email: 'zoe@one.example', Name: 'Zoë', IsExcludedFromCampaigns: 'true' },
        ],
        ContactsLists: [{ ListID: list, Action: 'addnoforce' }],
      });
      assert.equal(state.Status, 'Completed');
      assert.equal(state.Count, 2);
      const [entry] = (await bench.client.call('get', 'contactdata', { id })).data;
      assert.deepEqual(entry?.Data, [{ Name: 'firstname', Value: 'Jan' }]);
      const zoe = await read(bench, 'zoe@one.example');
      assert.equal(zoe?.Name, 'Zoë');
      assert.equal(zoe?.IsExcludedFromCampaigns, true);
      assert.isTrue(Number(zoe?.ID) > id, 'ids grow, also by a job');
      assert.deepEqual(await subscriptions(bench, id), { [list]: false });
      assert.equal((await read(bench, id))?.Name, 'Jan');
    },
  },
  {
    name: 'names whom a job could not take in its error file, and takes the others',
    async run(bench) {
      const state = await importMany(bench, {
        Contacts: [
          { Email: 'a@one.example' },
          { Email: 'b@one.example', Properties: { birthday: 'in spring' } },
          { Email: 'nobody' },
        ],
      });
      assert.isTrue(state.ErrorFile !== '', 'it has an error file');
      const path = `/v3/DATA/batchjob/${String(state.JobID)}/JSONError/application:json/LAST`;
      const file = await bench.plain('GET', path);
      assert.equal(file.status, 200);
      assert.match(file.text, /b@one\.example/);
      assert.isTrue(!file.text.includes('a@one.example'), 'it names nobody who was taken');
      assert.equal((await bench.client.call('get', 'contact')).count, 1);
    },
  },
];
