/** One run on one backend: start everything, let it happen, wait, compare, tell. Guarantees: nothing keeps running. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dice } from '../../fixtures/people/dice.ts';
import { ChaosModel } from '../model/chaos-model.ts';
import { type Closing, createClosing } from './closing.ts';
import { type Comparison, compare, evidenceOf } from './compare.ts';
import { type Crm, openCrm } from './crm.ts';
import { tellAll } from './models.ts';
import type { Backend, ChaosOptions } from './options.ts';
import { phases, phaseTexts } from './phases.ts';
import { type Postgres, type Simulators, startPostgres, startSimulators, startWakeups } from './services.ts';
import { anonymizeWhenInactive, writeConfiguration } from './settings.ts';
import { type Owed, waitUntilNothingIsOwed } from './settle.ts';
import { type ChaosTarget, targetsOf } from './targets.ts';
import { startTrouble, type Trouble, type TroubleReport } from './trouble.ts';
import { startWorkers, type Workers } from './workers.ts';

/** Parts of a run's time after which the trouble ends, and after which the settling does, whatever is left. */
const troubleEnds = 0.72;
const settlingEnds = 0.97;

export async function run(options: ChaosOptions, backend: Backend): Promise<boolean> {
  const began = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'connector-chaos-'));
  await chmod(folder, 0o755);
  const note = (text: string): void => {
    process.stdout.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${text}\n`);
  };
  const closing = createClosing();
  let isGood = false;
  try {
    process.stdout.write(
      `\n== ${backend}: ${options.changes} changes over ${options.records} records, ${options.kills} kills\n`,
    );
    const stage = await setStage(options, backend, folder, closing, note);
    const outcome = await play(options, stage, began, note);
    isGood = await tell(options, stage, outcome);
    return isGood;
  } finally {
    await closing.close();
    closing.forget();
    if (isGood && !options.keep) await rm(folder, { recursive: true, force: true });
    else note(`logs are in ${folder}`);
  }
}

interface Stage {
  readonly simulators: Simulators;
  readonly postgres: Postgres;
  readonly targets: readonly ChaosTarget[];
  /** One for each target. */
  readonly models: readonly ChaosModel[];
  readonly crm: Crm;
  readonly workers: Workers;
  readonly trouble: Trouble;
}

async function setStage(
  options: ChaosOptions,
  backend: Backend,
  folder: string,
  closing: Closing,
  note: (text: string) => void,
): Promise<Stage> {
  const wakeups = backend === 'redis' ? await startWakeups() : undefined;
  if (backend === 'redis' && !wakeups) throw new Error('no redis-server is installed: --backend postgres');
  if (wakeups) closing.add(() => wakeups.close());
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  await chmod(dataDir, 0o755);
  const postgres = await startPostgres(dataDir);
  closing.add(() => postgres.close());
  const simulators = await startSimulators(options.records, options.seed, options.targets);
  closing.add(() => simulators.close());

  const configuration = join(folder, 'connector.json');
  const { world } = simulators;
  const targets = targetsOf(world);
  await writeConfiguration(configuration, {
    world,
    targets: targets.map(({ settings }) => settings),
    databaseUrl: postgres.url,
    redisUrl: wakeups?.url,
    dataDir,
  });
  const made = (): ChaosModel => new ChaosModel({ anonymizeWhenInactive, certainAfterMs: 60_000 });
  const models: readonly [ChaosModel, ...ChaosModel[]] = [made(), ...targets.slice(1).map(made)];
  const crm = await openCrm({
    simulators,
    model: tellAll(models),
    roll: dice(options.seed),
    people: options.records,
    seed: options.seed,
    isQuiet: (name) => isQuiet(postgres, name),
  });
  note(`${world.people.contacts} contacts, ${world.people.leads} leads, ${world.people.accounts} accounts`);
  const workers = startWorkers(2, {
    configuration,
    folder,
    platformHosts: targets.map(({ host }) => host),
    roll: dice(options.seed + 2),
    killsPerPhase: options.killsPerPhase,
  });
  closing.add(() => workers.destroy());
  // The ledger has to be there; loading it happens under fire already.
  while ((await postgres.query(`select 1 from pg_class where relname = 'evidence'`)).length === 0) await delay(200);
  const trouble = await startTrouble({
    simulators,
    targets,
    postgres,
    wakeups,
    seed: options.seed,
    faulty: options.faulty,
    milliseconds: options.troubleMs,
    note,
  });
  return { simulators, postgres, targets, models, crm, workers, trouble };
}

/** Applied, nobody at work on it, and no call on its way for the profile. */
async function isQuiet(postgres: Postgres, name: string): Promise<boolean> {
  const [table, id] = name.split('/');
  const rows = await postgres.query<{ quiet: boolean }>(
    `select d.due_at is null and d.lease_token is null and d.done_seq >= d.owed_seq
       and not exists (select 1 from intent i where i.target = d.target and i.profile_key = d.profile_key)
       and not exists (select 1 from profile p where p.target = d.target and p.key = d.profile_key
         and p.lease_until > now()) as quiet
     from delivery d where d.target = 'main' and d.crm_table = $1 and d.id = $2`,
    [table, id],
  );
  return rows[0]?.quiet ?? false;
}

interface Outcome {
  readonly changes: number;
  readonly changedInMs: number;
  readonly owed: Owed | undefined;
  readonly settledInMs: number;
  readonly report: TroubleReport;
  readonly stopCodes: readonly (number | null)[];
}

async function play(
  options: ChaosOptions,
  { postgres, crm, workers, trouble }: Stage,
  began: number,
  note: (text: string) => void,
): Promise<Outcome> {
  const started = Date.now();
  const until = began + options.milliseconds * troubleEnds;
  const lasting = Math.max(1, options.troubleMs - 5000);
  /** Part of the kills that were wanted, the rarest phase counting like all together. */
  const killed = (): number =>
    Math.min(
      workers.total() / Math.max(1, options.kills),
      ...phases.map((phase) => workers.kills[phase] / Math.max(1, options.killsPerPhase)),
    );
  // Over the whole time, so that kills meet changes; sooner where the kills come sooner.
  const mayHaveMade = (): number => options.changes * Math.max((Date.now() - started) / lasting, killed());
  let changes = 0;
  let said = Date.now();
  while (changes < options.changes && Date.now() < until) {
    if (changes <= mayHaveMade()) changes += await crm.act();
    else await delay(20);
    if (Date.now() - said > 10_000) {
      said = Date.now();
      await crm.followJobs();
      const byPhase = phases.map((phase) => workers.kills[phase]).join('+');
      note(`${changes} changes, ${workers.total()} kills (planned ${byPhase}), ${workers.starts} starts`);
    }
  }
  const changedInMs = Date.now() - started;
  // More of the same: where nothing is to be written nobody can be killed while writing.
  while ((killed() < 1 || !trouble.hasShownAll()) && Date.now() < until) {
    for (let more = 0; more < 10; more++) changes += await crm.act();
    await delay(500);
    await crm.followJobs();
  }
  note('the trouble ends');
  await trouble.stop();
  const report = await trouble.report();
  workers.spare();
  const settling = Date.now();
  const owed = await waitUntilNothingIsOwed({
    postgres,
    crm,
    until: began + options.milliseconds * settlingEnds,
    note,
  });
  const settledInMs = Date.now() - settling;
  const stopCodes = owed ? [] : await workers.stop();
  return { changes, changedInMs, owed, settledInMs, report, stopCodes };
}

async function tell(options: ChaosOptions, stage: Stage, outcome: Outcome): Promise<boolean> {
  const { workers, crm, models, targets, postgres } = stage;
  const { report } = outcome;
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  const list = (record: Readonly<Record<string, number>>): string =>
    Object.entries(record)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  say(`changes: ${outcome.changes} in ${Math.round(outcome.changedInMs / 1000)} s (${list(crm.done)})`);
  say(`marketing jobs: ${crm.jobs.asked} asked for, ${list(crm.jobs.ended)}`);
  say(`workers: ${workers.starts} starts, ${workers.total()} SIGKILLs, ended by themselves: ${list(workers.ended)}`);
  for (const phase of [...phases, 'random'] as const) {
    const count = workers.kills[phase];
    say(`  ${phaseTexts[phase].padEnd(26)} ${String(count).padStart(4)} ${'#'.repeat(Math.ceil(count / 2))}`);
  }
  for (const [service, faults] of Object.entries(report.faults)) {
    say(
      `faults of ${service}: ${Math.round(100 * (report.share[service] ?? 0))} % of ${report.calls[service]} answers (${list(faults)})`,
    );
  }
  say(
    `PostgreSQL restarts ${report.postgresRestarts}, FLUSHALL ${report.flushes}, expired positions ${report.expiredPositions}, metadata changes ${report.metadataChanges}, refused tokens ${report.refusedTokens}, outages of one target ${report.outages}`,
  );
  const problems: string[] = [];
  if (outcome.owed)
    problems.push(`still owed after ${Math.round(outcome.settledInMs / 1000)} s: ${JSON.stringify(outcome.owed)}`);
  else
    say(
      `nothing owed ${Math.round(outcome.settledInMs / 1000)} s after the trouble; the workers drained with ${outcome.stopCodes.join(', ')}`,
    );
  if (outcome.stopCodes.some((code) => code !== 0)) problems.push('a worker did not drain');
  const mistold = await crm.verify();
  if (mistold.length > 0)
    problems.push(`the run itself is wrong: the model was told something else about ${mistold.slice(0, 5).join(', ')}`);
  const parked = await postgres.query<{ code: string; n: number; names: string[] }>(
    `select parked_code as code, count(*)::int as n, (array_agg(crm_table || '/' || id))[1:3] as names
     from delivery where parked_code is not null group by parked_code`,
  );
  for (const { code, n, names } of parked) say(`parked: ${code} ${n} (${names.join(', ')})`);
  const waiting = await postgres.query<{ name: string }>(
    `select crm_table || '/' || id as name from delivery where due_at is not null order by due_at limit 5`,
  );
  for (const { name } of waiting) {
    say(`still owed: ${name}: ${models[0]?.explain(name)}`);
    for (const line of await evidenceOf(postgres, name)) say(line);
  }
  for (const [index, target] of targets.entries()) {
    const model = models[index];
    if (!model) continue;
    const result = await compare(model, target);
    sayComparison(target, result, say);
    // While something is owed the two may differ: that is a failure already, and these would hide its reason.
    const differences = outcome.owed ? [] : result.differences;
    if (differences.length > 0) problems.push(`${differences.length} differences on ${target.platform}`);
    for (const { what, records, key } of differences.slice(0, 25)) {
      say(`  difference: ${what} (profile ${key ?? 'unknown'})`);
      for (const name of records) {
        say(`   ${name}: ${model.explain(name)}`);
        for (const line of await evidenceOf(postgres, name)) say(line);
      }
    }
  }
  if (outcome.changes < options.changes)
    problems.push(`only ${outcome.changes} of ${options.changes} changes were made in time`);
  if (workers.total() < options.kills) problems.push(`only ${workers.total()} of ${options.kills} kills`);
  for (const phase of phases) {
    if (workers.kills[phase] < options.killsPerPhase)
      problems.push(`only ${workers.kills[phase]} kills ${phaseTexts[phase]}`);
  }
  const { postgresRestarts, expiredPositions, metadataChanges, refusedTokens } = report;
  const missing = Object.entries({ postgresRestarts, expiredPositions, metadataChanges, refusedTokens }).filter(
    ([, count]) => count === 0,
  );
  for (const [name] of missing) problems.push(`no ${name}`);
  for (const problem of problems) say(`FAILED: ${problem}`);
  return problems.length === 0;
}

function sayComparison({ platform }: ChaosTarget, result: Comparison, say: (text: string) => void): void {
  say(
    `${platform}: compared ${result.addresses} addresses: ${result.live} live, ${result.anonymized} anonymized; ${result.open} may end in more than one way; ${result.areUp} of ${result.mayBeUp} permissions that may be up are up`,
  );
}
