/**
 * The seals over the evidence. Guarantees: a row that was sealed cannot be altered, and cannot be removed before its
 * time, without `verify` finding it; a seal cannot be altered, left out or made without the hash key. Not found: the
 * newest seals removed together with all their rows (keep the hash of a seal elsewhere), and what somebody with access
 * to the database does to a row in the minute before it is sealed.
 */
import { createHash } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './tables.ts';

/** Makes what only the holder of the key can make. */
export interface Signer {
  readonly keyId: string;
  mark(keyId: string, text: string): string | undefined;
}

export interface NewSeal {
  readonly id: number;
  readonly hash: string;
  readonly rows: number;
  /** There was more than one seal takes in. */
  readonly more: boolean;
}

export interface SealFinding {
  readonly kind: 'row-altered' | 'row-removed' | 'row-left-out' | 'seal-altered' | 'seal-removed' | 'seal-not-ours';
  readonly seal: number | undefined;
  /** Number of the row. */
  readonly row: number | undefined;
}

export interface SealReport {
  readonly seals: number;
  readonly newest: { readonly id: number; readonly hash: string } | undefined;
  readonly rows: number;
  /** Sealed rows that were dropped because their time was over. */
  readonly dropped: number;
  /** Rows that the next seal takes in. */
  readonly waiting: number;
  /** At most `findingsLimit`. */
  readonly findings: readonly SealFinding[];
  /** Whether a seal with the hash that was asked for is there. */
  readonly contains: boolean | undefined;
}

export interface EvidenceSeals {
  /**
   * Seals what is new, and says from when on rows are kept. Undefined when there is nothing to seal or to drop.
   * One process at a time; a second one waits and finds nothing.
   */
  seal(signer: Signer, keepDays: number): Promise<NewSeal | undefined>;
  /** Drops sealed rows whose time the newest seal says is over. Answers how many. */
  drop(limit: number): Promise<number>;
  verify(signer: Signer, contains?: string): Promise<SealReport>;
}

/** Rows that one seal takes in at most. */
const sealLimit = 20_000;
const findingsLimit = 100;
/** Seals whose leaves are hashed by one statement. */
const sealsAtOnce = 500;

/** Microseconds, which a Date cannot hold. */
const text = (column: string) =>
  sql<string>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;

interface SealRow {
  id: number;
  sealed_at: string;
  leaves: number;
  newest: string;
  retained_from: string;
  previous: string;
  hash: string;
  key_id: string;
  mark: string;
}

function hashOf(seal: Omit<SealRow, 'hash' | 'key_id' | 'mark'>, leavesHash: string): string {
  const { id, sealed_at, leaves, newest, retained_from, previous } = seal;
  const content = [id, sealed_at, leaves, newest, retained_from, previous, leavesHash];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

const sealColumns = sql`id, ${text('sealed_at')} as sealed_at, leaves, ${text('newest')} as newest,
  ${text('retained_from')} as retained_from, previous, hash, key_id, mark`;

const leavesHash = sql`encode(sha256(convert_to(string_agg(l.evidence_id || ' ' || ${text('l.at')} || ' ' ||
  encode(l.hash, 'hex'), E'\n' order by l.evidence_id), 'UTF8')), 'hex')`;

async function lastSeal(db: Kysely<Database> | Transaction<Database>): Promise<SealRow | undefined> {
  const result = await sql<SealRow>`select ${sealColumns} from evidence_seal order by id desc limit 1`.execute(db);
  return result.rows[0];
}

export function createEvidenceSeals(db: Kysely<Database>): EvidenceSeals {
  return {
    async seal(signer, keepDays) {
      return db.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(hashtext('evidence seal'))`.execute(trx);
        const last = await lastSeal(trx);
        const id = (last?.id ?? 0) + 1;
        const moment = await sql<{ sealed_at: string; retained_from: string; droppable: boolean }>`
          with m as (select greatest(date_trunc('day', now() - ${keepDays} * interval '1 day', 'UTC'),
            ${last?.retained_from ?? '-infinity'}::timestamp at time zone 'UTC') as retained_from)
          select to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as sealed_at,
            ${text('m.retained_from')} as retained_from, exists (select 1 from evidence_leaf l
              where l.at < m.retained_from and l.at >= ${last?.retained_from ?? '-infinity'}::timestamp at time zone 'UTC'
                and exists (select 1 from evidence e where e.id = l.evidence_id)) as droppable
          from m`.execute(trx);
        const { sealed_at = '', retained_from = '', droppable = false } = moment.rows[0] ?? {};
        const taken = await sql<{ evidence_id: number }>`delete from evidence_new where evidence_id in (
            select n.evidence_id from evidence_new n join evidence e on e.id = n.evidence_id
            order by n.evidence_id limit ${sealLimit} for update of n)
          returning evidence_id`.execute(trx);
        if (taken.rows.length === 0 && !droppable) return undefined;
        // The seal comes before its leaves, which name it; what it holds is known only after them.
        const rows = await sql<{ leaves: number; newest: string | null; hash: string | null }>`
          select count(*)::int as leaves, ${text('max')} as newest, encode(sha256(convert_to(string_agg(line, E'\n'
            order by id), 'UTF8')), 'hex') as hash
          from (select e.id, max(e.at) over () as max, e.id || ' ' || ${text('e.at')} || ' ' ||
            encode(evidence_hash(e), 'hex') as line from evidence e
            where e.id = any(${taken.rows.map((row) => row.evidence_id)}::bigint[])) l group by max`.execute(trx);
        const { leaves = 0, newest, hash = '' } = rows.rows[0] ?? {};
        const content = {
          id,
          sealed_at,
          leaves,
          newest: newest ?? sealed_at,
          retained_from,
          previous: last?.hash ?? '',
        };
        const sealHash = hashOf(content, hash ?? '');
        await sql`insert into evidence_seal (id, sealed_at, leaves, newest, retained_from, previous, hash, key_id, mark)
          values (${id}, ${sealed_at}::timestamp at time zone 'UTC', ${leaves},
            ${content.newest}::timestamp at time zone 'UTC', ${retained_from}::timestamp at time zone 'UTC',
            ${content.previous}, ${sealHash}, ${signer.keyId}, ${signer.mark(signer.keyId, sealHash) ?? ''})`.execute(
          trx,
        );
        await sql`insert into evidence_leaf (evidence_id, seal_id, at, hash)
          select e.id, ${id}, e.at, evidence_hash(e) from evidence e
          where e.id = any(${taken.rows.map((row) => row.evidence_id)}::bigint[])`.execute(trx);
        return { id, hash: sealHash, rows: leaves, more: taken.rows.length >= sealLimit };
      });
    },

    async drop(limit) {
      return db.transaction().execute(async (trx) => {
        await sql`select set_config('connector.retention', 'on', true)`.execute(trx);
        const dropped = await sql`delete from evidence where id in (
          select l.evidence_id from evidence_leaf l
          where l.at < (select retained_from from evidence_seal order by id desc limit 1)
            and exists (select 1 from evidence e where e.id = l.evidence_id)
          order by l.at limit ${limit})`.execute(trx);
        // Of a seal whose rows are all gone the seal itself says enough.
        await sql`delete from evidence_leaf where seal_id in (
          select s.id from evidence_seal s
          where s.newest < (select retained_from from evidence_seal order by id desc limit 1)
            and exists (select 1 from evidence_leaf l where l.seal_id = s.id)
            and not exists (select 1 from evidence_leaf l join evidence e on e.id = l.evidence_id where l.seal_id = s.id)
          limit 1000)`.execute(trx);
        return Number(dropped.numAffectedRows ?? 0);
      });
    },

    async verify(signer, contains) {
      // One moment for all of it: a seal made meanwhile would look like a mistake.
      return db
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute((trx) => verifyAll(trx, signer, contains));
    },
  };
}

async function verifyAll(
  trx: Transaction<Database>,
  signer: Signer,
  contains: string | undefined,
): Promise<SealReport> {
  const findings: SealFinding[] = [];
  const find = (kind: SealFinding['kind'], seal?: number, row?: number): void => {
    if (findings.length < findingsLimit) findings.push({ kind, seal, row });
  };
  const last = await lastSeal(trx);
  let previous: SealRow | undefined;
  let seals = 0;
  let isContained = contains === undefined ? undefined : false;
  /** Seals whose key is not known, and that no later seal with a known one covers yet. */
  let uncovered: number | undefined;
  for (let from = 0; last && from < last.id; from += sealsAtOnce) {
    const part = await sql<SealRow & { counted: number; leaves_hash: string | null }>`
      select ${sealColumns}, (select count(*)::int from evidence_leaf l where l.seal_id = s.id) as counted,
        (select ${leavesHash} from evidence_leaf l where l.seal_id = s.id) as leaves_hash
      from evidence_seal s where id > ${from} and id <= ${from + sealsAtOnce} order by id`.execute(trx);
    for (const seal of part.rows) {
      seals += 1;
      for (let missing = (previous?.id ?? 0) + 1; missing < seal.id && findings.length < findingsLimit; missing += 1)
        find('seal-removed', missing);
      const isEmptied = seal.leaves > 0 && seal.counted === 0 && seal.newest < last.retained_from;
      const isWhole = isEmptied || hashOf(seal, seal.leaves_hash ?? '') === seal.hash;
      const follows = seal.previous === (previous?.hash ?? '') || previous?.id !== seal.id - 1;
      if (!isWhole || !follows || seal.retained_from < (previous?.retained_from ?? '')) find('seal-altered', seal.id);
      const mark = signer.mark(seal.key_id, seal.hash);
      if (mark === undefined) uncovered ??= seal.id;
      else if (mark === seal.mark) uncovered = undefined;
      else find('seal-not-ours', seal.id);
      if (contains !== undefined && seal.hash === contains) isContained = true;
      previous = seal;
    }
  }
  if (uncovered !== undefined) find('seal-not-ours', uncovered);
  const figures = await verifyRows(trx, last, find);
  return {
    seals,
    newest: last && { id: last.id, hash: last.hash },
    ...figures,
    findings,
    contains: isContained,
  };
}

async function verifyRows(
  trx: Transaction<Database>,
  last: SealRow | undefined,
  find: (kind: SealFinding['kind'], seal?: number, row?: number) => void,
): Promise<{ rows: number; dropped: number; waiting: number }> {
  const bad = await sql<{ id: number; seal_id: number | null; kind: 'row-altered' | 'row-removed' }>`
    select l.evidence_id as id, l.seal_id, case when e.id is null then 'row-removed' else 'row-altered' end as kind
    from evidence_leaf l left join evidence e on e.id = l.evidence_id
    where (e.id is null and l.at >= ${last?.retained_from ?? '-infinity'}::timestamp at time zone 'UTC')
      or (e.id is not null and evidence_hash(e) <> l.hash)
    order by l.evidence_id limit ${findingsLimit}`.execute(trx);
  for (const row of bad.rows) find(row.kind, row.seal_id ?? undefined, row.id);
  const leftOut = await sql<{ id: number }>`select e.id from evidence e
    where not exists (select 1 from evidence_leaf l where l.evidence_id = e.id)
      and not exists (select 1 from evidence_new n where n.evidence_id = e.id)
    order by e.id limit ${findingsLimit}`.execute(trx);
  for (const row of leftOut.rows) find('row-left-out', undefined, row.id);
  const early = await sql<{ id: number }>`select n.evidence_id as id from evidence_new n
    where not exists (select 1 from evidence e where e.id = n.evidence_id)
    order by n.evidence_id limit ${findingsLimit}`.execute(trx);
  for (const row of early.rows) find('row-removed', undefined, row.id);
  const figures = await sql<{ rows: number; kept: number; waiting: number; sealed: number }>`select
    (select count(*)::int from evidence) as rows,
    (select count(*)::int from evidence e where exists (select 1 from evidence_leaf l where l.evidence_id = e.id)) as kept,
    (select count(*)::int from evidence_new) as waiting,
    (select coalesce(sum(leaves), 0)::int from evidence_seal) as sealed`.execute(trx);
  const { rows = 0, kept = 0, waiting = 0, sealed = 0 } = figures.rows[0] ?? {};
  return { rows, dropped: sealed - kept, waiting };
}
