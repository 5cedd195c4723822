import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KeapSimulator, type Sabotage, startKeapSimulator } from '../../fixtures/simulators/keap/index.ts';
import { driveAdapter, driveThrottled } from './keap-drive.ts';
import { type Judged, type Prism, startPrism } from './keap-prism.ts';

/**
 * The vendor's own description of Keap as the judge, read by Prism: of every request our adapter sends and of every
 * answer of the simulator. The description is the vendor's and stays out of the repository: KEAP_OPENAPI names the file.
 */
const file = process.env.KEAP_OPENAPI;

/** Every kind of request that the adapter has. */
const kinds = [
  'DELETE /rest/v2/contacts/{contact_id}',
  'GET /rest/v2/contacts',
  'GET /rest/v2/contacts/model',
  'GET /rest/v2/contacts/{contact_id}',
  'GET /rest/v2/emailAddresses/{email}/status',
  'PATCH /rest/v2/contacts/{contact_id}',
  'PATCH /rest/v2/emailAddresses/{email}/status',
  'POST /rest/v2/contacts',
];

if (file === undefined) {
  process.stdout.write('Keap: KEAP_OPENAPI is not set, so Prism judged nothing: skipped.\n');
}
const judgedBy = file === undefined ? describe.skip : describe;

judgedBy('the vendor’s description of Keap, by Prism', () => {
  let simulator: KeapSimulator;
  let prism: Prism;

  beforeAll(async () => {
    simulator = await startKeapSimulator();
    prism = await startPrism(String(file), `${simulator.url}/crm`);
  });

  afterAll(async () => {
    await prism?.close();
    await simulator?.close();
  });

  it('has nothing against any request of the adapter or any answer of the simulator', async () => {
    const outcomes = await driveAdapter(simulator, prism.baseUrl);

    const { judged } = prism;
    const statuses = [...new Set(judged.map(({ status }) => status))].sort((left, right) => left - right);
    process.stdout.write(
      `Keap: Prism judged ${judged.length} exchanges of ${new Set(judged.map(({ kind }) => kind)).size} kinds, ` +
        `statuses ${statuses.join(', ')}: ${problemsOf(judged).length} violations.\n`,
    );
    expect(problemsOf(judged)).toEqual([]);
    expect([...new Set(judged.map(({ kind }) => kind))].sort()).toEqual(kinds);
    expect(statuses).toEqual([200, 201, 204, 400, 401, 403, 404, 500]);
    expect(outcomes).toEqual({
      'nobody there': 'true',
      check: 'all ok',
      new: 'done',
      again: 'done',
      raised: 'done',
      moved: 'done',
      'raised in vain': 'done STAYS_OPTED_OUT',
      found: '{"marketing":false}',
      reset: 'done',
      set: 'rejected',
      'too long': 'rejected',
      refused: 'rejected',
      redacted: 'suppressed',
      nobody: 'absent',
      'found among many': '{"marketing":false}',
      anonymized: 'done',
      'anonymized again': 'absent',
      'wrong key': 'throws config KEAP_NOT_AUTHORIZED',
      outage: 'throws retry HTTP_500',
    });
  });

  it('knows no 429, which Keap answers all the same: the one exception', async () => {
    const before = prism.judged.length;

    const outcome = await driveThrottled(simulator, prism.baseUrl);

    const throttled = prism.judged.slice(before);
    expect(outcome).toBe('throws wait HTTP_429');
    expect(throttled.map(({ status }) => status)).toEqual([429]);
    expect(problemsOf(throttled)).toEqual([expect.stringMatching(/^429 .*Warning.*returned status code/)]);
  });

  it.each<[Sabotage, RegExp]>([
    ['numericIds', /must be string|Too many violations/],
    ['unknownStatus', /status must be equal to one of the allowed values/],
  ])('notices the planted fault %s', async (sabotage, violation) => {
    const broken = await startKeapSimulator({ sabotage: [sabotage] });
    const judge = await startPrism(String(file), `${broken.url}/crm`);
    try {
      await driveAdapter(broken, judge.baseUrl).catch(() => undefined);

      expect(problemsOf(judge.judged).join('\n')).toMatch(violation);
    } finally {
      await judge.close();
      await broken.close();
    }
  });

  it('notices a request without the reason that it needs, and a property that cannot be masked', async () => {
    const headers = { authorization: `Bearer ${simulator.apiKey()}`, 'content-type': 'application/json' };
    const patch = (path: string, body: object) =>
      fetch(`${prism.baseUrl}${path}`, { method: 'PATCH', headers, body: JSON.stringify(body) });

    const answers = [
      await patch('/emailAddresses/x%40one.example/status', { opted_in: false }),
      await patch('/contacts/1?update_mask=nickname', { given_name: 'x' }),
      await patch('/contacts/1?update_mask=given_name', { given_name: 'x'.repeat(41) }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
  });
});

function problemsOf(judged: readonly Judged[]): string[] {
  return [
    ...new Set(judged.flatMap(({ kind, status, violations }) => violations.map((one) => `${status} ${kind}: ${one}`))),
  ];
}
