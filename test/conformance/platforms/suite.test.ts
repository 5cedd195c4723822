import { describe } from '@jest/globals';
import { addressCases } from './cases-addresses.ts';
import { erasureCases } from './cases-erasure.ts';
import { failureCases } from './cases-failures.ts';
import { permissionCases } from './cases-permissions.ts';
import { setUpCases } from './cases-set-up.ts';
import { writeCases } from './cases-writes.ts';
import { subjects } from './index.ts';

/** Every adapter against its simulator, by one suite. What differs is taken from the adapter's capabilities. */
const named = subjects.map((subject) => ({
  name: `${subject.platform} adapter${subject.variant === undefined ? '' : `, ${subject.variant}`}`,
  subject,
}));

describe.each(named)('the $name', ({ subject }) => {
  writeCases(subject);
  permissionCases(subject);
  erasureCases(subject);
  addressCases(subject);
  setUpCases(subject);
  failureCases(subject);
});
