/**
 * Which permission may become what. Guarantees: a permission becomes true only on a contact that is created, from the
 * CRM's value and unless an opt-out there is remembered; or because the CRM's value itself was seen to change from
 * not-true to true; or because it was true before a reset and the CRM still says so. Everything else only lowers. Pure.
 */
import type { PermissionBits } from '../platforms/platform.ts';

type Bits = PermissionBits | undefined;

function pick(crm: PermissionBits, keep: (name: string, value: boolean) => boolean | undefined): PermissionBits {
  const result: Record<string, boolean> = {};
  for (const [name, value] of Object.entries(crm)) {
    const bit = keep(name, value);
    if (bit !== undefined) result[name] = bit;
  }
  return result;
}

/**
 * For a contact that will be new there. `before` are bits remembered from an earlier life of this person on the target
 * (before an anonymization, or at their former address); `lastApplied` the CRM's values at that time. A bit that was
 * down although the CRM had granted it was an opt-out there, and holds.
 */
export function permissionsForNew(crm: PermissionBits, before: Bits, lastApplied: Bits): PermissionBits {
  return pick(crm, (name, value) => {
    const remembered = before?.[name];
    const grantedSince = lastApplied?.[name] === false;
    return value && (remembered === undefined || remembered || grantedSince);
  });
}

/** For a contact that is there: CRM false lowers; true only where the CRM's value was seen to change to true. */
export function permissionsForExisting(crm: PermissionBits, lastApplied: Bits): PermissionBits {
  return pick(crm, (name, value) => (value ? (lastApplied?.[name] === false ? true : undefined) : false));
}

/** Names that the CRM was seen to change from not-true to true. */
export function raised(crm: PermissionBits, lastApplied: Bits): string[] {
  return Object.entries(crm).flatMap(([name, value]) => (value && lastApplied?.[name] === false ? [name] : []));
}

/** Names that go down: those that the CRM's value of last time had not put down already. */
export function loweredBy(update: PermissionBits, lastApplied: Bits): string[] {
  return Object.entries(update).flatMap(([name, value]) => (!value && lastApplied?.[name] !== false ? [name] : []));
}

/** For leaving a reset or a hold: `before AND CRM`, never more. */
export function permissionsRestored(crm: PermissionBits, before: Bits): PermissionBits {
  return pick(crm, (name, value) => value && before?.[name] === true);
}

export function allFalse(crm: PermissionBits): PermissionBits {
  return pick(crm, () => false);
}
