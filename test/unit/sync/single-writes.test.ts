/** What a person is called by in a call that goes out alone. */
import { expect, test } from '@jest/globals';
import { Personal } from '../../../config/words.ts';
import type { ContactRef, Found } from '../../../src/platforms/platform.ts';
import { calledAlso } from '../../../src/sync/single-writes.ts';
import { addressOf, id } from './room.ts';

const person: ContactRef = { contactKeys: ['55'], recordIds: [id(1)], address: new Personal(addressOf(1)) };
const found = (contactKey: string, ...otherKeys: string[]): Found => ({ contactKey, otherKeys, permissions: {} });

test('ids that a look-up told are noted, those that are known already are not', () => {
  expect(calledAlso(person, found('55', '77')).contactKeys).toEqual(['55', '77']);
  expect(calledAlso(person, found('55', id(1)))).toBe(person);
  expect(calledAlso(person, undefined)).toBe(person);
});

test('an id that is noted at another address of the person, who is erased there as well, stays noted there', () => {
  expect(calledAlso(person, found('55', '77'), new Set(['77']))).toBe(person);
  expect(calledAlso(person, found('77', '78'), new Set(['77'])).contactKeys).toEqual(['55', '78']);
});
