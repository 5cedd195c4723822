/**
 * One address in capitals, in two Unicode forms and with an IDN domain in both of its forms is one address. The account
 * takes addresses in ASCII only: a row with another spelling is parked with that reason, and the person is the same.
 */
import { expect, test } from '@jest/globals';
import { addPerson, anonymizedCount, edit, ledgerOf, livePeople, writes } from '../../support/crm-people.ts';
import { scenario } from '../../support/scenario.ts';

const scene = scenario();
const plain = 'jose@xn--bcher-kva.example';
const spellings = [
  ['capitals', 'Jose@XN--BCHER-KVA.Example'],
  ['letters in the domain', 'jose@bücher.example'],
  ['the other Unicode form of them', 'jose@bücher.example'.normalize('NFD')],
  ['blanks around it', `  ${plain}  `],
  ['all of it', ' JOSE@BU\u0308CHER.EXAMPLE'],
] as const;

test.each(spellings)('%s: two records are one person', async (_how, spelling) => {
  const { world } = scene;
  const contact = addPerson(world, { emailaddress1: plain });
  addPerson(world, { emailaddress1: spelling }, 'lead');
  const worker = await scene.open();
  await worker.settle();
  expect(livePeople(world)).toMatchObject([{ externalId: contact.id }]);
  expect(writes(world)).toEqual({ 'POST /contact/list': 1 });
  expect(await worker.query('select distinct email_key from record')).toHaveLength(1);
});

test.each(spellings)(
  '%s: a changed spelling erases nobody, and an erasure by it finds the person',
  async (_how, spelling) => {
    const { world } = scene;
    const person = addPerson(world, { emailaddress1: plain });
    const worker = await scene.open();
    await worker.settle();
    edit(world, person, { emailaddress1: spelling });
    await worker.settle();
    expect(anonymizedCount(world)).toBe(0);
    expect(livePeople(world)).toHaveLength(1);
    const key = worker.core.keyring.emailKey(spelling);
    expect(await worker.query('select 1 from record where email_key = $1', [key])).toHaveLength(1);
    await worker.core.store.suppressions.add('address', key, 'tester');
    edit(world, person, { emailaddress1: plain, firstname: 'Once more' });
    await worker.settle();
    expect(livePeople(world)).toEqual([]);
    expect(await ledgerOf(worker, person)).toMatchObject({ rule: 'suppressed', state: 'anonymized' });
  },
);
