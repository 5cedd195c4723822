/** Short ways to make people in the simulated CRM and to look at what the platform holds of them. */
import { randomUUID } from 'node:crypto';
import type { TableName } from '../../config/words.ts';
import type { AdminContact } from '../../fixtures/simulators/spotler/index.ts';
import type { World } from '../../fixtures/simulators/world.ts';
import type { Worker } from './worker.ts';

let made = 0;

export interface Person {
  readonly table: TableName;
  readonly id: string;
  readonly email: string;
}

/** Somebody with both permissions, unless `values` say otherwise. */
export function addPerson(world: World, values: object = {}, table: TableName = 'contact'): Person {
  made += 1;
  const name =
    table === 'account' ? { name: `Company ${made}` } : { firstname: `First${made}`, lastname: `Last${made}` };
  const row = {
    emailaddress1: `person${made}@people.example`,
    new_newsletter: true,
    new_events: true,
    ...name,
    ...values,
  };
  const id = world.dataverse.crm.create(table, row);
  return { table, id, email: row.emailaddress1 };
}

export function addPeople(world: World, count: number, values: object = {}): Person[] {
  return Array.from({ length: count }, () => addPerson(world, values));
}

export function edit(world: World, person: { table: TableName; id: string }, values: object): void {
  world.dataverse.crm.update(person.table, person.id, values);
}

/** Values that a real organization would not have: past every check of the simulator, and news for the feed. */
export function spoil(world: World, person: { table: TableName; id: string }, values: Record<string, unknown>): void {
  const row = world.dataverse.crm.store.table(person.table).rows.get(person.id);
  if (!row) throw new Error('no such row');
  edit(world, person, { address1_country: `spoiled ${Math.random()}` });
  Object.assign(row.values, values);
}

export function remove(world: World, person: { table: TableName; id: string }): void {
  world.dataverse.crm.delete(person.table, person.id);
}

/** The live contact with this address; fails on two. */
export function contactOf(world: World, email: string): AdminContact | undefined {
  const [first, second] = world.spotler.contactsByEmail(email);
  if (second) throw new Error('two contacts have this address');
  return first;
}

/** `Newsletter` and `Events` of the contact with this address; undefined when nobody has it. */
export function permissionsOf(world: World, email: string): { Newsletter?: boolean; Events?: boolean } | undefined {
  const contact = contactOf(world, email);
  return (
    contact && { Newsletter: contact.permissions.Newsletter ?? false, Events: contact.permissions.Events ?? false }
  );
}

export function livePeople(world: World): AdminContact[] {
  return world.spotler.contacts().filter((contact) => !contact.anonymized);
}

export function anonymizedCount(world: World): number {
  return world.spotler.contacts().filter((contact) => contact.anonymized).length;
}

/** Calls that change something on the platform, by kind. */
export function writes(world: World): Record<string, number> {
  const readOnly = /^GET |search|properties/;
  return Object.fromEntries(Object.entries(world.spotler.counts()).filter(([kind]) => !readOnly.test(kind)));
}

export interface Known {
  readonly state: string | null;
  readonly due: boolean;
  readonly parked: string | null;
  readonly staged: boolean;
  readonly action: string | null;
  readonly rule: string | null;
  readonly bitsBefore: Record<string, boolean> | null;
}

/** What the ledger knows of a record on the first target. */
export async function ledgerOf(worker: Worker, person: { table: TableName; id: string }): Promise<Known | undefined> {
  const rows = await worker.query<Known>(
    `select p.state, d.due_at is not null as due, d.parked_code as parked, d.staged, r.last_action as action,
        r.last_rule as rule, p.bits_before as "bitsBefore"
      from record r left join delivery d on d.crm_table = r.crm_table and d.id = r.id and d.target = $3
      left join profile p on p.target = d.target and p.key = d.profile_key
      where r.crm_table = $1 and r.id = $2`,
    [person.table, person.id, worker.settings.targets[0]?.name],
  );
  return rows[0];
}

export async function evidenceOf(worker: Worker, person: { table: TableName; id: string }): Promise<string[]> {
  const rows = await worker.query<{ line: string }>(
    `select act || ' ' || coalesce(rule, '-') || ' ' || coalesce(outcome, '-') as line from evidence
      where crm_table = $1 and record_id = $2 order by id`,
    [person.table, person.id],
  );
  return rows.map((row) => row.line);
}

const operations = { anonymize: 140000000, sync: 140000001 } as const;
const statuses: Record<number, string> = {
  140000000: 'pending',
  140000001: 'inProgress',
  140000002: 'succeeded',
  140000003: 'failed',
};

/** A CRM user saves a Marketing Job. */
export function addJob(
  world: World,
  operation: keyof typeof operations,
  person?: { table: TableName; id: string },
  values: object = {},
): string {
  const column = person?.table === 'lead' ? 'mkt_lead' : 'mkt_customer';
  return world.dataverse.crm.create('mkt_marketingjob', {
    mkt_name: `job ${randomUUID()}`,
    mkt_operation: operations[operation],
    ...(person ? { [column]: { table: person.table, id: person.id } } : {}),
    ...values,
  });
}

export interface JobState {
  readonly status: string | undefined;
  readonly code: unknown;
  readonly detail: string;
  readonly recordId: unknown;
  readonly recordTable: unknown;
}

export function jobState(world: World, id: string): JobState | undefined {
  const row = world.dataverse.crm.read('mkt_marketingjob', id);
  return (
    row && {
      status: statuses[Number(row.mkt_status)],
      code: row.mkt_resultcode,
      detail: String(row.mkt_resultdetail ?? ''),
      recordId: row.mkt_recordid,
      recordTable: row.mkt_recordtable,
    }
  );
}

/** The person unsubscribes on the platform: from one permission, or from everything. */
export async function unsubscribe(world: World, email: string, permission?: string): Promise<void> {
  const answer = await fetch(`${world.spotler.adminUrl}/contacts/unsubscribe`, {
    method: 'POST',
    body: JSON.stringify({ email, ...(permission ? { permission } : {}) }),
  });
  if (!answer.ok) throw new Error(`unsubscribe answered ${answer.status}`);
}
