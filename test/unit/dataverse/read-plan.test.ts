import type { TargetSettings } from '../../../config/settings.ts';
import { wantedOf } from '../../../src/dataverse/read-plan.ts';

const table = { email: 'emailaddress1', fields: {}, permissions: {}, whenOutOfScope: 'ignore' } as const;

function target(tables: object, pilot?: TargetSettings['pilot']): TargetSettings {
  return { tables, ...(pilot ? { pilot } : {}) } as TargetSettings;
}

it('reads the column of a pilot in the tables of its target, and in no other', () => {
  const when = { column: 'new_inpilot', equals: true };
  const settings = {
    tables: { contact: table, lead: table },
    targets: [target({ contact: table, lead: table }), target({ contact: table }, { records: [], when })],
  };

  expect(wantedOf(settings, 'contact').columns).toEqual(['new_inpilot']);
  expect(wantedOf(settings, 'lead').columns).toEqual([]);
});
