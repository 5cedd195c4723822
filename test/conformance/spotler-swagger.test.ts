import { readFileSync } from 'node:fs';
import { type SpotlerSimulator, startSpotlerSimulator } from '../../fixtures/simulators/spotler/index.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { independentClient } from './spotler-client.ts';
import { driveAdapter } from './spotler-drive.ts';
import { contact } from './spotler-judge.ts';
import { createJudge, type DocumentedException, type Exchange } from './swagger-1.2.ts';

/**
 * The vendor's own description of Spotler as the judge: of the simulator's answers, and of every request our adapter
 * sends. The description is the vendor's and stays out of the repository: SPOTLER_SWAGGER names the file.
 */
const file = process.env.SPOTLER_SWAGGER;

/** What the description of 2022 lacks, and where else it is documented. */
const exceptions: readonly DocumentedException[] = [
  {
    method: 'PUT',
    path: '/contact/anonymize/{externalId}',
    status: 410,
    source: 'AutomateValue Spotler Connector manual, "Anonymizing (GDPR)": 410 Gone is the expected success',
  },
];

/** Every operation of the contact resource that the simulator has. */
const simulated = [
  'GET /contact/properties/list',
  'GET /contact/{externalId}',
  'PUT /contact/{externalId}',
  'POST /contact/list',
  'POST /contact',
  'PUT /contact/anonymize/{externalId}',
  'GET /contact/updates/list',
  'GET /contact/search',
];

if (file === undefined) {
  describe("the vendor's description of Spotler", () => {
    it('was not asked: SPOTLER_SWAGGER names no file', () => {
      process.stdout.write('skipped: SPOTLER_SWAGGER is not set\n');

      expect(process.env.SPOTLER_SWAGGER).toBeUndefined();
    });
  });
} else {
  describe("the vendor's description of Spotler", () => {
    const description: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const judge = createJudge(description, exceptions);
    let recorder: Recorder;
    let simulator: SpotlerSimulator;

    beforeEach(async () => {
      recorder = createRecorder('/integrationservice');
      simulator = await startSpotlerSimulator({ observe: (request, response) => recorder.observe(request, response) });
    });

    afterEach(() => simulator.close());

    it('finds the requests of an independent client and every answer of the simulator valid', async () => {
      await walk(simulator);

      expect(recorder.problems(judge)).toEqual([]);
      expect(recorder.operations(judge).sort()).toEqual([...simulated].sort());
      expect(new Set(recorder.exchanges.map(({ status }) => status))).toEqual(new Set([200, 204, 400, 404]));
    });

    it('knows 410 only as an exception', async () => {
      simulator.setOptions({ anonymizeStatus: 410, secondAnonymizeStatus: 410 });
      await walk(simulator);

      expect(recorder.problems(judge)).toEqual([]);
      expect(recorder.problems(createJudge(description))).toEqual([
        'PUT /contact/anonymize/{externalId} answer: status 410 is not described',
      ]);
    });

    it('notices a simulator that answers lists in another form', async () => {
      simulator.setOptions({ sabotage: ['bareListOnNewPath'] });
      await walk(simulator);

      expect(recorder.problems(judge).join('\n')).toMatch(
        /GET \/contact\/search answer: answer is no ContactsResponse/,
      );
    });

    it.each<[string, string, (exchange: Exchange) => Exchange]>([
      ['200 for 204', 'POST /contact', (exchange) => ({ ...exchange, status: 200 })],
      ['a body with 204', 'POST /contact', (exchange) => ({ ...exchange, answerBody: '{}' })],
      ['a code that is not enumerated', 'POST /contact/list', change('"OK"', '"FINE"')],
      ['an error without its type', 'PUT /contact/{externalId}', change('errorType', 'error')],
      ['a property of unknown type', 'GET /contact/properties/list', change('"type":"string"', '"type":"text"')],
      ['a contact without its id', 'GET /contact/{externalId}', change('"externalId"', '"extId"')],
      ['epoch dates', 'GET /contact/search', change(/"created":"[^"]*"/, '"created":1767225600000')],
    ])('notices %s', async (_what, operation, spoil) => {
      await walk(simulator);
      const spoilt = recorder.exchanges.filter((exchange) => judge.operationOf(exchange) === operation).map(spoil);

      expect(spoilt.flatMap((exchange) => judge.problems(exchange))).not.toEqual([]);
    });

    it('finds every request our adapter sends valid, and every answer it got', async () => {
      const outcomes = await driveAdapter(simulator, simulator.baseUrl);

      expect(recorder.problems(judge)).toEqual([]);
      expect(recorder.operations(judge)).toEqual(
        expect.arrayContaining([
          'GET /contact/properties/list',
          'GET /contact/{externalId}',
          'PUT /contact/{externalId}',
          'POST /contact/list',
          'PUT /contact/anonymize/{externalId}',
          'GET /contact/search',
        ]),
      );
      expect(outcomes).toMatchObject({
        fresh: ['done', 'rejected'],
        again: ['done'],
        found: { contactKey: 'key-1' },
        reset: 'done',
        set: 'done',
        moved: ['done'],
        unknown: ['absent'],
        erased: 'done',
        erasedAgain: 'absent',
        gone: undefined,
      });
    });

    it('sees the same outcomes over the path of version 1.1.0', async () => {
      const unversioned = await driveAdapter(simulator, simulator.baseUrl);
      const other = await startSpotlerSimulator();
      try {
        expect(await driveAdapter(other, other.versionedBaseUrl)).toEqual(unversioned);
      } finally {
        await other.close();
      }
    });
  });
}

function change(from: string | RegExp, to: string) {
  return (exchange: Exchange): Exchange => ({ ...exchange, answerBody: exchange.answerBody.replace(from, to) });
}

/** Every simulated operation, in good and in bad, with valid requests only. */
async function walk(simulator: SpotlerSimulator): Promise<void> {
  simulator.addContacts([{ properties: { email: 'early@one.example' }, permissions: { Events: true }, opens: 3 }]);
  const { call } = independentClient(simulator.baseUrl, simulator.credentials());
  const upsert = { update: true, purge: false };
  await call('GET', '/contact/properties/list');
  await call('POST', '/contact', contact('a', { email: 'a@one.example', firstName: 'Ann' }));
  await call('POST', '/contact', contact('a', { email: 'a@one.example' }));
  await call('POST', '/contact', contact('b', { email: 'nonsense' }));
  await call('POST', '/contact', contact('b', { shoeSize: 44 }));
  const rows = ['a', 'b', 'c'].map((id) => ({
    externalId: id,
    properties: { email: `${id}@one.example`, gender: 'F' },
  }));
  await call('POST', '/contact/list', { contacts: rows });
  await call('POST', '/contact/list', {
    ...upsert,
    contacts: [...rows, { externalId: 'd', properties: { email: '' } }],
  });
  const many = Array.from({ length: 101 }, (_, index) => ({ externalId: `m${index}`, properties: {} }));
  await call('POST', '/contact/list', { ...upsert, contacts: many });
  await call('PUT', '/contact/a', contact('a', { permissions: [{ bit: 4, enabled: true }] }, upsert));
  await call('PUT', '/contact/a', contact('a', { birthday: 'soon' }));
  await call('PUT', '/contact/nobody', contact('nobody', {}));
  await call('GET', '/contact/a');
  await call('GET', '/contact/nobody');
  for (const email of ['a@one.example', 'early@one.example', 'nobody@one.example']) {
    await call('GET', `/contact/search?pageSize=10&MPSearchQuery=${encodeURIComponent(`email=${email}`)}`);
  }
  const period = 'fromDate=2000-01-01T00:00:00&toDate=2100-01-01T00:00:00';
  await call('GET', `/contact/updates/list?${period}&pageSize=2`);
  await call('GET', `/contact/updates/list?${period}&pageSize=2&after=2`);
  await call('PUT', '/contact/anonymize/a');
  await call('PUT', '/contact/anonymize/a');
  await call('PUT', '/contact/anonymize/nobody');
}
