/** What only real processes show: two configurations at once, and a target that hangs beside one that works. */
import { setTimeout as delay } from 'node:timers/promises';
import { type SpotlerSimulator, startSpotlerSimulator } from '../../../fixtures/simulators/spotler/index.ts';
import { connector } from '../../support/connector.ts';
import { addPeople, addPerson, contactOf, edit, livePeople } from '../../support/crm-people.ts';

const quick = { dataverse: { pollSeconds: 1 }, worker: { sweepSeconds: 1 } };
const c = connector({ emptyDatabase: true });

/** Looks until it is so; the test's own time limit ends it otherwise. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
}

function writesFrom(source: string) {
  const fields = { firstName: 'firstname', city: { value: source } };
  return { ...quick, tables: { contact: { fields } } };
}

it('two workers with different configurations never take turns: the newer one does everything', async () => {
  await c.configure(writesFrom('the older'));
  const older = c.start('start');
  await older.said(/"msg":"ready"/);
  const people = addPeople(c.world, 5);
  await until(() => people.every((person) => contactOf(c.world, person.email)));
  await c.configure(writesFrom('the newer'));
  const newer = c.start('start');
  await newer.said(/"epoch":2.*"msg":"ready"/);
  await older.said(/CONFIGURATION_SUPERSEDED/);
  await until(() => livePeople(c.world).every((person) => person.properties.city === 'the newer'));
  const before = livePeople(c.world).length;

  const seen: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    for (const person of people) edit(c.world, person, { firstname: `Round ${round}` });
    const late = addPerson(c.world);
    await until(() => contactOf(c.world, late.email));
    await until(() =>
      people.every((person) => contactOf(c.world, person.email)?.properties.firstName === `Round ${round}`),
    );
    seen.push(...livePeople(c.world).map((person) => person.properties.city));
  }
  older.process.kill('SIGTERM');
  newer.process.kill('SIGTERM');
  const codes = [(await older.finished).code, (await newer.finished).code];

  expect(before).toBe(5);
  expect([...new Set(seen)]).toEqual(['the newer']);
  expect(codes).toEqual([0, 0]);
});

describe('two targets', () => {
  let second: SpotlerSimulator;

  beforeEach(async () => {
    second = await startSpotlerSimulator();
  });
  afterEach(() => second.close());

  it.each(['hang', '503'] as const)('one that answers %s delays the other one not at all', async (kind) => {
    const target = (name: string, account: SpotlerSimulator) => ({
      ...{ name, platform: 'spotler', baseUrl: account.baseUrl, ...account.credentials() },
      ...{ requestsPerSecond: 100, callTimeoutSeconds: 100, lateEffectSeconds: 200 },
    });
    // No call to the first one comes to an end within this test.
    c.world.spotler.setFaults([{ kind }]);
    await c.configure({ ...quick, targets: [target('main', c.world.spotler), target('second', second)] });
    const worker = c.start('start');
    await worker.said(/"msg":"ready"/);
    const people = addPeople(c.world, 30);
    await until(() => people.every((person) => second.contactsByEmail(person.email).length === 1));
    edit(c.world, people[0]!, { firstname: 'Later' });
    await until(() => second.contactsByEmail(people[0]!.email)[0]?.properties.firstName === 'Later');

    expect(c.world.spotler.contacts()).toEqual([]);
    expect(second.contacts()).toHaveLength(30);
  });
});
