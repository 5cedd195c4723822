/**
 * One suite for every store. Guarantees: each test finds an empty store; `advance` moves the store's own clock without
 * waiting: in memory the clock itself, in PostgreSQL every stored time is made older by as much.
 */
import { afterAll, beforeAll, beforeEach, describe } from '@jest/globals';
import type { RecordRef, TableName, TargetName } from '../../../config/words.ts';
import { type EmailKey, formatRecordRef, type ProfileKey, type RecordId } from '../../../config/words.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Completion, Lease, LedgerMember } from '../../../src/store/deliveries.ts';
import { migrations } from '../../../src/store/migrations/index.ts';
import { createStore, type Store } from '../../../src/store/store.ts';
import type { DeliveryRow } from '../../../src/store/tables.ts';
import { silentLogger } from '../../support/logger.ts';
import { createMemoryStore } from '../../support/memory-store/index.ts';
import { withTestDatabase } from '../../support/postgres.ts';

export interface World {
  readonly store: Store;
  advance(milliseconds: number): Promise<void>;
  /** PostgreSQL only: every row of every table that belongs to a target, as `table`, then its columns. */
  rowsOf?(target: TargetName): Promise<StoredRow[]>;
}

export interface StoredRow {
  readonly stored: string;
  readonly [column: string]: unknown;
}

export interface Backend {
  fresh(): Promise<World>;
  close(): Promise<void>;
}

export async function postgres(): Promise<Backend> {
  const server = await withTestDatabase();
  const database = await openDatabase({ databaseUrl: server.url, dataDir: '/nowhere', logger: silentLogger });
  for (const migration of migrations) await database.pool.query(migration.sql);
  const kept = ['housekeeping'];
  const columns = await database.pool.query<{ table_name: string; column_name: string }>(
    `select c.table_name, c.column_name from information_schema.columns c
     where c.table_schema = 'public' and c.data_type = 'timestamp with time zone'`,
  );
  const names = await database.pool.query<{ table_name: string }>(
    `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  // Deleting the few rows of a test takes a tenth of the time that truncating all tables takes.
  const emptied = names.rows
    .flatMap((row) => (kept.includes(row.table_name) ? [] : [`delete from ${row.table_name};`]))
    .join('');
  const aged = [...Map.groupBy(columns.rows, (row) => row.table_name)].map(
    ([table, ofTable]) =>
      `update ${table} set ${ofTable.map((c) => `${c.column_name} = ${c.column_name} - interval 'MS milliseconds'`).join()};`,
  );
  const ofTargets = await database.pool.query<{ table_name: string }>(
    `select table_name from information_schema.columns where table_schema = 'public' and column_name = 'target'`,
  );
  const rowsOf = async (target: TargetName): Promise<StoredRow[]> => {
    const all = await database.pool.query<{ row: StoredRow }>(
      ofTargets.rows
        .map(
          (t) =>
            `select to_jsonb(t) || '{"stored": "${t.table_name}"}' as row from ${t.table_name} t where target = $1`,
        )
        .join(' union all '),
      [target],
    );
    return all.rows.map(({ row }) => row).sort((one, next) => (JSON.stringify(one) < JSON.stringify(next) ? -1 : 1));
  };
  /** As a replica, so that what is append-only can be emptied, and grow older. */
  const administer = async (statements: string): Promise<void> => {
    await database.pool.query(`begin; set local session_replication_role = replica; ${statements} commit;`);
  };
  return {
    async fresh() {
      await administer(`${emptied} alter sequence change_seq restart;`);
      return {
        store: createStore(database.kysely),
        advance: (milliseconds) => administer(aged.join('').replaceAll('MS', String(milliseconds))),
        rowsOf,
      };
    },
    async close() {
      await database.close();
      await server.drop();
    },
  };
}

export async function memory(): Promise<Backend> {
  return {
    async fresh() {
      let clock = Date.UTC(2026, 0, 1);
      return {
        // As in life, no two calls come at the same instant.
        store: createMemoryStore({
          now: () => clock,
          hook() {
            clock += 1;
          },
        }),
        async advance(milliseconds) {
          clock += milliseconds;
        },
      };
    },
    async close() {},
  };
}

/** Runs the tests against every store; `world()` is this test's own. */
export function onEveryStore(title: string, tests: (world: () => World) => void): void {
  describe.each([
    ['PostgreSQL', postgres],
    ['memory', memory],
  ] as const)(`${title}, in %s`, (_, open) => {
    let backend: Backend;
    let world: World;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(async () => {
      await backend?.close();
    });
    beforeEach(async () => {
      world = await backend.fresh();
    });
    tests(() => world);
  });
}

export const main = 'main' as TargetName;
export const other = 'other' as TargetName;
export const minute = 60_000;
export const hour = 60 * minute;

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const id = (n: number): RecordId => uuid(n) as RecordId;
export const ref = (n: number, table: TableName = 'contact'): RecordRef => ({ table, id: id(n) });
export const emailKey = (text: string): EmailKey => text as EmailKey;
export const profileKey = (text: string): ProfileKey => text as ProfileKey;
/** Ten minutes unless told. */
export const lease = (n: number, target = main, seconds = 600): Lease => ({ target, token: uuid(900 + n), seconds });

/** Makes epoch 1 the one in force: before that nobody may claim. */
export async function begin(store: Store): Promise<void> {
  await store.configurations.take(undefined, { epoch: 1, fingerprint: 'one', mappings: {} }, []);
}

export interface News {
  readonly table?: TableName;
  readonly deleted?: boolean;
  readonly seenKey?: string;
  readonly targets?: readonly TargetName[];
  readonly lot?: string;
  readonly everyLot?: boolean;
}

export async function owe(store: Store, ns: readonly number[], news: News = {}): Promise<void> {
  const changes = ns.map((n) => ({
    id: id(n),
    deleted: news.deleted ?? false,
    seenKey: news.seenKey === undefined ? undefined : emailKey(news.seenKey),
  }));
  const { table = 'contact', targets = [main], lot = null, everyLot = false } = news;
  await store.records.owe(table, changes, targets, lot, everyLot);
}

export async function deliveryOf(store: Store, n: number, target = main): Promise<DeliveryRow> {
  const row = (await store.records.deliveries(ref(n))).find((candidate) => candidate.target === target);
  if (!row) throw new Error(`no delivery of contact ${n}`);
  return row;
}

export const namesOf = (members: readonly LedgerMember[]): string[] =>
  members.map((member) => formatRecordRef(member.ref));
export const claimedOf = (members: readonly LedgerMember[]): string[] =>
  namesOf(members.filter((member) => member.claim));

export function completion(member: LedgerMember, more: Partial<Completion> = {}): Completion {
  if (!member.claim) throw new Error('only what is claimed can be completed');
  return { ref: member.ref, seq: member.claim.seq, profileKey: undefined, crmBits: undefined, ...more };
}

/** Claims everything that is due and completes it under this profile. */
export async function applyAll(store: Store, key: string, under = lease(1), more: Partial<Completion> = {}) {
  const claimed = await store.deliveries.claim(under, 100, 1);
  await store.profiles.lease(under, [profileKey(key)]);
  await store.transaction(async (unit) => {
    await unit.completeDeliveries(
      under,
      claimed.map((member) => completion(member, { profileKey: profileKey(key), ...more })),
    );
  });
  await store.profiles.release(under);
  return claimed;
}
