/**
 * Which bit of Spotler's set property `permissions` a mapped permission is. Pure. A permission is found by its
 * description once and stays with its bit afterwards: a renamed description keeps its consent and is reported.
 * wire: spotler.md B.4 ("renaming the permission description breaks consent sync").
 */
import type { PermissionEntry } from './schema.ts';

export interface BindingProblem {
  readonly code: 'SPOTLER_PERMISSION_RENAMED' | 'SPOTLER_PERMISSION_UNKNOWN' | 'SPOTLER_PERMISSION_AMBIGUOUS';
  /** The name in our configuration. */
  readonly permission: string;
  readonly message: string;
  readonly mend: string;
}

export interface Binding {
  readonly bits: Readonly<Record<string, number>>;
  readonly problems: readonly BindingProblem[];
}

/** @param remembered what an earlier binding said; names that are no longer mapped are ignored */
export function bindPermissions(
  names: readonly string[],
  entries: readonly PermissionEntry[],
  remembered: Readonly<Record<string, number>>,
): Binding {
  const bits: Record<string, number> = {};
  const problems: BindingProblem[] = [];
  const taken = new Map<number, string>();

  for (const name of names) {
    const bit = Object.hasOwn(remembered, name) ? remembered[name] : undefined;
    const entry = entries.find((candidate) => candidate.bit === bit);
    if (bit === undefined || entry === undefined) continue;
    bits[name] = bit;
    taken.set(bit, name);
    if (!sameName(entry.description, name)) problems.push(renamed(name, bit, entry.description));
  }

  for (const name of names) {
    if (Object.hasOwn(bits, name)) continue;
    const matches = entries.filter((entry) => sameName(entry.description, name));
    const [match] = matches;
    if (match === undefined) {
      problems.push(unknown(name, entries));
    } else if (matches.length > 1 || taken.has(match.bit)) {
      problems.push(ambiguous(name, taken.get(match.bit)));
    } else {
      bits[name] = match.bit;
      taken.set(match.bit, name);
    }
  }
  return { bits, problems };
}

function sameName(description: string, name: string): boolean {
  return description.trim().normalize('NFC') === name.trim().normalize('NFC');
}

function renamed(permission: string, bit: number, description: string): BindingProblem {
  return {
    code: 'SPOTLER_PERMISSION_RENAMED',
    permission,
    message: `Permission ${permission} (bit ${bit}) is called "${description}" in Spotler now. Its bit is still used.`,
    mend: `Give it its name back in Spotler; or, if it still asks for the same consent, map "${description}" instead.`,
  };
}

function unknown(permission: string, entries: readonly PermissionEntry[]): BindingProblem {
  const there = entries.map((entry) => `"${entry.description}"`).join(', ') || 'none';
  return {
    code: 'SPOTLER_PERMISSION_UNKNOWN',
    permission,
    message: `Spotler has no permission called ${permission}; it has ${there}.`,
    mend: 'Map one of those, or add the permission in Spotler and keep it visible.',
  };
}

function ambiguous(permission: string, other: string | undefined): BindingProblem {
  return {
    code: 'SPOTLER_PERMISSION_AMBIGUOUS',
    permission,
    message:
      other === undefined
        ? `Spotler has more than one permission called ${permission}.`
        : `The permission called ${permission} in Spotler is the one that ${other} was bound to.`,
    mend: other === undefined ? 'Give each its own name in Spotler.' : `Take ${other} out of the mapping.`,
  };
}
