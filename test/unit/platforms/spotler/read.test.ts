import { expect, test } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import { address, answers, contact, discovers, guid, notFound, open, searches, signal, watchCalls } from './support.ts';

watchCalls();

test('tells everything of each contact once, with permissions by name, and those without an external id', async () => {
  const [known, unknown] = [guid(1), guid(2)];
  const held = { ...contact(known, [1]), properties: { ...contact(known, [1]).properties, firstName: 'Jan' } };
  discovers();
  answers('get', `/contact/${known}`, 200, held);
  answers('get', `/contact/${unknown}`, 404, notFound);
  searches([held, contact(null)]);

  const ref = { contactKeys: [known], recordIds: [unknown], address: new Personal(address) };
  const found = await open().read!(ref, signal);

  expect(found.map(({ contactKey, data }) => [contactKey, data.reveal()])).toEqual([
    [known, expect.objectContaining({ email: address, firstName: 'Jan', permissions: expect.any(Object) })],
    [undefined, expect.objectContaining({ email: address })],
  ]);
  expect(Object.values(found[0]?.data.reveal().permissions as object)).toContain(true);
  expect(JSON.stringify(found)).not.toContain(address);
});
