/**
 * The Dataverse simulator against a client that nobody here wrote, and that judge against simulators that were broken
 * on purpose; then the wire itself, where that client shows too little.
 */
import { DynamicsWebApi } from 'dynamics-web-api';
import {
  type DataverseSabotage,
  type DataverseSimulator,
  type DataverseSimulatorOptions,
  startDataverseSimulator,
} from '../../fixtures/simulators/dataverse/index.ts';
import { createTokenAuthority } from '../../fixtures/simulators/entra-tokens.ts';
import { type Case, people, trackingCases, writeCases } from './dataverse-judge.ts';
import { crmCases, readCases } from './dataverse-judge-reads.ts';

const cases = [...trackingCases, ...writeCases, ...readCases, ...crmCases];
const applicationId = '9f1c7f0e-3a55-4a8e-9a53-0d3f1b1c2d3e';

interface Started {
  readonly simulator: DataverseSimulator;
  token(): string;
}

async function withSimulator<T>(
  options: Partial<DataverseSimulatorOptions>,
  work: (started: Started) => Promise<T>,
): Promise<T> {
  const tokens = createTokenAuthority();
  const simulator = await startDataverseSimulator({ applicationId, tokens, seed: 1, ...options });
  const claims = { application: applicationId, tenant: 't', resource: simulator.url, issuer: 'https://login.example' };
  const token = tokens.issue(claims, simulator.crm.now(), 30 * 86_400);
  try {
    return await work({ simulator, token: () => token });
  } finally {
    await simulator.close();
  }
}

function judge(one: Case, sabotage?: DataverseSabotage): Promise<void> {
  const options = { ...one.options, ...(sabotage ? { sabotage: [sabotage] } : {}) };
  return withSimulator(options, async ({ simulator, token }) => {
    const client = () =>
      new DynamicsWebApi({ serverUrl: simulator.url, propagateErrors: true, onTokenRefresh: async () => token() });
    await one.run({ simulator, client });
  });
}

describe('the Dataverse simulator', () => {
  it.each(cases)('$name', async (one) => {
    await expect(judge(one)).resolves.toBeUndefined();
  });
});

describe('the judge of the Dataverse simulator', () => {
  it.each<[DataverseSabotage, string]>([
    ['etag-ignored', "an etag that is not the row's any more is a 412 and changes nothing"],
    [
      'delta-without-deletes',
      'a delta tells updates in the order of their versions, then deletes by id only, then nothing',
    ],
    ['deltalink-on-every-page', 'a tracked read comes in pages, with a delta link on the last one only'],
    [
      'unknown-column-accepted',
      'columns that do not exist, values of another type and texts too long are refused in a body',
    ],
    ['no-429', 'each service protection limit is a 429 with its code and Retry-After, and then it passes'],
    ['filter-accepted', 'filter, order, expand and top are refused while changes are tracked'],
    [
      'in-read-forgets-one',
      'a bulk read by In answers the rows that are there, by alias and inline, also five hundred at once',
    ],
  ])('notices the planted fault %s', async (sabotage, noticedBy) => {
    const failed: string[] = [];
    for (const one of cases) await judge(one, sabotage).catch(() => failed.push(one.name));

    expect(failed).toContain(noticedBy);
    expect(failed.length).toBeLessThan(cases.length);
  });
});

describe('the wire of the Dataverse simulator', () => {
  const root = '/api/data/v9.2';

  function get({ simulator, token }: Started, path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${simulator.url}${root}${path}`, { headers: { authorization: `Bearer ${token()}`, ...headers } });
  }

  it('echoes preferences, hints at parallelism and caps a page at 5000 rows', async () => {
    await withSimulator({}, async (started) => {
      people(started.simulator, 5001);
      const prefer = 'odata.track-changes,odata.maxpagesize=9000';

      const answer = await get(started, '/contacts?$select=lastname', { prefer });

      const page = (await answer.json()) as { value: unknown[]; '@odata.nextLink': string };
      expect(answer.headers.get('preference-applied')).toBe('odata.track-changes,odata.maxpagesize=5000');
      expect(answer.headers.get('x-ms-dop-hint')).toMatch(/^\d+$/);
      expect(page.value).toHaveLength(5000);
      expect(decodeURIComponent(page['@odata.nextLink'])).toMatch(
        /\$skiptoken=<cookie pagenumber="2" pagingcookie="[^"]+" istracking="True" \/>$/,
      );
    });
  });

  it('loses the delta link when annotations are asked for on a tracked read, as was reported', async () => {
    await withSimulator({}, async (started) => {
      const prefer = 'odata.track-changes,odata.include-annotations="*"';

      const page = (await (await get(started, '/contacts?$select=lastname', { prefer })).json()) as object;

      expect(page).not.toHaveProperty('@odata.deltaLink');
    });
  });

  it('counts changes by $count with a delta token', async () => {
    await withSimulator({}, async (started) => {
      const [id = ''] = people(started.simulator, 2);
      const first = await get(started, '/contacts?$select=lastname', { prefer: 'odata.track-changes' });
      const { '@odata.deltaLink': link } = (await first.json()) as { '@odata.deltaLink': string };
      started.simulator.crm.delete('contact', id);

      const count = await get(started, `/contacts/$count?${link.slice(link.indexOf('$deltatoken'))}`);

      expect(count.headers.get('content-type')).toBe('text/plain');
      expect(await count.text()).toBe('1');
    });
  });

  it('names authority and resource to somebody without a token', async () => {
    await withSimulator({ authority: 'https://login.example/tenant' }, async ({ simulator }) => {
      const answer = await fetch(`${simulator.url}${root}/`);

      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer authorization_uri=https://login.example/tenant, resource_id=${simulator.url}/`,
      );
    });
  });

  it('takes a URL of 32,768 characters and refuses a longer one', async () => {
    await withSimulator({}, async (started) => {
      const path = `/contacts?$select=lastname&@p=`;
      const room = 32_768 - root.length - path.length;

      const longest = await get(started, path + 'x'.repeat(room));
      const tooLong = await get(started, path + 'x'.repeat(room + 1));

      expect(longest.status).toBe(200);
      expect(tooLong.status).toBe(414);
    });
  });

  it('answers 304 to an etag that still holds', async () => {
    await withSimulator({}, async (started) => {
      const [id = ''] = people(started.simulator, 1);
      const etag = (await get(started, `/contacts(${id})?$select=lastname`)).headers.get('etag') ?? '';

      const same = await get(started, `/contacts(${id})?$select=lastname`, { 'if-none-match': etag });

      expect(same.status).toBe(304);
    });
  });

  it.each([
    ['a CRLF before the first boundary, unquoted', '\r\n', 'boundary=b1'],
    ['no CRLF, quoted', '', 'boundary="b1"'],
  ])('reads a batch with %s, and ends at the first failure with a 400', async (_, lead, boundary) => {
    await withSimulator({}, async ({ simulator, token }) => {
      const [id = ''] = people(simulator, 1);
      const part = (target: string) =>
        [
          '--b1',
          'Content-Type: application/http',
          'Content-Transfer-Encoding: binary',
          '',
          `GET ${target} HTTP/1.1`,
          'Accept: application/json',
          '',
          '',
        ].join('\r\n');
      const parts = [
        `${simulator.url}${root}/contacts(${id})?$select=lastname`,
        `${root}/contacts?$select=nosuchcolumn`,
        'contacts',
      ];
      const answer = await fetch(`${simulator.url}${root}/$batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token()}`, 'content-type': `multipart/mixed;${boundary}` },
        body: `${lead}${parts.map(part).join('\r\n')}\r\n--b1--\r\n`,
      });

      const text = await answer.text();

      expect(answer.status).toBe(400);
      expect(text.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
      expect(text).toMatch(/^--batchresponse_[0-9a-f-]{36}\r\n/);
    });
  });

  it('resolves $1 inside a change set and refuses an id that is not there', async () => {
    await withSimulator({}, async ({ simulator, token }) => {
      const send = (reference: string) => {
        const operation = (id: number, method: string, target: string, body: object) =>
          [
            '--c1',
            'Content-Type: application/http',
            'Content-Transfer-Encoding: binary',
            `Content-ID: ${id}`,
            '',
            `${method} ${target} HTTP/1.1`,
            'Content-Type: application/json',
            '',
            JSON.stringify(body),
          ].join('\r\n');
        const operations = [
          operation(1, 'POST', `${root}/accounts`, { name: 'Linden' }),
          operation(2, 'POST', `${root}/contacts`, {
            lastname: 'Vos',
            'parentcustomerid_account@odata.bind': reference,
          }),
        ];
        return fetch(`${simulator.url}${root}/$batch`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token()}`, 'content-type': 'multipart/mixed; boundary="b1"' },
          body: `--b1\r\nContent-Type: multipart/mixed; boundary=c1\r\n\r\n${operations.join('\r\n')}\r\n--c1--\r\n--b1--\r\n`,
        });
      };

      const good = await send('$1');
      const bad = await send('$7');

      expect(await good.text()).toMatch(/--changesetresponse_[\s\S]*HTTP\/1\.1 204[\s\S]*HTTP\/1\.1 204/);
      expect(bad.status).toBe(400);
      expect(await bad.text()).toContain("Content-ID Reference: '$7' does not exist in the batch context.");
      const accounts = simulator.crm.store.table('account').rows.size;
      expect(accounts).toBe(1);
    });
  });

  it('is counted by kind, without ids', async () => {
    await withSimulator({}, async (started) => {
      const [id = ''] = people(started.simulator, 3);
      const prefer = 'odata.track-changes,odata.maxpagesize=2';
      const first = await get(started, '/contacts?$select=lastname', { prefer });
      const { '@odata.nextLink': next } = (await first.json()) as { '@odata.nextLink': string };
      const follow = async (link: string) =>
        (await (await fetch(link, { headers: { authorization: `Bearer ${started.token()}` } })).json()) as Record<
          string,
          string
        >;
      const last = await follow(next);
      await follow(last['@odata.deltaLink'] ?? '');
      await get(started, `/contacts(${id})`);
      await get(
        started,
        `/contacts?$filter=Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['${id}'])`,
      );
      await get(started, '/WhoAmI');

      expect(started.simulator.counts()).toEqual({
        'tracked contacts': 2,
        'delta contacts': 1,
        'read contacts': 1,
        'bulk contacts': 1,
        whoAmI: 1,
      });
    });
  });

  it('does over its admin interface what a CRM user does', async () => {
    await withSimulator({}, async ({ simulator }) => {
      const admin = async (method: string, path: string, body?: object) => {
        const answer = await fetch(`${simulator.adminUrl}${path}`, {
          method,
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      };
      const { body } = await admin('POST', '/rows', { table: 'contact', rows: [{ lastname: 'A' }, { lastname: 'B' }] });
      const [first, second] = body.ids as string[];

      await admin('POST', '/merge', { table: 'contact', targetId: first, subordinateId: second });
      const merged = await admin('GET', `/rows?table=contact&id=${second}`);
      const refused = await admin('POST', '/create', { table: 'contact', values: { nosuchcolumn: 1 } });
      const note = { subject: 'About A', objectid: { table: 'contact', id: first } };
      await admin('POST', '/create', { table: 'annotation', values: note });
      await admin('POST', '/create', { table: 'annotation', values: { subject: 'About nobody' } });
      const notes = await admin('GET', `/rows?table=annotation&objectid=${first}`);
      const unasked = await admin('GET', '/rows?table=annotation&nosuchcolumn=1');

      expect(notes.body).toEqual([expect.objectContaining({ subject: 'About A' })]);
      expect(unasked.status).toBe(400);
      expect(merged.body).toMatchObject({ merged: true, statecode: 1, masterid: { table: 'contact', id: first } });
      expect(refused.status).toBe(400);
    });
  });
});
