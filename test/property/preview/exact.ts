/**
 * Whether a preview told the truth: it is made, then the same moment is synchronised for good, and the two are
 * compared, in what was sent, in what was decided and in the ledger that is left. Guarantees: the real cycle runs
 * through the fakes, which know nothing of the rehearsal; a preview that calls anything that changes something, or
 * touches a row of the real ledger, is told as wrong too.
 */
import { formatRecordRef, type RecordId, type TargetName } from '../../../config/words.ts';
import type { Outcome, Platform, UpsertItem } from '../../../src/platforms/platform.ts';
import type { Core, Target } from '../../../src/sync/core.ts';
import { fullCycle } from '../../../src/sync/full-cycle.ts';
import { isChanging, type Preview, preview } from '../../../src/sync/preview.ts';
import { rehearse } from '../../../src/sync/rehearsal.ts';
import type { Choices, FakeWorld } from '../../support/fakes/fake-world.ts';
import type { Tables } from '../../support/memory-store/tables.ts';
import type { Instead } from '../history/run.ts';

const never = new AbortController().signal;

/** Questions; everything else changes something. */
const questions = new Set([
  'organizationId',
  'startChanges',
  'followChanges',
  'readRows',
  'readRow',
  'findByAddress',
  'openJobs',
  'readJob',
  'changeTrackingDays',
  'find',
  'hasNobody',
]);

export interface Tally {
  previews: number;
  /** Calls that were announced, and made. */
  calls: number;
  /** Records of which something was announced to change. */
  changing: number;
  held: number;
  parked: number;
}

/** Makes a preview with these choices, then lets them be in force and synchronises; answers what differs. */
export async function previewThenSync(
  world: FakeWorld,
  choices: Choices,
  tally: Tally,
  configure: boolean,
): Promise<string | undefined> {
  const asked: string[] = [];
  const before = JSON.stringify(plain(world.store.tables));
  const watching = { before: (call: string) => void asked.push(call) };
  const options = { lookUp: true, share: {}, signal: never };
  const stage = world.stage(choices, watching);
  // The preview's own copy is closed to us; an equal rehearsal shows what it leaves.
  const told = await preview(world.stage(choices, watching), options);
  const rehearsed = await rehearse(stage, options);
  const wrong = asked.find((call) => !questions.has(call.split('.')[1] ?? ''));
  if (wrong) return `the preview called ${wrong}`;
  if (JSON.stringify(plain(world.store.tables)) !== before) return 'the preview wrote into the ledger';

  const unasked = await withoutAsking(world, choices, told);
  if (unasked) return unasked;

  if (configure) await world.configure(choices);
  const contacts = contactsOf(world);
  const sent: string[] = [];
  const settled = new Map<string, string>();
  const core = world.worker({ bend: (bare) => recording(bare, sent, settled) });
  await fullCycle(core, { signal: never, patienceMs: 60_000, sleep: async (ms) => world.pass(ms) });

  tally.previews += 1;
  tally.calls += sent.length;
  tally.changing += told.lines.filter(isChanging).length;
  tally.held += told.lines.filter(({ effects }) => effects.includes('hold')).length;
  tally.parked += told.lines.filter(({ effects }) => effects.includes('park')).length;
  const announced = rehearsed.calls
    .filter(({ deed }) => deed !== 'ask')
    .map((call) => textOf(call.target, call.deed, call.recordIds, call.permissions));
  return (
    differ('calls', announced, sent) ??
    differ(
      'decisions',
      [...rehearsed.settled].flatMap(([target, lines]) =>
        [...lines].map(([name, { decision }]) => `${target} ${name} ${decision.action} ${decision.rule}`),
      ),
      [...settled].map(([name, decision]) => `${name} ${decision}`),
    ) ??
    differ('ledger', ledgerLines(stage.shadow.tables), ledgerLines(world.store.tables)) ??
    unannounced(world, contacts, told)
  );
}

/** Without look-ups no target is called at all, and the decisions are the same. */
async function withoutAsking(world: FakeWorld, choices: Choices, told: Preview): Promise<string | undefined> {
  const called: string[] = [];
  const stage = world.stage(choices, { before: (call) => void called.push(call) });
  const blind = await preview(stage, { lookUp: false, share: {}, signal: never });
  const target = called.find((call) => !call.startsWith('crm.'));
  if (target) return `a preview without look-ups called ${target}`;
  const decided = ({ lines }: Preview): string[] =>
    lines.map((line) => `${line.target} ${formatRecordRef(line.ref)} ${line.action} ${line.rule}`);
  return differ('decisions without look-ups', decided(blind), decided(told));
}

/** For the runner of random histories. */
export function instead(tally: Tally, brakeCount: number): Instead {
  return {
    brakeCount,
    settle: (world, choices) => previewThenSync(world, choices, tally, false),
    configure: (world, choices) => previewThenSync(world, choices, tally, true),
  };
}

function textOf(
  target: TargetName,
  deed: string,
  recordIds: readonly string[],
  permissions: Readonly<Record<string, boolean>> | undefined,
): string {
  return [target, deed, [...recordIds].sort().join(','), JSON.stringify(permissions ?? null)].join(' ');
}

function recording(core: Core, sent: string[], settled: Map<string, string>): Core {
  return {
    ...core,
    targets: new Map(
      [...core.targets].map(([name, target]): [TargetName, Target] => {
        const platform = recordingPlatform(name, target.platform, sent);
        return [name, { ...target, platform, urgent: platform }];
      }),
    ),
    noteFinished(target, finished) {
      for (const { judged } of finished)
        for (const { ledger, name } of judged.views)
          if (ledger.claim) settled.set(`${target} ${name}`, `${judged.decision.action} ${judged.decision.rule}`);
    },
  };
}

function recordingPlatform(target: TargetName, platform: Platform, sent: string[]): Platform {
  function deedOf(item: UpsertItem, outcome: Outcome): string {
    if (item.known) return 'update';
    return outcome.created ? 'add' : 'takeOver';
  }
  return {
    ...platform,
    async upsert(items, signal) {
      const outcomes = await platform.upsert(items, signal);
      for (const [index, item] of items.entries()) {
        const outcome = outcomes[index];
        if (outcome?.kind !== 'done') continue;
        const permissions = outcome.created ? item.permissionsOnCreate : item.permissionsOnUpdate;
        sent.push(textOf(target, deedOf(item, outcome), item.ref.recordIds, permissions));
      }
      return outcomes;
    },
    async resetPermissions(ref, signal) {
      sent.push(textOf(target, 'reset', ref.recordIds, undefined));
      return platform.resetPermissions(ref, signal);
    },
    async setPermissions(ref, permissions, signal) {
      sent.push(textOf(target, 'restore', ref.recordIds, permissions));
      return platform.setPermissions(ref, permissions, signal);
    },
    async anonymize(ref, signal) {
      sent.push(textOf(target, 'erase', ref.recordIds, undefined));
      return platform.anonymize(ref, signal);
    },
  };
}

function differ(what: string, announced: readonly string[], done: readonly string[]): string | undefined {
  const left = [...done];
  const extra = announced.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (extra.length + left.length === 0) return undefined;
  return `${what}: announced and not so: ${JSON.stringify(extra)}; so and not announced: ${JSON.stringify(left)}`;
}

/** What the ledger holds in the end, without times and tokens. */
function ledgerLines(tables: Tables): string[] {
  const lines: string[] = [];
  for (const [target, rows] of tables.profiles)
    for (const row of rows.values())
      lines.push(
        JSON.stringify([
          'profile',
          target,
          row.key,
          row.state,
          row.contact_key,
          row.owner,
          row.data_fingerprint,
          row.permission_fingerprint,
          sorted(row.bits_before),
        ]),
      );
  for (const [target, rows] of tables.deliveries)
    for (const [name, row] of rows)
      lines.push(
        JSON.stringify([
          'delivery',
          target,
          name,
          row.due_at === null,
          // The fake's codes begin with another word than its name.
          row.parked_code?.replace(/^(FAKE|MEMORY)_/, 'PLATFORM_'),
          row.staged,
          row.profile_key,
          sorted(row.crm_bits),
        ]),
      );
  for (const [name, row] of tables.records)
    lines.push(JSON.stringify(['record', name, row.last_action, row.last_rule, row.gone_at === null, row.erased_etag]));
  for (const [target, rows] of tables.holdCases)
    for (const row of rows.values()) {
      // Erasures have ids of their own making.
      const key = row.erasure_id === null ? row.profile_key : 'erasure';
      lines.push(JSON.stringify(['case', target, key, row.state, row.rule]));
    }
  for (const row of tables.erasures.values()) lines.push(JSON.stringify(['erasure', row.job_id, row.state]));
  return lines;
}

function sorted(bits: unknown): unknown {
  return bits && Object.entries(bits).sort();
}

function plain(tables: Tables): unknown {
  return Object.entries(tables).map(([name, value]) => [name, deep(value)]);
}

function deep(value: unknown): unknown {
  return value instanceof Map ? [...value].map(([key, inner]) => [key, deep(inner)]) : value;
}

/** Target → external id → everything about the contact. */
function contactsOf(world: FakeWorld): Map<string, Map<string, string>> {
  return new Map(
    [...world.platforms].map(([name, { account }]) => [
      name,
      new Map(
        [...account.contacts].map((contact) => [
          contact.externalId ?? `number ${contact.number}`,
          JSON.stringify([contact.address, contact.fields, contact.permissions]),
        ]),
      ),
    ]),
  );
}

/** A contact of a record changed although its line had said that nothing would. */
function unannounced(world: FakeWorld, before: Map<string, Map<string, string>>, told: Preview): string | undefined {
  for (const [target, now] of contactsOf(world)) {
    const then = before.get(target) ?? new Map<string, string>();
    for (const line of told.lines) {
      if (line.target !== target || isChanging(line)) continue;
      const id: RecordId = line.ref.id;
      if (then.get(id) === now.get(id)) continue;
      // Given back, or taken over, by somebody else at the same address: that one's line said so.
      const other = told.lines.some((one) => one !== line && one.target === target && isChanging(one));
      if (!other) return `${formatRecordRef(line.ref)} on ${target} changed and was not announced`;
    }
  }
  return undefined;
}
