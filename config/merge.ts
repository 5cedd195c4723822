/** Lays a target's overrides over a general table. Pure; null removes an entry. */
import type { OverrideInput, TableInput } from './schema-tables.ts';

export function mergeTables(general: TableInput, override: OverrideInput | undefined): TableInput {
  if (!override) return general;
  const { only: generalOnly, ...rest } = general;
  const only = override.only === undefined ? generalOnly : (override.only ?? undefined);
  return {
    ...rest,
    fields: mergeEntries(general.fields, override.fields),
    permissions: mergeEntries(general.permissions, override.permissions),
    ...(only ? { only } : {}),
    whenOutOfScope: override.whenOutOfScope ?? general.whenOutOfScope,
  };
}

function mergeEntries<T>(
  general: Readonly<Record<string, T>>,
  override: Readonly<Record<string, T | null>>,
): Record<string, T> {
  const merged = Object.entries<T | null>({ ...general, ...override });
  return Object.fromEntries(merged.filter((entry): entry is [string, T] => entry[1] !== null));
}
