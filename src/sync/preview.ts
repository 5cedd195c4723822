/**
 * What a full pass would do, record by record, and what a changed setting would change about that. Guarantees: writes
 * nothing anywhere; what it announces comes out of a rehearsal (rehearsal.ts), so of the code that would do it. Holds
 * ids, rules and our own words, never a value of a row. What others change in the CRM meanwhile is not in it.
 */
import { formatRecordRef, parseRecordId, type RecordRef, type TableName, type TargetName } from '../../config/words.ts';
import type { ProfileDecision, RuleName } from '../rules/facts.ts';
import type { Share } from '../store/shadow.ts';
import { type Core, configuredTables, targetOf } from './core.ts';
import type { CycleSummary } from './full-cycle.ts';
import { type Rehearsed, rehearse, type Stage } from './rehearsal.ts';
import type { Call, Deed } from './rehearsal-platform.ts';
import { surveyTable } from './survey.ts';

/** `hold`: the brake would keep it waiting. `park`: it cannot be applied. `outside`: not in the target's pilot. */
export type Effect = Deed | 'hold' | 'park' | 'outside';

export interface PreviewLine {
  readonly target: TargetName;
  readonly ref: RecordRef;
  readonly action: ProfileDecision['action'] | 'undecided';
  readonly rule: RuleName | 'unreadable';
  /** In the order in which they would happen; empty where nothing changes. */
  readonly effects: readonly Effect[];
  /** Why it is parked, or would be. */
  readonly parked?: { readonly code: string; readonly reason: string };
}

export interface PreviewCount {
  readonly target: TargetName;
  readonly table: TableName;
  readonly action: PreviewLine['action'];
  readonly rule: PreviewLine['rule'];
  readonly records: number;
  /** Records of which something would change on the target, or at the brake. */
  readonly changing: number;
  readonly effects: { readonly [effect in Effect]?: number };
}

export interface PreviewTarget {
  readonly target: TargetName;
  /** Calls that would change something there. */
  readonly calls: number;
  /** Automatic anonymizations that would be held, or are; undefined for a sample, of which the brake says nothing. */
  readonly held: number | undefined;
  /** Of people whom the target would have to be asked about: whether something changes is not known. */
  readonly asked: number;
  readonly parked: number;
  /** Owed and not to be done within the pass: a time to wait. */
  readonly later: number;
  readonly paused: { readonly code: string; readonly reason: string } | undefined;
  readonly trouble: { readonly code: string; readonly message: string } | undefined;
  /** The configuration says that nothing is sent there: this is what would be. */
  readonly dryRun: boolean;
}

export interface Preview {
  readonly lines: readonly PreviewLine[];
  readonly counts: readonly PreviewCount[];
  readonly targets: readonly PreviewTarget[];
  readonly tables: CycleSummary['tables'];
  readonly jobs: CycleSummary['jobs'];
}

export interface PreviewOptions {
  /** Whether the targets are asked what they hold. */
  readonly lookUp: boolean;
  readonly share: Share;
  readonly signal: AbortSignal;
  onPhase?(phase: 'pull' | 'jobs' | 'apply' | 'survey'): void;
}

/** Throws ConnectorError, and what `signal` was aborted with. */
export async function preview(stage: Stage, options: PreviewOptions): Promise<Preview> {
  const rehearsed = await rehearse(stage, options);
  options.onPhase?.('survey');
  const lines = await linesOf(rehearsed, options);
  return {
    lines,
    counts: countsOf(lines),
    targets: rehearsed.summary.targets.map((row): PreviewTarget => {
      const own = lines.filter((line) => line.target === row.target);
      const having = (effect: Effect): number => own.filter(({ effects }) => effects.includes(effect)).length;
      return {
        target: row.target,
        calls: rehearsed.calls.filter((call) => call.target === row.target && call.deed !== 'ask').length,
        held: options.share.perTable === undefined ? row.held : undefined,
        asked: having('ask'),
        parked: row.parked,
        later: row.later,
        paused: rehearsed.paused.find(({ target }) => target === row.target),
        trouble: row.trouble,
        dryRun: rehearsed.dryRuns.has(row.target),
      };
    }),
    tables: rehearsed.summary.tables,
    jobs: rehearsed.summary.jobs,
  };
}

async function linesOf(rehearsed: Rehearsed, { share, signal }: PreviewOptions): Promise<PreviewLine[]> {
  const { core } = rehearsed;
  const lines = new Map<string, PreviewLine>();
  const deeds = deedsOf(rehearsed.calls);
  const parked = new Map(
    (await core.store.overview.parked(everything)).map((row) => [nameOn(row.target, row.ref), row]),
  );
  const held = await heldProfiles(core);

  function add(
    target: TargetName,
    ref: RecordRef,
    own: Pick<PreviewLine, 'action' | 'rule'>,
    key: string,
    outside = false,
  ): void {
    const name = nameOn(target, ref);
    const reason = parked.get(name);
    const effects: Effect[] = [...(deeds.get(`${target} ${ref.id}`) ?? [])];
    const isRequested = rehearsed.requested.has(`${target} ${ref.id}`);
    if (reason) effects.push('park');
    if (outside && effects.length === 0) effects.push('outside');
    if (held.has(`${target} ${key}`)) effects.push('hold');
    lines.set(name, {
      target,
      ref,
      // Who is erased because somebody asked for it is decided about once more afterwards.
      ...(isRequested ? { action: 'anonymize', rule: 'erased-on-request' } : own),
      effects,
      ...(reason ? { parked: { code: reason.code, reason: reason.reason } } : {}),
    });
  }

  const tables = configuredTables(core).filter((table) => !share.tables || share.tables.includes(table));
  for (const [target, settled] of rehearsed.settled)
    for (const { ref, key, decision } of settled.values())
      if (tables.includes(ref.table) && targetOf(core, target).settings.tables[ref.table])
        add(target, ref, decision, key);
  for (const table of tables) {
    for await (const { ref, target, judged, outside } of surveyTable(
      core,
      table,
      share.perTable ?? everything,
      signal,
    )) {
      if (lines.has(nameOn(target, ref))) continue;
      const own = judged.unreadable ? ({ action: 'undecided', rule: 'unreadable' } as const) : judged.decision;
      add(target, ref, own, judged.key, outside);
    }
  }
  return [...lines.values()];
}

const everything = 2_000_000_000;

function nameOn(target: TargetName, ref: RecordRef): string {
  return `${target} ${formatRecordRef(ref)}`;
}

/** `target id` → what would be done there about the record. A contact that everybody left is its former record's. */
function deedsOf(calls: readonly Call[]): Map<string, Deed[]> {
  const deeds = new Map<string, Deed[]>();
  for (const { target, deed, recordIds, contactKeys } of calls) {
    const ids = recordIds.length > 0 ? recordIds : contactKeys.filter((key) => parseRecordId(key) !== undefined);
    for (const id of new Set(ids)) {
      const own = deeds.get(`${target} ${id}`) ?? [];
      if (own.at(-1) !== deed) own.push(deed);
      deeds.set(`${target} ${id}`, own);
    }
  }
  return deeds;
}

/** `target profile` of every case that waits for somebody. */
async function heldProfiles(core: Core): Promise<Set<string>> {
  const held = new Set<string>();
  for (const { id, target, state } of await core.store.brake.holds()) {
    if (state !== 'open') continue;
    for (const row of (await core.store.brake.hold(id))?.cases ?? []) held.add(`${target} ${row.profile_key}`);
  }
  return held;
}

function countsOf(lines: readonly PreviewLine[]): PreviewCount[] {
  const groups = Map.groupBy(lines, ({ target, ref, action, rule }) => [target, ref.table, action, rule].join(' '));
  return [...groups.values()]
    .map((group): PreviewCount => {
      const [first] = group as [PreviewLine];
      const effects: { [effect in Effect]?: number } = {};
      for (const line of group)
        for (const effect of new Set(line.effects)) effects[effect] = (effects[effect] ?? 0) + 1;
      return {
        target: first.target,
        table: first.ref.table,
        action: first.action,
        rule: first.rule,
        records: group.length,
        changing: group.filter(isChanging).length,
        effects,
      };
    })
    .sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : b.records - a.records));
}

/** Something would be different afterwards; of who would have to be asked about it is not known. */
export function isChanging({ effects }: PreviewLine): boolean {
  return effects.some((effect) => !['ask', 'park', 'outside'].includes(effect));
}

/** One record that a changed setting would treat differently. */
export interface Difference {
  readonly target: TargetName;
  readonly ref: RecordRef;
  /** Undefined where the target would not know of the record. */
  readonly before: Omit<PreviewLine, 'target' | 'ref'> | undefined;
  readonly after: Omit<PreviewLine, 'target' | 'ref'> | undefined;
}

export function differencesOf(before: Preview, after: Preview): Difference[] {
  const then = new Map(before.lines.map((line) => [nameOn(line.target, line.ref), line]));
  const now = new Map(after.lines.map((line) => [nameOn(line.target, line.ref), line]));
  const differences: Difference[] = [];
  for (const name of new Set([...then.keys(), ...now.keys()])) {
    const [one, other] = [then.get(name), now.get(name)];
    const { target, ref } = (one ?? other) as PreviewLine;
    if (textOf(one) !== textOf(other)) differences.push({ target, ref, before: strip(one), after: strip(other) });
  }
  return differences;
}

function strip(line: PreviewLine | undefined): Difference['before'] {
  if (!line) return undefined;
  const { target: _target, ref: _ref, ...rest } = line;
  return rest;
}

function textOf(line: PreviewLine | undefined): string {
  return line ? [line.action, line.rule, ...line.effects, line.parked?.code ?? ''].join(' ') : '';
}
