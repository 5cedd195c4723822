/** `connector evidence` as people, programs and spreadsheets read it, and `connector evidence verify`. */
import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { EvidenceLine } from '../../../src/store/evidence.ts';
import type { SealReport } from '../../../src/store/evidence-seals.ts';
import { connector } from '../../support/connector.ts';
import { addPerson, remove } from '../../support/crm-people.ts';

describe('connector evidence', () => {
  const c = connector();

  async function erased(): Promise<string> {
    const person = addPerson(c.world, { firstname: 'Annabella', lastname: 'Smitsema' });
    await c.run('sync');
    remove(c.world, person);
    await c.run('sync');
    return `contact/${person.id}`;
  }

  async function tamper(...statements: string[]): Promise<void> {
    const client = new Client({ connectionString: c.database.url });
    await client.connect();
    try {
      await client.query('alter table evidence disable trigger user');
      for (const statement of statements) await client.query(statement);
      await client.query('alter table evidence enable trigger user');
    } finally {
      await client.end();
    }
  }

  it('tells what was done, when, why and with which answer, as text, JSON and CSV', async () => {
    const record = await erased();

    const [text, json, csv] = [
      await c.run('evidence', record),
      await c.run('evidence', record, '--json'),
      await c.run('evidence', record, '--csv'),
    ];

    expect(text.stdout).toMatch(/main +anonymize +seal 1 +done \(HTTP 204\), rule deleted/);
    const rows = json.json<EvidenceLine[]>();
    expect(rows).toMatchObject([{ act: 'anonymize', rule: 'deleted', members: [record], seal: 1, status: 204 }]);
    const [head, first, ...rest] = csv.stdout.trimEnd().split('\n');
    expect(head).toMatch(/^id,at,target,crm_table,record_id,members,act,rule/);
    expect(first?.split(',')).toHaveLength(head?.split(',').length ?? 0);
    expect(first).toContain(`,${record},anonymize,deleted,change,done,204,`);
    expect(rest).toEqual([]);
    expect(text.stdout + json.stdout + csv.stdout).not.toMatch(/people\.example|Annabella|Smitsema/);
    expect([text.code, json.code, csv.code]).toEqual([0, 0, 0]);
  });

  it('verifies what was sealed at the end of the cycle, and ends with 1 once somebody altered it', async () => {
    await erased();
    const sound = await c.run('evidence', 'verify', '--json');
    const { newest } = sound.json<SealReport>();
    const kept = await c.run('evidence', 'verify', '--contains', newest?.hash ?? '');
    const other = await c.run('evidence', 'verify', '--contains', '0'.repeat(64));

    await tamper(`update evidence set outcome = 'absent' where act = 'anonymize'`);
    const altered = await c.run('evidence', 'verify');
    await tamper('delete from evidence');
    const removed = await c.run('evidence', 'verify');

    expect(sound).toMatchObject({ code: 0 });
    expect(sound.json()).toMatchObject({ sound: true, rows: 1, seals: 1, waiting: 0, findings: [] });
    expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining('the evidence is as it was sealed') });
    expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('seals are missing') });
    expect(altered).toMatchObject({ code: 1, stdout: expect.stringContaining('row 1 (seal 1) was altered') });
    expect(removed).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('row 1 (seal 1) was removed before its time'),
    });
  });
});
