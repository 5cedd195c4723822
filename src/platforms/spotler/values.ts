/**
 * A profile's values as Spotler wants them. Pure. The address goes into `email`, a cleared property as the setting says,
 * a date without its time; everything else as it is.
 * wire: spotler.md B.4 (birth date `Y-m-d`); how a property is cleared is not documented.
 */
import type { FieldValue, PermissionBits, UpsertItem } from '../platform.ts';
import type { BitValue, Catalogue } from './discovery.ts';
import type { SpotlerSettings } from './settings.ts';

export function propertiesOf(
  item: UpsertItem,
  permissions: readonly BitValue[],
  catalogue: Catalogue,
  clearWith: SpotlerSettings['clearWith'],
): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(item.fields.reveal())) {
    properties[name] = asSpotlerTakesIt(value, catalogue.properties.get(name)?.type, clearWith);
  }
  properties.email = item.address.reveal();
  if (permissions.length > 0) properties.permissions = permissions;
  return properties;
}

function asSpotlerTakesIt(
  value: FieldValue,
  type: string | undefined,
  clearWith: SpotlerSettings['clearWith'],
): FieldValue {
  if (value === null) return clearWith === 'null' ? null : '';
  const isDay = type === 'date' || type === 'birthdate';
  return isDay && typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value) ? value.slice(0, 10) : value;
}

/**
 * The permissions for a contact that is there already: what is to change, and for one that we never wrote also each
 * false of the CRM. No permission becomes true but by `permissionsOnUpdate`.
 */
export function permissionsOnExisting(item: UpsertItem): PermissionBits {
  if (item.known) return item.permissionsOnUpdate;
  const lowered = Object.entries(item.permissionsOnCreate).filter(([, enabled]) => !enabled);
  return { ...Object.fromEntries(lowered), ...item.permissionsOnUpdate };
}
