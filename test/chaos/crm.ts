/**
 * People at work in the CRM: seeded operations on the simulated organization, each told to the model as well.
 * Guarantees: with the same seed the same operations are drawn in the same order (what a joined or restored row finds
 * depends on ids that the simulator gives out, which are seeded too); after an operation with side effects the rows
 * concerned are read back, so that the model knows every change of a row.
 */
import { type Dice, dice } from '../../fixtures/people/dice.ts';
import { generatePeople } from '../../fixtures/people/index.ts';
import { split } from '../../fixtures/simulators/world.ts';
import { validAddress } from '../model/chaos-model.ts';
import type { Told } from './models.ts';
import type { Simulators } from './services.ts';
import { type CrmValues, modelRow, type Permission, permissionColumns } from './settings.ts';

type Table = 'contact' | 'lead' | 'account';

interface Entry {
  readonly name: string;
  readonly table: Table;
  readonly id: string;
  /** Undefined when the row is deleted. */
  values: Record<string, unknown> | undefined;
  version: unknown;
  changedAt: number;
}

export interface Crm {
  /** One random operation; answers how many rows it changed. */
  act(): Promise<number>;
  /** Operation → how often. */
  readonly done: Readonly<Record<string, number>>;
  /** Looks which Marketing Jobs have ended. */
  followJobs(): Promise<void>;
  /** Reads every row back and compares it with what the model was told. Answers the names that differ. */
  verify(): Promise<string[]>;
  readonly jobs: { readonly asked: number; readonly ended: Readonly<Record<string, number>> };
}

export interface CrmOptions {
  readonly simulators: Simulators;
  readonly model: Told;
  readonly roll: Dice;
  readonly people: number;
  readonly seed: number;
  /** Nothing is on its way for the record's person: a permission may be lowered by hand on the platform. */
  isQuiet(name: string): Promise<boolean>;
}

const idColumns = { contact: 'contactid', lead: 'leadid', account: 'accountid' } as const;
const operations = { anonymizeContact: 140000000, syncContact: 140000001 } as const;
const jobStatus = { succeeded: 140000002, failed: 140000003 } as const;
const towns = ['Zwolle', 'Gent', 'Bremen', 'Leiden', 'Namur', 'Aarhus', 'Porto', 'Graz'];
const names = ['Alex', 'Bo', 'Chris', 'Dana', 'Eli', 'Fran', 'Gerrie', 'Hanne', 'Imre', 'Jo', 'Kim', 'Lou'];

export async function openCrm(options: CrmOptions): Promise<Crm> {
  const { simulators, model, roll } = options;
  const { dataverse, spotler } = simulators;
  const entries = new Map<string, Entry>();
  const order: Entry[] = [];
  const byParent = new Map<string, Set<Entry>>();
  const done: Record<string, number> = {};
  /** With every record that the job may be about. */
  const openJobs = new Map<string, { names: Set<string>; operation: keyof typeof operations }>();
  const endedJobs: Record<string, number> = {};
  // What depends on the moment draws from dice of its own: the operations stay the same for a seed.
  const aside = dice(options.seed + 1);
  let asked = 0;
  let fresh = 0;

  function tell(entry: Entry): void {
    entry.changedAt = Date.now();
    if (entry.values) model.put(modelRow(entry.table, entry.id, entry.values), entry.changedAt);
    else model.gone(entry.name, entry.changedAt);
  }

  function enter(table: Table, id: string): Entry {
    const known = entries.get(`${table}/${id}`);
    if (known) return known;
    const entry: Entry = { name: `${table}/${id}`, table, id, values: undefined, version: undefined, changedAt: 0 };
    entries.set(entry.name, entry);
    order.push(entry);
    return entry;
  }

  /** Whoever points to a row may change, or go, when that row goes. */
  function link(entry: Entry): void {
    for (const value of Object.values(entry.values ?? {})) {
      const parent = value as { table?: unknown; id?: unknown } | null;
      if (typeof parent !== 'object' || parent === null || typeof parent.id !== 'string') continue;
      const key = `${parent.table}/${parent.id}`;
      const children = byParent.get(key) ?? new Set();
      byParent.set(key, children.add(entry));
    }
  }

  /** The admin interface answers a missing row with something that is no row. */
  async function read(entry: Pick<Entry, 'id'> & { table: string }): Promise<Record<string, unknown> | undefined> {
    const row = await dataverse.get<Record<string, unknown>>(`/rows?table=${entry.table}&id=${entry.id}`);
    return row.versionnumber === undefined ? undefined : row;
  }

  /** Takes the row over as it is there now. Answers whether it had changed. */
  async function refresh(entry: Entry): Promise<boolean> {
    const row = await read(entry);
    if (row?.versionnumber === entry.version && (row === undefined) === (entry.values === undefined)) return false;
    entry.values = row;
    entry.version = row?.versionnumber;
    link(entry);
    tell(entry);
    return true;
  }

  async function refreshAll(list: Iterable<Entry>): Promise<number> {
    const changed = await Promise.all([...list].map(refresh));
    return changed.filter(Boolean).length;
  }

  async function update(entry: Entry, values: CrmValues): Promise<number> {
    const { versionnumber } = await dataverse.post<{ versionnumber: unknown }>('/update', {
      table: entry.table,
      id: entry.id,
      values,
    });
    entry.values = { ...entry.values, ...values };
    entry.version = versionnumber;
    tell(entry);
    return 1;
  }

  function childrenOf(entry: Entry): Entry[] {
    return [...(byParent.get(entry.name) ?? [])];
  }

  function pick(fits: (entry: Entry) => boolean): Entry | undefined {
    for (let attempt = 0; attempt < 200; attempt++) {
      const entry = roll.pick(order);
      if (fits(entry)) return entry;
    }
    return undefined;
  }

  const lives = (entry: Entry): boolean => entry.values !== undefined;
  const isOpen = (entry: Entry): boolean => lives(entry) && entry.values?.statecode === 0;

  function freshAddress(): string {
    fresh += 1;
    return `p${fresh}.${roll.below(1_000_000).toString(36)}@chaos${roll.below(50)}.example`;
  }

  function mappedEdit(entry: Entry): CrmValues {
    if (entry.table === 'account') {
      return roll.pick([
        { address1_city: roll.pick(towns) },
        { accountnumber: `A${roll.below(100_000)}` },
        { name: `${roll.pick(names)} & ${roll.pick(names)} ${roll.below(1000)}` },
        { websiteurl: roll.chance(0.3) ? null : `https://w${roll.below(1000)}.example` },
      ]);
    }
    return roll.pick([
      { address1_city: roll.pick(towns) },
      { firstname: `${roll.pick(names)}${roll.below(100)}` },
      { lastname: `${roll.pick(names)}sen${roll.below(100)}` },
      { jobtitle: roll.chance(0.3) ? null : `Function ${roll.below(1000)}` },
    ]);
  }

  async function create(): Promise<number> {
    const table: Table = roll.pick(['contact', 'contact', 'contact', 'lead', 'account']);
    const values: Record<string, unknown> = {
      emailaddress1: freshAddress(),
      address1_city: roll.pick(towns),
      new_newsletter: roll.chance(0.6),
      new_productnews: roll.chance(0.4),
      new_events: roll.chance(0.3),
      donotbulkemail: roll.chance(0.03),
      ...(table === 'account'
        ? { name: `${roll.pick(names)} Works ${roll.below(10_000)}` }
        : { firstname: roll.pick(names), lastname: `${roll.pick(names)}sen` }),
    };
    const { id } = await dataverse.post<{ id: string }>('/create', { table, values });
    await refresh(enter(table, id));
    return 1;
  }

  async function remove(entry: Entry): Promise<number> {
    const children = childrenOf(entry);
    // An account takes its people along: only small ones go, or the run would be about nothing else.
    if (children.filter(lives).length > 4) return 0;
    await dataverse.post('/delete', { table: entry.table, id: entry.id });
    return refreshAll([entry, ...children, ...children.flatMap(childrenOf)]);
  }

  async function merge(entry: Entry): Promise<number> {
    const master = pick((other) => other !== entry && other.table === entry.table && isOpen(other));
    if (!master) return 0;
    await dataverse.post('/merge', { table: entry.table, targetId: master.id, subordinateId: entry.id });
    // What refers to the one refers to the other from now on, a job too.
    for (const [job, { names: about }] of openJobs) {
      if (!about.has(entry.name)) continue;
      about.add(master.name);
      model.jobMayMean(job, master.name, Date.now());
    }
    return refreshAll([entry, master, ...childrenOf(entry)]);
  }

  async function qualify(entry: Entry): Promise<number> {
    const body = { id: entry.id, createContact: true, createAccount: roll.chance(0.2) };
    const { made } = await dataverse.post<{ made: { table: Table; id: string }[] }>('/qualify', body);
    return refreshAll([entry, ...made.map(({ table, id }) => enter(table, id))]);
  }

  async function ask(entry: Entry, operation: keyof typeof operations): Promise<number> {
    const values = {
      mkt_name: operation,
      mkt_operation: operations[operation],
      ...(lives(entry)
        ? entry.table === 'lead'
          ? { mkt_lead: { table: 'lead', id: entry.id } }
          : { mkt_customer: { table: entry.table, id: entry.id } }
        : { mkt_recordid: entry.id, mkt_recordtable: entry.table }),
    };
    const { id } = await dataverse.post<{ id: string }>('/create', { table: 'mkt_marketingjob', values });
    asked += 1;
    openJobs.set(id, { names: new Set([entry.name]), operation });
    if (operation === 'anonymizeContact') model.erasureAsked(id, entry.name, Date.now());
    else model.syncAsked(entry.name, Date.now());
    return 1;
  }

  /** A subscriber unsubscribes from one list, when nothing is on its way for them. */
  async function unsubscribe(entry: Entry): Promise<number> {
    const email = String(entry.values?.emailaddress1 ?? '');
    const address = validAddress(email);
    if (address === undefined || Date.now() - entry.changedAt < 1000 || !(await options.isQuiet(entry.name))) return 0;
    const there = await spotler.get<{ email: string; permissions: Record<string, boolean> }[]>(
      `/contacts?email=${encodeURIComponent(address)}`,
    );
    const up = Object.entries(there[0]?.permissions ?? {}).filter(([, enabled]) => enabled);
    if (there.length !== 1 || up.length === 0) return 0;
    const permission = aside.pick(up)[0] as Permission;
    await spotler.post('/contacts/unsubscribe', { email: address, permission });
    model.lowered(address, permission, Date.now());
    return 0;
  }

  async function noteWhetherThere(entry: Entry): Promise<void> {
    const address = validAddress(String(entry.values?.emailaddress1 ?? ''));
    if (address === undefined) return;
    const there = await spotler.get<unknown[]>(`/contacts?email=${encodeURIComponent(address)}`);
    if (there.length === 1) model.seenThere(address, Date.now());
  }

  async function raiseFlag(entry: Entry, values: CrmValues): Promise<number> {
    await noteWhetherThere(entry);
    return update(entry, values);
  }

  const permissionColumn = (): string => roll.pick(Object.values(permissionColumns));
  const inactive = (entry: Entry): CrmValues => ({ statecode: entry.table === 'lead' ? 2 : 1 });
  const acts: readonly [
    share: number,
    name: string,
    fits: (entry: Entry) => boolean,
    run: (entry: Entry) => Promise<number>,
  ][] = [
    [330, 'mapped edit', lives, (entry) => update(entry, mappedEdit(entry))],
    [160, 'unmapped edit', lives, (entry) => update(entry, { description: `note ${roll.below(1_000_000)}` })],
    [
      150,
      'permission',
      lives,
      (entry) => {
        const column = permissionColumn();
        return update(entry, { [column]: entry.values?.[column] !== true });
      },
    ],
    [
      30,
      'bulk flag on',
      (e) => lives(e) && e.values?.donotbulkemail !== true,
      (e) => raiseFlag(e, { donotbulkemail: true }),
    ],
    [40, 'bulk flag off', (e) => e.values?.donotbulkemail === true, (e) => update(e, { donotbulkemail: false })],
    [15, 'email flag on', (e) => lives(e) && e.values?.donotemail !== true, (e) => update(e, { donotemail: true })],
    [25, 'email flag off', (e) => e.values?.donotemail === true, (e) => update(e, { donotemail: false })],
    [20, 'deactivate', isOpen, (entry) => raiseFlag(entry, inactive(entry))],
    [30, 'activate', (e) => lives(e) && !isOpen(e) && e.values?.merged !== true, (e) => update(e, { statecode: 0 })],
    [30, 'delete', lives, remove],
    [
      30,
      'restore',
      (entry) => !lives(entry),
      async (entry) => {
        await dataverse.post('/restore', { table: entry.table, id: entry.id });
        return refreshAll([entry]);
      },
    ],
    [25, 'create', () => true, create],
    [8, 'merge', isOpen, merge],
    [8, 'qualify', (entry) => entry.table === 'lead' && isOpen(entry), qualify],
    [40, 'new address', lives, (entry) => update(entry, { emailaddress1: freshAddress() })],
    [
      10,
      'capitals',
      (e) => lives(e) && validAddress(String(e.values?.emailaddress1 ?? '')) !== undefined,
      (e) => {
        const email = String(e.values?.emailaddress1);
        return update(e, { emailaddress1: roll.chance(0.5) ? email.toUpperCase() : email.toLowerCase() });
      },
    ],
    [
      8,
      'shared address',
      lives,
      (entry) => {
        const other = pick((e) => e !== entry && validAddress(String(e.values?.emailaddress1 ?? '')) !== undefined);
        return other ? update(entry, { emailaddress1: other.values?.emailaddress1 }) : Promise.resolve(0);
      },
    ],
    [15, 'no address', lives, (entry) => update(entry, { emailaddress1: roll.chance(0.5) ? null : 'not an address' })],
    [
      25,
      'address again',
      (e) => lives(e) && validAddress(String(e.values?.emailaddress1 ?? '')) === undefined,
      (e) => update(e, { emailaddress1: freshAddress() }),
    ],
    [4, 'anonymize job', () => true, (entry) => ask(entry, 'anonymizeContact')],
    [2, 'sync job', lives, (entry) => ask(entry, 'syncContact')],
    [15, 'unsubscribe', lives, unsubscribe],
  ];
  const shares = acts.reduce((sum, [share]) => sum + share, 0);

  const people = generatePeople({ seed: options.seed, ...split(options.people) });
  for (const [table, rows] of [
    ['account', people.accounts],
    ['lead', people.leads],
    ['contact', people.contacts],
  ] as const) {
    for (const row of rows) enter(table, String((row as unknown as Record<string, unknown>)[idColumns[table]]));
  }
  for (let start = 0; start < order.length; start += 64) await refreshAll(order.slice(start, start + 64));

  return {
    done,
    jobs: {
      get asked() {
        return asked;
      },
      ended: endedJobs,
    },
    async act() {
      let point = roll.below(shares);
      for (const [share, name, fits, run] of acts) {
        point -= share;
        if (point >= 0) continue;
        const entry = pick(fits);
        if (!entry) return 0;
        const changed = await run(entry);
        done[name] = (done[name] ?? 0) + 1;
        return changed;
      }
      return 0;
    },
    async followJobs() {
      for (const [id, { operation }] of [...openJobs]) {
        const job = await read({ table: 'mkt_marketingjob', id });
        const status = job?.mkt_status;
        if (status !== jobStatus.succeeded && status !== jobStatus.failed) continue;
        openJobs.delete(id);
        const key = `${operation} ${status === jobStatus.succeeded ? 'succeeded' : 'failed'}`;
        endedJobs[key] = (endedJobs[key] ?? 0) + 1;
        if (operation !== 'anonymizeContact') continue;
        // The worker's own copy: the lookups are empty when the record is gone.
        const about = `${job?.mkt_recordtable}/${job?.mkt_recordid}`;
        if (status === jobStatus.succeeded) model.erasureDone(id, about, Date.now());
        else model.erasureRefused(id);
      }
    },
    async verify() {
      const differing: string[] = [];
      for (let start = 0; start < order.length; start += 64) {
        await Promise.all(
          order.slice(start, start + 64).map(async (entry) => {
            const row = await read(entry);
            const told = model.row(entry.name);
            const now = row ? modelRow(entry.table, entry.id, row) : undefined;
            if (JSON.stringify(told) !== JSON.stringify(now)) differing.push(entry.name);
          }),
        );
      }
      return differing;
    },
  };
}
