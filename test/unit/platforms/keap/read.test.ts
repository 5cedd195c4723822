import { expect, it } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import { address, contact, listens, nobodyBy, open, own, reads, searches, signal, watchCalls } from './support.ts';

watchCalls();

it('tells everything of each contact once, whichever way it is found, and asks for every property', async () => {
  reads('5', contact('5'));
  nobodyBy(own);
  searches(`email==${address}`, [contact('5'), contact('6')]);
  const asked = listens('get', '/contacts/5', 200, { id: '5', given_name: 'Jan', notes: 'likes tea' });
  listens('get', '/contacts/6', 404, { code: 404, message: 'gone meanwhile' });

  const ref = { contactKeys: ['keap:5', own], recordIds: [], address: new Personal(address) };
  const found = await open().read!(ref, signal);

  expect(found.map(({ contactKey, data }) => [contactKey, data.reveal()])).toEqual([
    ['keap:5', { id: '5', given_name: 'Jan', notes: 'likes tea' }],
  ]);
  const fields = asked[0]?.url.searchParams.get('fields')?.split(',');
  expect(fields).toEqual(expect.arrayContaining(['notes', 'custom_fields', 'birth_date', 'website', 'job_title']));
  expect(JSON.stringify(found)).not.toContain('tea');
});
