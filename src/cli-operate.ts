/** The commands of whoever looks after the connector: holds, parked records, targets, the suppression list, evidence. */

import { formatRecordRef, parseRecordRef, type RecordRef, type TargetName } from '../config/words.ts';
import { actor, type CommandContext, CommandError, type ExitCode, usageError } from './cli-context.ts';
import { mendLines } from './cli-errors.ts';
import { count, holdReason, table, when } from './cli-format.ts';
import { mendOf, mendOfForeignWord } from './errors/catalogue.ts';
import { judgeAddress } from './rules/address.ts';
import type { HoldRow } from './store/tables.ts';
import { accountOf } from './sync/core.ts';
import {
  acceptTarget,
  decideHold,
  pauseTarget,
  resumeTarget,
  retryParked,
  type Suppressible,
  suppress,
  unsuppress,
} from './sync/operate.ts';
import { reconcile as reconcileAll } from './sync/reconcile.ts';
import { rekey } from './sync/rekey.ts';

const mostLines = 200;
const goesOn = 'a running worker, or the next sync, takes it up';

export async function reconcile({ app, options, output, signal }: CommandContext): Promise<ExitCode> {
  const results = await reconcileAll(app.core, signal);
  if (options.json) output.json(Object.fromEntries(results));
  else {
    const rows = [...results].map(([name, found]) => [
      name,
      `${count(found.enumerated, 'record')} in the CRM, ${found.appeared} unknown before, ${found.gone} gone`,
    ]);
    for (const line of table(rows)) output.line(line);
    const owed = [...results.values()].some((found) => found.appeared + found.gone > 0);
    if (owed) output.line(`what differed is owed now: ${goesOn}`);
  }
  return 0;
}

export async function carryOver({ app, options, output, signal }: CommandContext): Promise<ExitCode> {
  const result = await rekey(app.core, signal, (records) => output.note(`${count(records, 'record')} read again`));
  if (options.json) output.json(result);
  else if (result.records === 0) output.line('the ledger has this hash key already');
  else {
    output.line(
      `${count(result.records, 'record')} read again, ${count(result.profiles, 'profile')} carried over to the new key`,
    );
    output.line('keep the former key under privacy.previousHashKeys: people whose rows are gone are known by it alone');
  }
  return 0;
}

export async function listHolds({ app, options, output }: CommandContext): Promise<ExitCode> {
  const holds = await app.core.store.brake.holds();
  const open = holds.filter((hold) => hold.state === 'open');
  if (options.json) output.json(holds);
  else if (holds.length === 0) output.line('nothing is held');
  else {
    for (const line of table(holds.map((hold) => holdCells(hold, hold.cases)))) output.line(line);
    if (open.some((hold) => hold.may_still_be_mailed)) {
      output.line('The platform cannot lower permissions reversibly: held people may still be mailed.');
    }
    if (open.length > 0) output.line('look closer: connector holds show ID; decide: connector holds approve|reject ID');
  }
  return open.length > 0 ? 3 : 0;
}

function holdCells(hold: HoldRow, cases: number): string[] {
  const decided = hold.decided_at ? ` by ${hold.decided_by ?? '-'} ${when(hold.decided_at)}` : '';
  return [
    String(hold.id),
    hold.target,
    `${hold.state}${decided}`,
    count(cases, 'case'),
    when(hold.created_at),
    holdReason(hold),
  ];
}

export async function showHold({ app, options, output }: CommandContext, id: number): Promise<ExitCode> {
  const { store } = app.core;
  const found = await store.brake.hold(id);
  if (!found) throw usageError(`there is no hold ${id}`);
  const keys = found.cases.map((row) => row.profile_key);
  const records = Map.groupBy(await store.overview.recordsOf(found.hold.target, keys), (row) => row.profileKey);
  const cases = found.cases.map((row) => ({
    profile: row.profile_key,
    rule: row.rule,
    state: row.state,
    erasure: row.erasure_id,
    records: (records.get(row.profile_key) ?? []).map(({ ref }) => formatRecordRef(ref)),
  }));
  if (options.json) output.json({ ...found.hold, cases });
  else {
    for (const line of table([holdCells(found.hold, cases.length)])) output.line(line);
    const rows = cases.map((row) => [
      row.rule,
      row.state,
      row.records.length > 0 ? row.records.join(', ') : row.erasure ? `erasure ${row.erasure}` : row.profile,
    ]);
    for (const line of table(rows, '  ')) output.line(line);
  }
  return found.hold.state === 'open' ? 3 : 0;
}

export async function decide(
  { app, options, output }: CommandContext,
  id: number,
  verdict: 'approved' | 'rejected',
): Promise<ExitCode> {
  if (!(await decideHold(app.core, id, verdict, actor()))) {
    throw new CommandError(2, `there is no open hold ${id}`);
  }
  if (options.json) output.json({ hold: id, state: verdict });
  else
    output.line(
      verdict === 'approved'
        ? `hold ${id} is approved for 24 hours; every case is decided again from its row: ${goesOn}`
        : `hold ${id} is rejected; its cases stay as they are until their records change`,
    );
  return 0;
}

/** Throws CommandError 2. */
export function holdId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1) throw usageError('this is no id of a hold; see: connector holds');
  return id;
}

export async function listParked({ app, options, output }: CommandContext): Promise<ExitCode> {
  const parked = await app.core.store.overview.parked(mostLines);
  if (options.json)
    output.json(
      parked.map((row) => ({
        ...row,
        ref: formatRecordRef(row.ref),
        mend: mendOf(row.code) ?? mendOfForeignWord,
      })),
    );
  else if (parked.length === 0) output.line('nothing is parked');
  else {
    const rows = parked.map((row) => [
      row.target,
      formatRecordRef(row.ref),
      when(row.at),
      `${row.reason} (${row.code})`,
    ]);
    for (const line of table(rows)) output.line(line);
    if (parked.length === mostLines) output.line(`the newest ${mostLines}; there may be more`);
    for (const line of mendLines(
      parked.map((row) => row.code),
      true,
    ))
      output.line(line);
  }
  return 0;
}

export async function retry({ app, options, output }: CommandContext, ref: RecordRef | undefined): Promise<ExitCode> {
  const taken = await retryParked(app.core, ref, actor());
  if (options.json) output.json({ taken });
  else if (taken === 0) output.line(ref ? 'this record is not parked' : 'nothing is parked');
  else output.line(`${count(taken, 'parked delivery', 'parked deliveries')} owed again: ${goesOn}`);
  return 0;
}

/** Throws CommandError 2. */
function targetCalled({ app }: CommandContext, name: string): TargetName {
  const found = [...app.core.targets.keys()].find((target) => target === name);
  if (!found) throw usageError(`there is no target ${JSON.stringify(name)} in this configuration`);
  return found;
}

export async function pause(context: CommandContext, name: string): Promise<ExitCode> {
  await pauseTarget(context.app.core, targetCalled(context, name), actor());
  if (context.options.json) context.output.json({ target: name, paused: true });
  else context.output.line(`${name} is paused; what is owed waits, until: connector resume ${name}`);
  return 0;
}

export async function resume(context: CommandContext, name: string): Promise<ExitCode> {
  await resumeTarget(context.app.core, targetCalled(context, name), actor());
  if (context.options.json) context.output.json({ target: name, paused: false });
  else context.output.line(`${name} goes on: ${goesOn}`);
  return 0;
}

export async function accept(context: CommandContext, name: string): Promise<ExitCode> {
  const { core } = context.app;
  const target = core.targets.get(targetCalled(context, name));
  if (!target) throw usageError(`there is no target ${JSON.stringify(name)} in this configuration`);
  await acceptTarget(core, target.settings.name, accountOf(target.platform, target.settings), actor());
  if (context.options.json) context.output.json({ target: name, accepted: true });
  else context.output.line(`${name}: the account of this configuration is the right one from now on`);
  return 0;
}

/** An address or a record. Throws CommandError 2. */
export function suppressible(text: string): Suppressible {
  const ref = parseRecordRef(text);
  if (ref) return { ref };
  if (judgeAddress(text) !== 'valid')
    throw usageError('this is neither an email address nor a record (contact/<guid>)');
  return { address: text.trim() };
}

export async function addSuppression({ app, options, output }: CommandContext, what: Suppressible): Promise<ExitCode> {
  const owed = await suppress(app.core, what, actor());
  if (options.json) output.json({ owed });
  else
    output.line(
      `suppressed; ${owed === 0 ? 'nobody in the ledger is concerned' : `${count(owed, 'record')} owed: ${goesOn}`}`,
    );
  return 0;
}

export async function removeSuppression(
  { app, options, output }: CommandContext,
  what: Suppressible,
): Promise<ExitCode> {
  const owed = await unsuppress(app.core, what, actor());
  if (owed === undefined) throw new CommandError(1, 'it was not on the list');
  if (options.json) output.json({ owed });
  else
    output.line(
      `no longer suppressed; ${owed === 0 ? 'nobody in the ledger is concerned' : `${count(owed, 'record')} owed: ${goesOn}`}`,
    );
  return 0;
}
