import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../../../config/words.ts';
import type { FieldValue } from '../../../../src/platforms/platform.ts';
import { differences } from '../../../../src/platforms/spotler/differences.ts';
import { address, guid } from './support.ts';

function differing(fields: Record<string, FieldValue>, data: Record<string, unknown>, contactKey: string = guid(1)) {
  const held = { contactKey, data: new Personal({ email: address, ...data }) };
  return differences(held, { contactKey: guid(1), address: new Personal(address), fields: new Personal(fields) });
}

describe('a contact is compared with what we would write', () => {
  test.each([
    ['the same text', 'Jan', 'Jan'],
    ['text with blanks around it', ' Jan ', 'Jan'],
    ['nothing, which is not shown', null, undefined],
    ['nothing, cleared as empty text', null, ''],
    ['a number shown as text', 7, '7'],
    ['a day shown with a time', '1980-02-03', '1980-02-03T00:00:00+01:00'],
    ['a moment shown as a day', '1980-02-03T10:00:00Z', '1980-02-03'],
    ['a date shown as a number', '1980-02-03', 318_000_000_000],
    ['no, which is not shown', false, undefined],
    ['a set, which is compared by its bits', 'x', [{ bit: 1, enabled: true }]],
  ])('%s is no difference', (_what, wanted, held) => {
    expect(differing({ city: wanted }, { city: held })).toEqual([]);
  });

  test.each([
    ['another text', 'Jan', 'Piet'],
    ['a value that is gone', 'Jan', undefined],
    ['a value that should be gone', null, 'Jan'],
    ['another day', '1980-02-03', '1980-02-04'],
    ['yes that is gone', true, undefined],
  ])('%s is told by name', (_what, wanted, held) => {
    expect(differing({ city: wanted, firstName: 'A' }, { city: held, firstName: 'A' })).toEqual(['city']);
  });

  test('so are another address and another external id', () => {
    expect(differing({}, { email: 'other@people.example' })).toEqual(['address']);
    expect(differing({}, { email: undefined })).toEqual(['address']);
    expect(differing({}, { email: address.toUpperCase() }, guid(1).toUpperCase())).toEqual([]);
    expect(differing({}, {}, guid(2))).toEqual(['externalId']);
  });
});
