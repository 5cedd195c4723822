/**
 * Runs one history: the CRM, the platforms and the operators do what it says, the real use cases settle it at its
 * moments and at the end, and the model follows. Guarantees: `problem` says what is wrong after the first settling that
 * contradicts the model, or how the run failed; the same history always runs the same way.
 */
import {
  formatRecordRef,
  parseRecordRef,
  type RecordId,
  type RecordRef,
  type TableName,
  type TargetName,
} from '../../../config/words.ts';
import { suppress, unsuppress } from '../../../src/sync/operate.ts';
import { pull } from '../../../src/sync/pull.ts';
import {
  afterOptOut,
  afterReading,
  afterSettling,
  type CrmPerson,
  contradiction,
  distinct,
  emptyWorld,
  type Mailable,
  normalised,
  type Request,
  type Rules,
  type TargetRules,
  type World,
  withEarlierContact,
} from '../../model/end-state.ts';
import {
  type Choices,
  createFakeWorld,
  type FakeWorld,
  leaseSeconds,
  permissionNames,
  reconcileAll,
  type TargetChoice,
} from '../../support/fakes/fake-world.ts';
import type { CrmRecord } from '../../support/fakes/memory-crm.ts';
import type { Fault } from '../../support/fakes/memory-platform.ts';
import { type Absence, addresses, type Command, type Flag, type History, slots } from './commands.ts';
import type { Plant } from './plants.ts';

export interface Outcome {
  readonly problem: string | undefined;
  readonly settlings: number;
  /** Settlings after which records were parked because external ids would cross. */
  readonly crossings: number;
  readonly deaths: number;
  readonly faults: number;
  /** Worlds that were possible at the end. */
  readonly worlds: number;
}

const names = ['first', 'second', 'third'] as const;
const outOfScopeActions = ['resetPermissions', 'ignore', 'anonymize'] as const;
const never = new AbortController().signal;

const byOperator = { code: 'PAUSED_BY_OPERATOR', reason: 'paused', forMs: 0, by: 'operator' } as const;
type Script = (target: string) => (call: string) => Fault | undefined;

/** Puts something of its own in the place of settling and of the model; answers what is wrong. */
export interface Instead {
  settle(world: FakeWorld, choices: Choices): Promise<string | undefined>;
  /** These choices are to be in force afterwards. */
  configure(world: FakeWorld, choices: Choices): Promise<string | undefined>;
  readonly brakeCount: number;
}

/** `plant` bends every worker. */
export async function runHistory(history: History, instead?: Instead, plant?: Plant): Promise<Outcome> {
  const run = await Run.start(history, instead, plant);
  for (const [index, command] of history.commands.entries()) {
    const problem = await run.perform(command);
    if (problem) return run.outcome(`command ${index}: ${problem}`);
  }
  await run.everybodyReturns();
  const last = await run.perform({ do: 'settle', faults: [], deaths: [] });
  const problem = last ?? (instead ? undefined : await run.sortOut());
  return run.outcome(problem && `at the end: ${problem}`);
}

class Run {
  readonly #world: FakeWorld;
  readonly #history: History;
  readonly #instead: Instead | undefined;
  readonly #plant: { readonly bend?: Plant };
  #choices: Choices;
  #suppressed = new Set<string>();
  readonly #away = new Map<string, Absence>();
  #worlds: World[] = [emptyWorld];
  #requests: Request[] = [];
  #jobs = 0;
  #edits = 0;
  #settlings = 0;
  #crossings = 0;
  #deaths = 0;
  #faults = 0;

  constructor(history: History, instead?: Instead, plant?: Plant) {
    this.#plant = plant ? { bend: plant } : {};
    this.#world = createFakeWorld({ givesOwnKeys: instead !== undefined || history.ownKeys === true });
    this.#history = history;
    this.#instead = instead;
    this.#choices = {
      targets: [
        targetOf('first', history.identity, history.addressMutable, ['contact', 'lead', 'account']),
        ...(history.others ?? []).map((identity, index) =>
          targetOf(names[index + 1] ?? '', identity, true, ['contact', 'lead', 'account']),
        ),
      ],
      anonymizeInactive: { contact: false, lead: false, account: false },
      ...(instead ? { brakeCount: instead.brakeCount } : {}),
    };
  }

  static async start(history: History, instead?: Instead, plant?: Plant): Promise<Run> {
    const run = new Run(history, instead, plant);
    await run.#world.configure(run.#choices);
    // Where everybody's address is gone the connector doubts the column; these three keep theirs.
    for (const [index, table] of (['contact', 'lead', 'account'] as const).entries()) {
      const id = `${String(index + 90).padStart(8, '0')}-0000-4000-8000-000000000000` as RecordId;
      run.#world.crm.create({ table, id }, { email: `${table}@six.example`, columns: { name: 'a witness' } });
    }
    for (const index of history.earlier) {
      const address = addresses[index] ?? '';
      const contact = {
        externalId: `legacy-${index}`,
        address,
        fields: {},
        permissions: { Newsletter: true, Events: false },
      };
      run.#world.platforms.get('first')?.account.addByHand(contact);
      run.#worlds = run.#worlds.map((world) =>
        withEarlierContact(world, run.#rules().targets[0] as TargetRules, contact),
      );
    }
    return run;
  }

  outcome(problem: string | undefined): Outcome {
    return {
      problem,
      settlings: this.#settlings,
      crossings: this.#crossings,
      deaths: this.#deaths,
      faults: this.#faults,
      worlds: this.#worlds.length,
    };
  }

  async perform(command: Command): Promise<string | undefined> {
    const { crm } = this.#world;
    switch (command.do) {
      case 'create': {
        const ref = refOf(command.slot);
        if (crm.get(ref)) return undefined;
        const flags = Object.fromEntries(command.flags.map((flag) => [flag, true]));
        crm.create(ref, {
          email: addresses[command.address] ?? null,
          doNotEmail: flags.doNotEmail ?? false,
          doNotBulkEmail: flags.doNotBulkEmail ?? false,
          createdOn: new Date(Date.UTC(2025, command.slot % 3, 1)).toISOString(),
          columns: {
            name: `person ${command.slot}`,
            new_newsletter: flags.Newsletter ?? false,
            new_events: flags.Events ?? null,
            new_marketing: flags.marketing ?? false,
          },
        });
        return undefined;
      }
      case 'edit':
        return this.#change(command.slot, () => ({
          columns: { name: `person ${command.slot}, edit ${++this.#edits}` },
        }));
      case 'flag':
        return this.#change(command.slot, (row) => flipped(row, command.flag));
      case 'address':
        return this.#change(command.slot, () => ({ email: addresses[command.address] ?? null }));
      case 'swap': {
        const [one, other] = [crm.get(refOf(command.slot)), crm.get(refOf(command.with))];
        if (!one || !other || one === other || one.deleted || other.deleted) return undefined;
        const { email } = one;
        crm.update(one, { email: other.email });
        crm.update(other, { email });
        return undefined;
      }
      case 'state':
        return this.#change(command.slot, (row) => (row.merged ? undefined : { state: command.state }));
      case 'delete': {
        const ref = refOf(command.slot);
        if (crm.get(ref)?.deleted !== false) return undefined;
        crm.delete(ref);
        // Deleting empties the look-ups of jobs that nobody has taken up.
        this.#requests = this.#requests.filter((request) => request.ref !== formatRecordRef(ref));
        return undefined;
      }
      case 'restore': {
        if (crm.get(refOf(command.slot))?.deleted) crm.restore(refOf(command.slot));
        return undefined;
      }
      case 'merge': {
        const [one, other] = [crm.get(refOf(command.slot)), crm.get(refOf(command.into))];
        if (one && other && one !== other && !one.deleted && !other.deleted && !one.merged && !other.merged)
          crm.merge(refOf(command.into), refOf(command.slot));
        return undefined;
      }
      case 'qualify': {
        const lead = crm.get(refOf(command.slot));
        if (!lead || lead.deleted || lead.state !== 'active') return undefined;
        crm.update(refOf(command.slot), { state: 'qualified' });
        if (!crm.get(refOf(command.into)))
          crm.create(refOf(command.into), {
            email: lead.email,
            columns: { ...lead.columns, name: `contact ${command.into}` },
          });
        return undefined;
      }
      case 'job': {
        const ref = refOf(command.slot);
        if (crm.get(ref)?.deleted !== false) return undefined;
        crm.jobs.create(jobId(++this.#jobs), command.operation, ref);
        this.#requests.push({ ref: formatRecordRef(ref), operation: command.operation });
        return undefined;
      }
      case 'optOut': {
        const target = this.#rules().targets[command.target];
        const contacts = [...(this.#world.platforms.get(target?.name ?? '')?.account.contacts ?? [])];
        const contact = contacts[command.contact % Math.max(1, contacts.length)];
        const permission = permissionNames[command.permission] ?? 'Events';
        if (!target || !contact?.permissions[permission]) return undefined;
        contact.permissions[permission] = false;
        this.#worlds = this.#worlds.map((world) => afterOptOut(world, target, contact, permission));
        return undefined;
      }
      case 'suppress':
        return this.#suppress(
          { address: addresses[command.address] ?? '' },
          normalised(addresses[command.address] ?? ''),
        );
      case 'suppressRecord': {
        const ref = refOf(command.slot);
        return this.#suppress({ ref }, formatRecordRef(ref));
      }
      case 'inactiveSetting': {
        const { anonymizeInactive } = this.#choices;
        const flippedOne = { ...anonymizeInactive, [command.table]: !anonymizeInactive[command.table] };
        return this.#configure({ ...this.#choices, anonymizeInactive: flippedOne });
      }
      case 'scopeSetting': {
        const scope = {
          onlyMarketing: command.onlyMarketing,
          whenOutOfScope: outOfScopeActions[command.whenOutOfScope] ?? 'resetPermissions',
        };
        const [first, ...others] = this.#choices.targets;
        if (!first) return undefined;
        return this.#configure({
          ...this.#choices,
          targets: [{ ...first, tables: { ...first.tables, contact: scope } }, ...others],
        });
      }
      case 'secondTarget': {
        if (this.#choices.targets.length > 1) return undefined;
        const second = targetOf('second', this.#history.secondIdentity, true, ['contact', 'lead']);
        return this.#configure({ ...this.#choices, targets: [...this.#choices.targets, second] });
      }
      case 'look': {
        const core = this.#world.worker();
        for (const table of Object.keys(core.settings.tables) as TableName[]) await pull(core, table, never);
        this.#worlds = this.#worlds.map((world) => afterReading(world, this.#people()));
        return undefined;
      }
      case 'expire':
        crm.expireLinks();
        return undefined;
      case 'reconcile':
        await reconcileAll(this.#world.worker());
        this.#worlds = this.#worlds.map((world) => afterReading(world, this.#people()));
        return undefined;
      case 'leave': {
        const name = this.#choices.targets[command.target]?.name as TargetName | undefined;
        if (!name || this.#away.has(name)) return undefined;
        this.#away.set(name, command.how);
        if (command.how === 'paused') await this.#world.store.targets.pause(name, byOperator);
        return undefined;
      }
      case 'return':
        return this.#returns(this.#choices.targets[command.target]?.name);
      case 'settle':
        return this.#settle(command.faults, command.deaths);
    }
  }

  async everybodyReturns(): Promise<void> {
    for (const name of [...this.#away.keys()]) await this.#returns(name);
  }

  async #returns(name: string | undefined): Promise<undefined> {
    const how = name === undefined ? undefined : this.#away.get(name);
    if (name === undefined || how === undefined) return undefined;
    this.#away.delete(name);
    if (how === 'paused') await this.#world.store.targets.resume(name as TargetName);
    return undefined;
  }

  async #change(
    slot: number,
    values: (row: CrmRecord) => Parameters<FakeWorld['crm']['update']>[1] | undefined,
  ): Promise<undefined> {
    const row = this.#world.crm.get(refOf(slot));
    const change = row && !row.deleted ? values(row) : undefined;
    if (change) this.#world.crm.update(refOf(slot), change);
    return undefined;
  }

  async #suppress(what: { address: string } | { ref: RecordRef }, name: string): Promise<undefined> {
    const core = this.#world.worker();
    if (this.#suppressed.delete(name)) await unsuppress(core, what, 'somebody');
    else {
      this.#suppressed.add(name);
      await suppress(core, what, 'somebody');
    }
    return undefined;
  }

  async #configure(choices: Choices): Promise<string | undefined> {
    this.#choices = choices;
    if (this.#instead) return this.#instead.configure(this.#world, choices);
    await this.#world.configure(choices);
    return undefined;
  }

  #rules(): Rules {
    return {
      targets: this.#choices.targets.map((target) => ({
        name: target.name,
        identity: target.identity,
        addressMutable: target.addressMutable ?? true,
        permissions: permissionNames,
        tables: target.tables,
      })),
      anonymizeInactive: this.#choices.anonymizeInactive,
      suppressed: this.#suppressed,
    };
  }

  #people(): CrmPerson[] {
    return [...this.#world.crm.records.values()].map((row) => ({
      ref: formatRecordRef(row),
      table: row.table,
      created: row.createdOn,
      version: row.version,
      deleted: row.deleted,
      state: row.state,
      merged: row.merged,
      doNotEmail: row.doNotEmail,
      doNotBulkEmail: row.doNotBulkEmail,
      email: row.email,
      marketing: row.columns.new_marketing === true,
      grants: { Newsletter: row.columns.new_newsletter === true, Events: row.columns.new_events === true },
      fields: { name: row.columns.name, kind: row.table },
    }));
  }

  async #settle(faults: readonly (Fault | null)[], deaths: readonly number[]): Promise<string | undefined> {
    if (this.#instead) {
      this.#settlings += 1;
      this.#requests = [];
      return this.#instead.settle(this.#world, this.#choices);
    }
    const queue = [...faults];
    const script =
      (target: string) =>
      (call: string): Fault | undefined => {
        const how = this.#away.get(target);
        if (how !== undefined && how !== 'paused') return { kind: how, forMs: 3000 };
        if (call === 'find' || call === 'check' || call === 'hasNobody') return undefined;
        const fault = queue.shift() ?? undefined;
        if (fault) this.#faults += 1;
        return fault;
      };
    try {
      for (const after of deaths) if (await this.#dies(after, script)) this.#world.pass(leaseSeconds * 1000 + 1);
      await this.#world.settle(this.#world.worker({ ...this.#plant, script }), new Set(this.#away.keys()));
    } catch (error) {
      return `settling failed: ${error instanceof Error ? error.stack : String(error)}`;
    }
    return this.#compare();
  }

  /** A worker that stops for ever at its n-th step; false when it came to its end before. */
  async #dies(after: number, script: Script): Promise<boolean> {
    let steps = 0;
    let died = (): void => undefined;
    const death = new Promise<'dead'>((resolve) => {
      died = () => resolve('dead');
    });
    const step = (): Promise<void> | undefined => {
      if (++steps < after) return undefined;
      died();
      return new Promise(() => undefined);
    };
    const core = this.#world.worker({ ...this.#plant, before: step, after: step, script });
    const ended = await Promise.race([
      death,
      this.#world.settle(core, new Set(this.#away.keys())).then(() => 'alive' as const),
    ]);
    if (ended === 'dead') this.#deaths += 1;
    return ended === 'dead';
  }

  #parked(): Record<string, string[]> {
    const parked: Record<string, string[]> = {};
    for (const [target, rows] of this.#world.store.tables.deliveries)
      parked[target] = [...rows].flatMap(([name, row]) => (row.parked_code?.endsWith('IDS_WOULD_CROSS') ? [name] : []));
    // An erasure that waits for the same reason is tried again and again, and says so.
    for (const parts of this.#world.store.tables.erasureTargets.values())
      for (const [target, part] of parts) {
        const erasure = this.#world.store.tables.erasures.get(part.erasure_id);
        const waits = part.state === 'pending' && part.waiting_code?.endsWith('IDS_WOULD_CROSS');
        if (waits && erasure?.crm_table && erasure.record_id)
          parked[target]?.push(formatRecordRef({ table: erasure.crm_table, id: erasure.record_id }));
      }
    return parked;
  }

  async #compare(): Promise<string | undefined> {
    this.#settlings += 1;
    for (const rows of this.#world.store.tables.deliveries.values())
      for (const [name, row] of rows)
        if (row.parked_code && !row.parked_code.endsWith('IDS_WOULD_CROSS'))
          return `${name} is parked: ${row.parked_code}`;
    const crossing = this.#parked();
    if (Object.values(crossing).some((names) => names.length > 0)) this.#crossings += 1;
    // Who came first while a target was away decides whose ids cross, and what is left when that is sorted out: the
    // histories without outages judge it.
    if (this.#history.others && this.#crossings > 0) return undefined;
    const settled = {
      rules: this.#rules(),
      crm: this.#people(),
      requests: this.#requests,
      crossing,
      away: new Map(this.#away),
    };
    this.#worlds = distinct(this.#worlds.flatMap((world) => afterSettling(world, settled))).slice(0, 200);
    this.#requests = [];
    // A job for somebody who is parked goes on when that is sorted out.
    const waiting = new Set(Object.values(crossing).flat());
    const unanswered = this.#world.crm.jobs
      .open()
      .filter(() => this.#away.size === 0)
      .filter(({ customer, lead }) => ![customer, lead].some((ref) => ref && waiting.has(formatRecordRef(ref))));
    if (unanswered.length > 0) return `${unanswered.length} jobs have no answer`;
    const held = Object.fromEntries(
      [...this.#world.platforms].map(([name, { account }]) => [name, [...account.contacts] as readonly Mailable[]]),
    );
    // What a target shows that is away is compared when it is back.
    const targets = settled.rules.targets.filter(({ name }) => !this.#away.has(name));
    return contradiction(this.#worlds, { ...settled.rules, targets }, held);
  }

  /** Somebody gives those whose ids would cross addresses of their own: then nothing that crosses is left. */
  async sortOut(): Promise<string | undefined> {
    const crossing = [...new Set(Object.values(this.#parked()).flat())];
    // A contact from earlier times is moved out of the way by hand, in the platform: not here.
    if (crossing.length === 0 || this.#history.earlier.length > 0 || this.#history.others) return undefined;
    for (const [index, name] of crossing.entries()) {
      const ref = parseRecordRef(name);
      if (ref && this.#world.crm.get(ref)?.deleted === false)
        this.#world.crm.update(ref, { email: `sorted-out-${index}@five.example` });
    }
    const problem = await this.perform({ do: 'settle', faults: [], deaths: [] });
    if (problem) return problem;
    const stuck = Object.entries(this.#parked()).flatMap(([target, names]) =>
      names.filter((name) => !this.#isHeldBySomebodyElse(target, name)),
    );
    return stuck.length > 0 ? `${stuck.join(', ')} stays parked although nothing crosses any more` : undefined;
  }

  /** The record's external id is on the contact of people who stayed where the record left, and may not be created anew. */
  #isHeldBySomebodyElse(target: string, name: string): boolean {
    const contact = this.#world.platforms.get(target)?.account.byId(name.split('/')[1] ?? '');
    return this.#people().some(
      (person) =>
        person.ref !== name &&
        !person.deleted &&
        contact &&
        normalised(person.email ?? '') === normalised(contact.address),
    );
  }
}

function refOf(slot: number): RecordRef {
  const table = slots[slot] ?? 'contact';
  return { table, id: `${String(slot + 1).padStart(8, '0')}-0000-4000-8000-000000000000` as RecordId };
}

function jobId(count: number): RecordId {
  return `${String(count).padStart(8, '0')}-0000-4000-9000-000000000000` as RecordId;
}

function targetOf(
  name: string,
  identity: 'address' | 'record',
  addressMutable: boolean,
  tables: readonly TableName[],
): TargetChoice {
  const all = { onlyMarketing: false, whenOutOfScope: 'resetPermissions' } as const;
  return { name, identity, addressMutable, tables: Object.fromEntries(tables.map((table) => [table, all])) };
}

function flipped(row: CrmRecord, flag: Flag): Parameters<FakeWorld['crm']['update']>[1] {
  switch (flag) {
    case 'doNotEmail':
      return { doNotEmail: !row.doNotEmail };
    case 'doNotBulkEmail':
      return { doNotBulkEmail: !row.doNotBulkEmail };
    case 'marketing':
      return { columns: { new_marketing: row.columns.new_marketing !== true } };
    case 'Newsletter':
      return { columns: { new_newsletter: row.columns.new_newsletter !== true } };
    case 'Events':
      return { columns: { new_events: row.columns.new_events !== true } };
  }
}
