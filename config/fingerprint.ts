/**
 * Fingerprints of what the configuration means for decisions and mappings. Guarantees: the order of keys, secrets and
 * anything about pace or places change nothing; any rule, scope, field or permission does. Used to find out which
 * records are owed again after a change, so a fingerprint that changes needlessly costs a pass, and one that does not
 * change although it should leaves people wrong.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import type { Settings, TargetSettings } from './settings.ts';
import { type TableName, tableNames } from './words.ts';

/** SHA-256, hex, over tables, rules, the targets' tables, identity and platform, and whose records get notes. */
export function fingerprintSettings(settings: Settings): string {
  const targets = settings.targets.map(
    ({ name, platform, identity, adoptExisting, tables, platformSettings, dryRun, pilot }) => ({
      name,
      platform,
      identity,
      adoptExisting,
      tables,
      platformSettings,
      // Left out where they are not used: what was fingerprinted before they were there stays as it was.
      ...(dryRun ? { dryRun } : {}),
      ...(pilot ? { pilot } : {}),
    }),
  );
  targets.sort((a, b) => (a.name < b.name ? -1 : 1));
  const notes = settings.notes ? { notes: settings.notes.for } : {};
  return sha256({ tables: settings.tables, rules: settings.rules, targets, ...notes });
}

/** Target → table → SHA-256, hex, of that mapping, its scope and the rules that concern the table. */
export type MappingFingerprints = Readonly<Record<string, { readonly [table in TableName]?: string }>>;

export function mappingFingerprints(settings: Settings): MappingFingerprints {
  return Object.fromEntries(settings.targets.map((target) => [target.name, ofTarget(target, settings)]));
}

function ofTarget(target: TargetSettings, settings: Settings): { [table in TableName]?: string } {
  const fingerprints: { [table in TableName]?: string } = {};
  for (const table of tableNames) {
    const mapping = target.tables[table];
    if (!mapping) continue;
    const inactive = settings.rules.anonymizeContactWhenInactive[table];
    const { platform, identity, pilot } = target;
    fingerprints[table] = sha256({ platform, identity, mapping, inactive, ...(pilot ? { pilot } : {}) });
  }
  return fingerprints;
}

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value, 'mask')).digest('hex');
}
