import { describe, expect, test } from '@jest/globals';
import { normaliseAddress, sameAddress } from '../../../src/platforms/address.ts';

describe('an address', () => {
  test.each([
    ['capitals and blanks', ' Jan@Person.EXAMPLE ', 'jan@person.example'],
    ['a domain of other letters', 'jan@bücher.example', 'jan@xn--bcher-kva.example'],
    ['composed letters', 'jose\u0301@person.example', 'jos\u00e9@person.example'],
    ['something without an @', ' Nobody ', 'nobody'],
    ['a domain that is none', 'jan@', 'jan@'],
  ])('is normalised: %s', (_name, address, expected) => {
    expect(normaliseAddress(address)).toBe(expected);
  });

  test('is another one when only a part agrees', () => {
    expect(sameAddress('jan@person.example', 'jan2@person.example')).toBe(false);
    expect(sameAddress('jan@person.example', 'JAN@PERSON.example')).toBe(true);
  });
});
